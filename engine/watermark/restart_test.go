package watermark

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// answer is what a partition can be heard to say.
type answer struct {
	rose, held, forwarded bool
	watermark             int64
	step                  Step
	hold, forward         Record
	slowest               Lag
}

// apply does one thing to a partition, the same to each of two.
func apply(p *Partition, op string, topic string, r Record, wall int64, due int64, commit bool) answer {
	var a answer
	switch op {
	case "fetched":
		p.Fetched(topic, wall)
	case "seen":
		a.rose = p.Seen(topic, wall-r.Elapsed, wall)
	case "observe":
		a.rose = p.Observe(topic, r)
	case "at the end":
		a.rose = p.Empty(topic, true, wall)
	case "open":
		a.rose = p.Empty(topic, false, wall)
	case "tick":
		p.Tick(wall)
	}
	a.watermark, a.step = p.Watermark(), p.Next(due)
	a.hold, a.held = p.AnnounceActive()
	if commit {
		a.forward, a.forwarded = p.Forward()
	}
	a.slowest = p.Slowest()
	a.slowest.Source = 0 // until it speaks, a partition of an own topic has no name
	return a
}

// A partition that is written and read at any point behaves like one that is not.
func TestRestartChangesNothing(t *testing.T) {
	inputs := [][]Input{
		{{Topic: "own", Own: true}},
		{{Topic: "x"}},
		{{Topic: "own", Own: true}, {Topic: "other", Own: true}},
		{{Topic: "x"}, {Topic: "y"}, {Topic: "own", Own: true}},
	}
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SampledFrom(inputs).Draw(t, "inputs")
		fresh := func() *Partition { return New(DefaultConfig(), "me", 0, 2, true, in...) }
		steady, restarting, wall := fresh(), fresh(), int64(0)
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			wall += rapid.SampledFrom([]int64{0, 1000, 1000, 1000, 2000, 2500, 9000}).Draw(t, "after")
			op := rapid.SampledFrom([]string{"at the end", "at the end", "at the end", "at the end", "seen", "fetched", "observe", "observe", "open", "tick"}).Draw(t, "op")
			topic := rapid.SampledFrom(in).Draw(t, "topic").Topic
			r, due, commit := drawRecord(t), rapid.Int64Range(0, wall).Draw(t, "due"), rapid.Bool().Draw(t, "commit")
			a, b := apply(steady, op, topic, r, wall, due, commit), apply(restarting, op, topic, r, wall, due, commit)
			if !reflect.DeepEqual(a, b) {
				t.Fatalf("after %s %s at %d\n%+v without restart\n%+v with", op, topic, wall, a, b)
			}
			if rapid.IntRange(0, 3).Draw(t, "restart") == 0 {
				restarting = restarted(t, restarting, fresh)
			}
		}
	})
}

// After an abort a partition is the one of the last commit.
func TestAbort(t *testing.T) {
	p := New(DefaultConfig(), "me", 0, 2, true, Input{Topic: "x"})
	fresh := p.Text()
	p.Observe("x", Record{Sources: 1, Time: 5})
	p.Abort()
	if p.Text() != fresh {
		t.Error("not as at first")
	}
	p.Observe("x", Record{Sources: 1, Time: 5})
	p.Next(maxTime)
	if rows := p.Changed(); len(rows) != 2 {
		t.Errorf("%d rows changed", len(rows))
	}
	p.Commit()
	committed := p.Text()
	p.Dispatched()
	p.Observe("x", Record{Sources: 1, Time: 6})
	p.Forward()
	if len(p.Changed()) == 0 || p.Text() == committed {
		t.Error("nothing changed")
	}
	p.Abort()
	if p.Text() != committed || len(p.Changed()) > 0 {
		t.Error("not as committed")
	}
	p.Observe("x", Record{Sources: 1, Time: 7})
	p.Next(maxTime)
	if r, ok := p.Forward(); !ok || r.Time != 7 {
		t.Errorf("waits for a call that was aborted: %+v", r)
	}
	again := New(DefaultConfig(), "me", 0, 2, true, Input{Topic: "x"})
	if err := again.RestoreText(committed); err != nil {
		t.Fatal(err)
	}
	if again.Abort(); again.Text() != committed {
		t.Error("not as restored")
	}
}
