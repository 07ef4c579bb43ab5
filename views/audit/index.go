package audit

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/millrace/millrace/views/serve"

	auditcodec "github.com/millrace/millrace/codecs/audit"
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Index knows where each line of the audit lies, when it was written, whom it is about and whose act it was: 24
// bytes a line, and each name once. The lines themselves stay in their topics. Lists follow from the topics alone, so
// every server has the same order.
type Index struct {
	operators, users stream.Topic[*audit.Line]
	partitions       int32
	bad              func(table, key string, value []byte, err error)

	mu     sync.RWMutex
	loaded bool
	logs   []*auditPart // by topic and partition
	names  map[string]uint32
	texts  []string
}

// auditPart is one partition of a topic of the audit. Its lines are in the order of the log, and so by time.
type auditPart struct {
	topic     string
	users     bool
	partition int32
	base      int64 // offset of the first line
	next      int64 // offset after the last record
	lines     []auditEntry
}

// auditEntry is what the index knows of a line.
type auditEntry struct {
	offset uint32 // after the base of its partition
	size   uint32 // of its value, in bytes
	at     instant.Milli
	key    uint32 // name of kind/id
	actor  uint32
}

// NewIndex returns an empty one.
func NewIndex(t *topology.Topology, bad func(table, key string, value []byte, err error)) *Index {
	x := &Index{operators: t.Audit, users: t.AuditUsers, partitions: t.Config.Partitions, bad: bad}
	x.Reset()
	return x
}

// Reset forgets everything, as before the first line.
func (x *Index) Reset() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.loaded, x.logs, x.names, x.texts = false, nil, map[string]uint32{}, nil
	for _, topic := range []stream.Topic[*audit.Line]{x.operators, x.users} {
		for p := range x.partitions {
			x.logs = append(x.logs, &auditPart{topic: topic.Name, users: topic.Name == x.users.Name, partition: p})
		}
	}
}

// Load says that the audit was given as a whole.
func (x *Index) Load() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.loaded = true
}

func (x *Index) isLoaded() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.loaded
}

// Take takes the next record of a partition. One without a value erases what there was of its user.
func (x *Index) Take(at AuditPlace, key string, value []byte) {
	var line auditcodec.Head
	if value != nil {
		var err error
		if line, err = auditcodec.ReadHead(value); err != nil {
			x.bad(at.Topic, key, value, err)
			return
		}
	}
	if at.Topic == x.users.Name {
		key = audit.KindUser + "/" + audit.UserOf(key)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	part := x.part(at)
	if part == nil || at.Offset < part.next {
		return
	}
	part.next = at.Offset + 1
	if value == nil {
		part.erase(x.names[key])
		return
	}
	if len(part.lines) == 0 {
		part.base = at.Offset
	}
	e := auditEntry{offset: uint32(at.Offset - part.base), size: uint32(len(value)), at: line.At, key: x.name(key),
		actor: x.name(line.Actor)}
	if n := len(part.lines); n > 0 { // a clock that was set back changes no order
		e.at = max(e.at, part.lines[n-1].at)
	}
	part.lines = append(part.lines, e)
}

func (x *Index) part(at AuditPlace) *auditPart {
	for _, p := range x.logs {
		if p.topic == at.Topic && p.partition == at.Partition {
			return p
		}
	}
	return nil
}

// name returns the number of a name, from 1.
func (x *Index) name(text string) uint32 {
	if n, ok := x.names[text]; ok {
		return n
	}
	text = strings.Clone(text) // and not the line that it is part of
	x.texts = append(x.texts, text)
	n := uint32(len(x.texts))
	x.names[text] = n
	return n
}

func (p *auditPart) erase(user uint32) {
	p.lines = slices.DeleteFunc(p.lines, func(e auditEntry) bool { return e.key == user })
}

// auditFilter cuts the audit down; empty fields let everything pass.
type auditFilter struct {
	kind, id, actor string
	from, to        instant.Milli // to excluded
}

// covers tells whether a partition may have lines that f lets pass.
func (f auditFilter) covers(p *auditPart, partitions int32) bool {
	switch {
	case f.kind == "":
		return true
	case p.users || f.kind == audit.KindUser:
		return p.users && f.kind == audit.KindUser
	case f.id != "":
		return p.partition == stream.Partition([]byte(f.kind+"/"+f.id), partitions)
	default:
		return true
	}
}

// auditMark is a place in the list of all lines: before it stand those that are newer.
type auditMark struct {
	at     instant.Milli
	log    int32
	offset int64
}

const auditMarkSize = 20

func (m auditMark) text() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(m.at))
	b = binary.BigEndian.AppendUint32(b, uint32(m.log))
	return string(binary.BigEndian.AppendUint64(b, uint64(m.offset)))
}

func auditMarkOf(text string) (m auditMark, ok bool) {
	if len(text) != auditMarkSize {
		return m, false
	}
	b := []byte(text)
	return auditMark{instant.Milli(binary.BigEndian.Uint64(b)), int32(binary.BigEndian.Uint32(b[8:])),
		int64(binary.BigEndian.Uint64(b[12:]))}, true
}

func (m auditMark) compare(o auditMark) int {
	return cmp.Or(cmp.Compare(m.at, o.at), cmp.Compare(m.log, o.log), cmp.Compare(m.offset, o.offset))
}

// auditScan bounds the lines that one request looks at, for some milliseconds. A page is then shorter than asked.
const auditScan = 50_000

// auditHead is a partition that is being listed, backwards.
type auditHead struct {
	part *auditPart
	log  int32
	left int // lines that were not listed yet
}

func (h *auditHead) entry() *auditEntry { return &h.part.lines[h.left-1] }

func (h *auditHead) mark() auditMark {
	e := h.entry()
	return auditMark{e.at, h.log, h.part.base + int64(e.offset)}
}

// heads returns where listing goes on behind a mark.
func (x *Index) heads(f auditFilter, after auditMark) []*auditHead {
	var out []*auditHead
	for i, p := range x.logs {
		if !f.covers(p, x.partitions) {
			continue
		}
		h := &auditHead{part: p, log: int32(i)}
		h.left = sort.Search(len(p.lines), func(n int) bool {
			return auditMark{p.lines[n].at, h.log, p.base + int64(p.lines[n].offset)}.compare(after) >= 0
		})
		if h.left > 0 {
			out = append(out, h)
		}
	}
	return out
}

// page returns the places of at most n lines after a mark, newest first, and the mark to go on from, nil at the end.
func (x *Index) page(f auditFilter, after *auditMark, n int) (page []AuditPlace, next *auditMark) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	begin := auditMark{at: math.MaxInt64}
	switch {
	case after != nil:
		begin = *after
	case f.to != 0:
		begin = auditMark{at: f.to, log: -1}
	}
	passes, heads := x.filter(f), x.heads(f, begin)
	var last auditMark
	size := 0
	for scanned := 0; len(heads) > 0; scanned++ {
		newest := 0
		for i := range heads {
			if heads[i].mark().compare(heads[newest].mark()) > 0 {
				newest = i
			}
		}
		h := heads[newest]
		e := h.entry()
		if e.at < f.from {
			return page, nil
		}
		fits := passes(e)
		if fits && (len(page) == n || size > serve.PageBytes) || scanned == auditScan {
			return page, &last
		}
		if last = h.mark(); fits {
			page = append(page, AuditPlace{Topic: h.part.topic,
				Place: serve.Place{Partition: h.part.partition, Offset: last.offset}})
			size += int(e.size)
		}
		if h.left--; h.left == 0 {
			heads = slices.Delete(heads, newest, newest+1)
		}
	}
	return page, nil
}

// filter returns what tells whether f lets a line of a partition that it covers pass.
func (x *Index) filter(f auditFilter) func(*auditEntry) bool {
	key, actor := x.names[f.kind+"/"+f.id], x.names[f.actor] // 0: nobody
	kinds := map[uint32]bool{}
	return func(e *auditEntry) bool {
		if f.actor != "" && e.actor != actor || f.id != "" && e.key != key {
			return false
		}
		if f.kind == "" || f.id != "" {
			return true
		}
		of, known := kinds[e.key]
		if !known {
			of = strings.HasPrefix(x.texts[e.key-1], f.kind+"/")
			kinds[e.key] = of
		}
		return of
	}
}
