package watermark

import (
	"testing"

	"pgregory.net/rapid"
)

// model is the dumb merge: all words ever, looked through each time.
type model struct {
	topics    []string
	said      []saying
	ended     map[string]bool // topics read to the end
	watermark int64
}

type saying struct {
	topic string
	Record
}

// latest returns the last word of every announced source; false if one has not spoken since the last announcement.
func (m *model) latest(topic string) (words []Record, ok bool) {
	last, count, since := map[string]map[int32]Record{}, map[string]int32{}, false
	for _, s := range m.said {
		if s.topic != topic {
			continue
		}
		since = true
		if count[s.Origin] != s.Sources {
			count[s.Origin], last[s.Origin] = s.Sources, map[int32]Record{}
		}
		last[s.Origin][s.Source] = s.Record
	}
	if !since {
		return nil, m.ended[topic]
	}
	for origin, n := range count {
		if int32(len(last[origin])) < n {
			return nil, false
		}
		for _, r := range last[origin] {
			words = append(words, r)
		}
	}
	return words, true
}

func (m *model) settle() {
	var awake, idle []Record
	for _, topic := range m.topics {
		words, ok := m.latest(topic)
		if !ok {
			return
		}
		for _, r := range words {
			switch {
			case !r.Idle:
				awake = append(awake, r)
			case r.Time != None:
				idle = append(idle, r)
			}
		}
	}
	at := None
	if len(awake) > 0 {
		at = awake[0].Time
		for _, r := range awake {
			at = min(at, r.Time)
		}
	} else if len(idle) > 0 {
		best := idle[0]
		for _, r := range idle {
			if r.Time > best.Time || r.Time == best.Time && r.Elapsed < best.Elapsed {
				best = r
			}
		}
		at = best.Time + best.Elapsed
	}
	m.watermark = max(m.watermark, at)
}

func drawRecord(t *rapid.T) Record {
	r := Record{Origin: rapid.SampledFrom([]string{"a", "a", "a", "b"}).Draw(t, "origin"), Sources: 2, Time: None}
	if rapid.IntRange(0, 30).Draw(t, "repartitioned") == 0 {
		r.Sources = 3
	}
	r.Source = rapid.Int32Range(0, r.Sources-1).Draw(t, "source")
	r.Idle = rapid.IntRange(0, 2).Draw(t, "idle") == 0
	if rapid.IntRange(0, 8).Draw(t, "known") > 0 {
		r.Time = rapid.Int64Range(-5, 100).Draw(t, "time")
		if r.Idle {
			r.Elapsed = rapid.Int64Range(0, 50).Draw(t, "elapsed")
		}
	}
	return r
}

func TestMergeIsTheMinimum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		topics := []string{"x", "y"}[:rapid.IntRange(1, 2).Draw(t, "topics")]
		m := &model{topics: topics, ended: map[string]bool{}, watermark: None}
		p := derived(topics)
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			topic := rapid.SampledFrom([]string{"x", "x", "y", "stranger"}).Draw(t, "topic")
			was := p.Watermark()
			var rose bool
			if rapid.IntRange(0, 15).Draw(t, "end") == 0 {
				m.ended[topic] = true
				rose = p.Empty(topic, true, 0)
			} else {
				r := drawRecord(t)
				m.said = append(m.said, saying{topic, r})
				rose = p.Observe(topic, r)
			}
			m.settle()
			if p.Watermark() != m.watermark || rose != (p.Watermark() > was) || p.Watermark() < was {
				t.Fatalf("watermark %d, was %d, rose %v, want %d after %+v", p.Watermark(), was, rose, m.watermark, m.said)
			}
			if rapid.IntRange(0, 5).Draw(t, "restart") == 0 {
				p = restarted(t, p, func() *Partition { return derived(topics) })
			}
		}
	})
}

func derived(topics []string) *Partition {
	var in []Input
	for _, topic := range topics {
		in = append(in, Input{Topic: topic})
	}
	return New(DefaultConfig(), "me", 1, 4, true, in...)
}

// restarted is what a partition is after it was written and read, one way or the other.
func restarted(t interface {
	Helper()
	Fatal(...any)
}, p *Partition, fresh func() *Partition,
) *Partition {
	t.Helper()
	next, text := fresh(), fresh()
	if err := next.Restore(p.all()); err != nil {
		t.Fatal(err)
	}
	if err := text.RestoreText(p.Text()); err != nil {
		t.Fatal(err)
	}
	if next.Text() != p.Text() || text.Text() != p.Text() {
		t.Fatal("state does not survive")
	}
	if len(next.Changed()) > 0 {
		t.Fatal("a restored partition has nothing to write")
	}
	return next
}

func TestMergeWaits(t *testing.T) {
	m := NewMerge(Input{Topic: "x"}, Input{Topic: "y"})
	step := func(topic string, r Record, want int64) {
		t.Helper()
		if m.Observe(topic, r); m.Watermark() != want {
			t.Errorf("watermark %d after %+v, want %d; slowest %+v", m.Watermark(), r, want, m.Slowest())
		}
	}
	step("x", Record{Origin: "a", Sources: 2, Time: 10}, None)
	if lag := m.Slowest(); lag != (Lag{"x", "a", 1, None}) {
		t.Errorf("slowest %+v", lag)
	}
	step("x", Record{Origin: "a", Source: 1, Sources: 2, Time: 5}, None)
	if lag := m.Slowest(); lag != (Lag{Topic: "y", Time: None}) {
		t.Errorf("slowest %+v", lag)
	}
	if !m.Empty("y") || m.Watermark() != 5 || m.Empty("y") {
		t.Error("an input without sources that was read to its end is not waited for")
	}
	step("y", Record{Origin: "b", Sources: 1, Time: None}, 5)
	step("x", Record{Origin: "a", Source: 1, Sources: 2, Time: 9}, 5)
	step("y", Record{Origin: "b", Sources: 1, Time: None, Idle: true}, 9)
	step("x", Record{Origin: "a", Source: 1, Sources: 2, Time: 9, Idle: true, Elapsed: 100}, 10)
	step("x", Record{Origin: "a", Source: 0, Sources: 2, Time: 10, Idle: true, Elapsed: 7}, 17)
	step("x", Record{Origin: "a", Source: 1, Sources: 2, Time: 12}, 17)
	step("x", Record{Origin: "a", Source: 1, Sources: 2, Time: maxTime}, maxTime)
	step("x", Record{Origin: "a", Source: 1, Sources: 2, Time: maxTime, Idle: true, Elapsed: maxTime}, maxTime)
	step("x", Record{Origin: "a", Source: 2, Sources: 2, Time: 1}, maxTime)
}
