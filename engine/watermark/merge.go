package watermark

import (
	"cmp"
	"slices"
)

// Input is an input topic that carries event time.
type Input struct {
	Topic string
	// Own: strangers write it, so that the partition itself is the source. Else it carries the records of the groups
	// before.
	Own bool
}

// Merge takes the minimum over all sources of all inputs of one partition.
type Merge struct {
	inputs    []input // by topic
	watermark int64
}

type input struct {
	topic   string
	own     bool
	empty   bool // read to its end without a report of any source
	origins []origin
}

// origin is one group that writes an input, with the latest report of each of its partitions.
type origin struct {
	name    string
	reports []report
}

type report struct {
	known   bool
	idle    bool
	time    int64
	elapsed int64
}

// NewMerge returns a merge that has observed nothing.
func NewMerge(inputs ...Input) *Merge {
	m := &Merge{watermark: None}
	for _, in := range inputs {
		m.inputs = append(m.inputs, input{topic: in.Topic, own: in.Own})
	}
	slices.SortFunc(m.inputs, func(a, b input) int { return cmp.Compare(a.topic, b.topic) })
	return m
}

// Watermark promises that nothing earlier is expected. It never goes back.
func (m *Merge) Watermark() int64 { return m.watermark }

// Observe applies the latest report of a source and reports whether the watermark rose. A topic that is no input is
// ignored. The last report counts, even if it is earlier than the one before: the watermark stays, but no longer rises
// past it. If the number of sources changes, all have to report again.
func (m *Merge) Observe(topic string, r Record) bool {
	in := m.input(topic)
	if in == nil || !r.valid() {
		return false
	}
	in.empty = false
	words := in.reportsOf(r.Origin, int(r.Sources))
	words[r.Source] = report{known: true, idle: r.Idle, time: r.Time, elapsed: r.Elapsed}
	return m.raise()
}

// Empty takes note that an input was read to its end. If no source of it has reported yet, the watermark does not wait
// for it until one does. Empty reports whether the watermark rose.
func (m *Merge) Empty(topic string) bool {
	in := m.input(topic)
	if in == nil || len(in.origins) > 0 {
		return false
	}
	in.empty = true
	return m.raise()
}

func (m *Merge) input(topic string) *input {
	i, ok := slices.BinarySearchFunc(m.inputs, topic, func(in input, t string) int { return cmp.Compare(in.topic, t) })
	if !ok {
		return nil
	}
	return &m.inputs[i]
}

func (in *input) reportsOf(name string, sources int) []report {
	i, ok := slices.BinarySearchFunc(in.origins, name, func(o origin, n string) int { return cmp.Compare(o.name, n) })
	if !ok {
		in.origins = slices.Insert(in.origins, i, origin{name: name})
	}
	o := &in.origins[i]
	if len(o.reports) != sources {
		o.reports = make([]report, sources)
	}
	return o.reports
}

func (m *Merge) raise() bool {
	s := m.sum()
	if s.blocked || s.time == None {
		return false
	}
	was := m.watermark
	m.watermark = max(was, min(s.time+s.elapsed, maxTime))
	return m.watermark > was
}

// sum is what the sources report together: the minimum of those that are not idle, or else the largest time.
type sum struct {
	blocked bool // one has to be waited for, of which no time is known
	idle    bool // all are
	time    int64
	elapsed int64
	by      Lag
}

func (m *Merge) sum() sum {
	s := sum{idle: true, time: None}
	for i := range m.inputs {
		in := &m.inputs[i]
		if len(in.origins) == 0 && !in.empty {
			s.block(Lag{Topic: in.topic})
		}
		for _, o := range in.origins {
			for source, w := range o.reports {
				s.add(w, Lag{in.topic, o.name, int32(source), w.time})
			}
		}
	}
	return s
}

func (s *sum) block(by Lag) {
	if s.blocked {
		return
	}
	by.Time = None
	*s = sum{blocked: true, time: None, by: by}
}

func (s *sum) add(w report, by Lag) {
	switch {
	case s.blocked:
	case !w.known || !w.idle && w.time == None:
		s.block(by)
	case w.time == None: // idle, and never had a record
	case !w.idle && (s.idle || w.time < s.time):
		*s = sum{time: w.time, by: by}
	case w.idle && s.idle && (w.time > s.time || w.time == s.time && w.elapsed < s.elapsed):
		*s = sum{idle: true, time: w.time, elapsed: w.elapsed, by: by}
	}
}

// Lag names the source that the watermark waits for or follows.
type Lag struct {
	Topic  string
	Origin string // empty: the topic's own partition, or nobody was announced
	Source int32
	Time   int64 // None: it has not reported, or never had a record
}

// Slowest tells whom the watermark waits for, for logs and metrics.
func (m *Merge) Slowest() Lag { return m.sum().by }
