package watermark

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// RowPrefix begins the key of every row that a Partition keeps in the group's table, where user keys do not begin with
// a zero byte. The key of the partition's own row is RowPrefix; those of its inputs have the topic behind it.
const RowPrefix = magic

// rowVersion begins every row and text, for a later form to be told from this one.
const rowVersion = 1

// wallVersion begins the own row of a wall-timed group instead, whose time says nothing of events.
const wallVersion = 2

// Row is one reserved row of the group's table. Value is never empty.
type Row struct {
	Key   string
	Value []byte
}

// Changed returns, by key, the rows that differ from those last returned or restored, for the open transaction to
// write.
func (p *Partition) Changed() []Row {
	all := p.all()
	changed := slices.DeleteFunc(all, func(r Row) bool { return p.rows[r.Key] == string(r.Value) })
	for _, r := range changed {
		p.rows[r.Key] = string(r.Value)
	}
	return changed
}

// Commit tells that the open transaction has been committed, with the rows that Changed returned.
func (p *Partition) Commit() { p.kept = p.all() }

// Abort forgets everything since the last Commit or, before the first, since Restore: records that come again find the
// time that they found before. Marks of calls that were dispatched before it must not be counted any more.
func (p *Partition) Abort() {
	kept, self := p.kept, p.self
	*p = *New(p.config, self.Origin, self.Source, self.Sources, p.gate.timers, p.inputs...)
	if err := p.Restore(kept); err != nil {
		panic(err) // it has just been written
	}
}

func (p *Partition) all() []Row {
	rows := []Row{{RowPrefix, p.appendOwn([]byte{p.ownVersion()})}}
	for _, in := range p.merge.inputs {
		b := []byte{rowVersion}
		if s := p.sources[in.topic]; s != nil {
			b = s.append(b)
		} else {
			b = in.append(b)
		}
		rows = append(rows, Row{RowPrefix + in.topic, b})
	}
	return rows
}

// Restore gives a new Partition the rows of the one before, in any order; a row of a topic that is no longer an input,
// or no longer of the same kind, is left out, as is the time of a group that now goes by another clock. The Partition
// must not be used after an error.
func (p *Partition) Restore(rows []Row) error {
	for _, r := range rows {
		topic, ok := strings.CutPrefix(r.Key, RowPrefix)
		if !ok {
			return fmt.Errorf("%w row: key %q", ErrMalformed, r.Key)
		}
		d := decoder{b: r.Value}
		version := d.byte()
		if !d.failed && version != rowVersion && (topic != "" || version != wallVersion) {
			return fmt.Errorf("%w row %q: version %d", ErrMalformed, r.Key, version)
		}
		if topic == "" && !d.failed && version != p.ownVersion() {
			continue
		}
		if topic == "" {
			p.readOwn(&d)
		} else if !p.readInput(&d, topic) {
			continue
		}
		if d.failed || len(d.b) > 0 {
			return fmt.Errorf("%w row %q of %d bytes", ErrMalformed, r.Key, len(r.Value))
		}
		p.rows[r.Key] = string(r.Value)
	}
	for topic, s := range p.sources { // each for itself; no order matters
		if _, ok := p.rows[RowPrefix+topic]; ok {
			p.report(topic, s)
		}
	}
	p.kept = p.all()
	return nil
}

// ParseTime returns the time that a wall-timed group's own row, the one with the key RowPrefix, was written at, in ms;
// false for another row.
func ParseTime(value []byte) (int64, bool) {
	d := decoder{b: value}
	if version := d.byte(); d.failed || version != wallVersion {
		return 0, false
	}
	at := d.moment()
	return at, !d.failed && at != None
}

// Text is all rows as text, for the offset metadata of a group without a table. Kafka bounds that by
// offset.metadata.max.bytes (4096), far above what a group with own inputs needs.
func (p *Partition) Text() string {
	b := []byte{rowVersion}
	for _, r := range p.all() {
		b = appendString(appendString(b, r.Key), string(r.Value))
	}
	return base64.RawStdEncoding.EncodeToString(b)
}

// RestoreText is Restore for what Text returned. The empty text is that of a group that never committed.
func (p *Partition) RestoreText(text string) error {
	if text == "" {
		return nil
	}
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("%w text: %w", ErrMalformed, err)
	}
	d := decoder{b: b}
	if version := d.byte(); version != rowVersion {
		return fmt.Errorf("%w text: version %d", ErrMalformed, version)
	}
	var rows []Row
	for len(d.b) > 0 {
		rows = append(rows, Row{d.string(), []byte(d.string())})
	}
	if d.failed {
		return fmt.Errorf("%w text of %d bytes", ErrMalformed, len(text))
	}
	return p.Restore(rows)
}

func (p *Partition) ownVersion() byte {
	if len(p.inputs) == 0 {
		return wallVersion
	}
	return rowVersion
}

// The partition's own row: watermark, settled, and the last word to its readers.
func (p *Partition) appendOwn(b []byte) []byte {
	b = appendMoment(b, p.merge.watermark)
	b = appendMoment(b, p.gate.settled)
	b = appendBool(b, p.announced)
	if p.announced {
		b = appendMoment(b, p.sent.Time)
		b = appendBool(b, p.sent.Idle)
		b = binary.AppendUvarint(b, uint64(p.sent.Elapsed))
	}
	return b
}

func (p *Partition) readOwn(d *decoder) {
	reached, settled := d.moment(), d.moment()
	if p.announced = d.bool(); p.announced {
		p.sent = p.self
		p.sent.Time, p.sent.Idle, p.sent.Elapsed = d.moment(), d.bool(), int64(d.uvarint())
		if !p.sent.valid() {
			d.fail()
		}
	}
	if settled > reached || reached > maxTime {
		d.fail()
	}
	p.merge.watermark, p.gate.reached, p.gate.settled = reached, reached, settled
}

func (p *Partition) readInput(d *decoder, topic string) bool {
	in := p.merge.input(topic)
	switch {
	case in == nil:
		return false
	case p.sources[topic] != nil:
		p.sources[topic].read(d)
	default:
		in.read(d)
	}
	return true
}

// The row of an own topic: time, and how it came to be idle or not.
func (s *source) append(b []byte) []byte {
	for _, t := range []int64{s.time, s.seen, s.quiet, s.empty} {
		b = appendMoment(b, t)
	}
	return appendBool(b, s.idle)
}

func (s *source) read(d *decoder) {
	s.time, s.seen, s.quiet, s.empty, s.idle = d.moment(), d.moment(), d.moment(), d.moment(), d.bool()
	if s.time != None && !valid(s.time) || s.idle && s.quiet == None || (s.quiet == None) != (s.empty == None) {
		d.fail()
	}
}

// The row of another topic: whether its end was seen before anybody spoke, and each origin with the words of its
// sources.
func (in *input) append(b []byte) []byte {
	b = appendBool(b, in.empty)
	b = binary.AppendUvarint(b, uint64(len(in.origins)))
	for _, o := range in.origins {
		b = appendString(b, o.name)
		b = binary.AppendUvarint(b, uint64(len(o.reports)))
		for _, w := range o.reports {
			b = w.append(b)
		}
	}
	return b
}

func (in *input) read(d *decoder) {
	in.empty, in.origins = d.bool(), nil
	for n := d.uvarint(); n > 0 && !d.failed; n-- {
		name, sources := d.string(), d.uvarint()
		if sources == 0 || sources > uint64(len(d.b)) || sources > maxSources || // a word has a byte at least
			len(in.origins) > 0 && in.origins[len(in.origins)-1].name >= name {
			d.fail()
			return
		}
		o := origin{name: name, reports: make([]report, sources)}
		for i := range o.reports {
			o.reports[i].read(d)
		}
		in.origins = append(in.origins, o)
	}
}

// wordHeard is a flag beside those of Record.
const wordHeard = flagTime << 1

func (w report) append(b []byte) []byte {
	if !w.known {
		return append(b, 0)
	}
	flags := wordHeard
	if w.idle {
		flags |= flagIdle
	}
	if w.time != None {
		flags |= flagTime
	}
	b = append(b, flags)
	if w.time != None {
		b = binary.AppendVarint(b, w.time)
	}
	if w.idle {
		b = binary.AppendUvarint(b, uint64(w.elapsed))
	}
	return b
}

func (w *report) read(d *decoder) {
	flags := d.byte()
	if flags == 0 {
		return
	}
	*w = report{known: true, idle: flags&flagIdle != 0, time: None}
	if flags&flagTime != 0 {
		w.time = d.varint()
	}
	if w.idle {
		w.elapsed = int64(d.uvarint())
	}
	if flags&wordHeard == 0 || flags > wordHeard|flagTime|flagIdle ||
		!(Record{Sources: 1, Time: w.time, Idle: w.idle, Elapsed: w.elapsed}).valid() {
		d.fail()
	}
}
