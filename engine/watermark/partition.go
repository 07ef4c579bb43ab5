package watermark

// Partition is the event time of one partition of a group, see the package comment for how it is used.
type Partition struct {
	config  Config
	inputs  []Input
	self    Record // who sends
	own     bool   // all inputs are
	merge   *Merge
	gate    *gate
	sources map[string]*source // by own topic

	announced bool
	sent      Record
	rows      map[string]string // as last returned by Changed or given to Restore
	kept      []Row             // as of the last Commit
}

// New returns partition number of count of a group; timers tells whether the group has any. A wall-timed group has no
// inputs here. The config must be valid.
func New(c Config, group string, number, count int32, timers bool, inputs ...Input) *Partition {
	p := &Partition{
		config: c, inputs: inputs, self: Record{Origin: group, Source: number, Sources: count, Time: None},
		own: true, merge: NewMerge(inputs...), gate: newGate(timers), sources: map[string]*source{},
		rows: map[string]string{},
	}
	for _, in := range inputs {
		if in.Own {
			p.sources[in.Topic] = newSource(c)
		} else {
			p.own = false
		}
	}
	return p
}

// Fetched tells that a fetch of a topic brought records. It comes before they are dispatched.
func (p *Partition) Fetched(topic string, wall int64) {
	if s := p.sources[topic]; s != nil {
		s.Wake(wall)
		p.report(topic, s)
	}
}

// Seen applies the largest event time of the records of an own topic that were handled. It reports whether the
// watermark rose.
func (p *Partition) Seen(topic string, at, wall int64) bool {
	s := p.sources[topic]
	if s == nil {
		return false
	}
	s.Seen(at, wall)
	return p.report(topic, s)
}

// Observe applies a record from a topic that is not own. It reports whether the watermark rose.
func (p *Partition) Observe(topic string, r Record) bool {
	return p.sources[topic] == nil && p.reach(p.merge.Observe(topic, r))
}

// Empty applies a fetch of a topic that brought nothing; atEnd reports whether the position is the high watermark. It
// reports whether the watermark rose.
func (p *Partition) Empty(topic string, atEnd bool, wall int64) bool {
	if s := p.sources[topic]; s != nil {
		s.Empty(atEnd, wall)
		return p.report(topic, s)
	}
	return atEnd && p.reach(p.merge.Empty(topic))
}

// Reach applies the wall time of a wall-timed group at the beginning of a transaction. It reports whether the watermark
// rose: a clock that goes back does nothing.
func (p *Partition) Reach(wall int64) bool {
	if len(p.inputs) > 0 || !valid(wall) || wall <= p.merge.watermark {
		return false
	}
	p.merge.watermark = wall
	return p.reach(true)
}

// Tick applies the wall time. It never raises the watermark, but ends idleness after a gap in the fetches.
func (p *Partition) Tick(wall int64) {
	for topic, s := range p.sources { // each for itself; no order matters
		s.Tick(wall)
		p.report(topic, s)
	}
}

func (p *Partition) report(topic string, s *source) bool {
	return p.reach(p.merge.Observe(topic, s.Report()))
}

func (p *Partition) reach(rose bool) bool {
	if rose {
		p.gate.Reach(p.merge.Watermark())
	}
	return rose
}

// Watermark returns what calls dispatched now see. None: nothing is known.
func (p *Partition) Watermark() int64 { return p.merge.Watermark() }

// Slowest tells whom the watermark waits for, for logs and metrics.
func (p *Partition) Slowest() Lag { return p.merge.Slowest() }

// Dispatched counts a record or timer call that goka was given.
func (p *Partition) Dispatched() { p.gate.Dispatched() }

// Marked counts one that goka has marked.
func (p *Partition) Marked() { p.gate.Marked() }

// Next returns the step to take; due is the due time of the first timer, which must be asked anew each time.
func (p *Partition) Next(due int64) Step { return p.gate.Next(due) }

// AnnounceActive returns a record that must be sent before all others of the transaction, if there is one: it withdraws
// that this partition is idle, or announces a new partition. Without it, readers could pass the time of what is about
// to be sent.
func (p *Partition) AnnounceActive() (Record, bool) {
	if p.announced && (!p.sent.Idle || p.current().Idle) {
		return Record{}, false
	}
	r := p.self
	if p.announced {
		r.Time = p.sent.Time
	}
	p.announced, p.sent = true, r
	return r, true
}

// HasUpdate reports whether AnnounceActive, or else Forward, has a record to send.
func (p *Partition) HasUpdate() bool {
	r := p.current()
	return !p.announced || p.sent.Idle && !r.Idle || p.gate.quiet() && r != p.sent
}

// Forward returns the record to send at the end of the transaction, if there is something new and all timers that come
// before it have fired. What it returns counts as sent.
func (p *Partition) Forward() (Record, bool) {
	r := p.current()
	if !p.gate.quiet() || p.announced && r == p.sent {
		return Record{}, false
	}
	p.announced, p.sent = true, r
	return r, true
}

// current returns what this partition has to announce. The first group of a pipeline announces the time of its sources,
// without what wall time added while they were idle: readers add that, if all its partitions are idle. The other groups
// announce their watermark.
func (p *Partition) current() Record {
	s, r := p.merge.sum(), p.self
	switch {
	case p.own && !s.blocked:
		r.Time, r.Idle, r.Elapsed = s.time, s.idle, s.elapsed
	case p.own:
		r.Time = p.sent.Time
		if !p.announced {
			r.Time = None
		}
	default:
		r.Time = p.merge.Watermark()
		r.Idle = r.Time == None && s.idle
	}
	return r
}
