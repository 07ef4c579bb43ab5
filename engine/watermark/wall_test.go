package watermark_test

import (
	"testing"

	"github.com/millrace/millrace/engine/watermark"
)

func newWall() *watermark.Partition {
	return watermark.New(watermark.DefaultConfig(), "g", 0, 1, true)
}

// reopened is a partition that begins with the rows of the one before.
func reopened(t *testing.T, rows []watermark.Row, inputs ...watermark.Input) *watermark.Partition {
	t.Helper()
	p := watermark.New(watermark.DefaultConfig(), "g", 0, 1, true, inputs...)
	if err := p.Restore(rows); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWallTimeNeverGoesBack(t *testing.T) {
	p := newWall()
	reach := func(at int64, rises bool, want int64) {
		t.Helper()
		if rose := p.Reach(at); rose != rises || p.Watermark() != want {
			t.Errorf("at %d: rose %v to %d, want %v to %d", at, rose, p.Watermark(), rises, want)
		}
	}
	reach(5000, true, 5000)
	reach(5000, false, 5000)
	reach(4000, false, 5000)
	rows := p.Changed()
	p.Commit()
	reach(6000, true, 6000)
	p.Abort()
	if p.Watermark() != 5000 {
		t.Errorf("at %d after the abort", p.Watermark())
	}
	p = reopened(t, rows)
	reach(4000, false, 5000)
	reach(5001, true, 5001)
}

// Timers of a moment that was reached, but not settled, are called after a restart even by a clock that went back.
func TestWallTimersThatAreLeftFireAfterARestart(t *testing.T) {
	p := newWall()
	p.Reach(5000)
	if step := p.Next(4000); step != watermark.Fire {
		t.Fatal(step)
	}
	p = reopened(t, p.Changed())
	if step := p.Next(4500); step != watermark.Fire {
		t.Error(step)
	}
	if step := p.Next(5500); step != watermark.Read {
		t.Error(step)
	}
}

// Followers of the table are told of no event time, and who goes by another clock from now on begins anew.
func TestWallTimeIsNotEventTime(t *testing.T) {
	in := watermark.Input{Topic: "in"}
	p := newWall()
	p.Reach(5000)
	rows := p.Changed()
	if len(rows) != 1 || rows[0].Key != watermark.RowPrefix {
		t.Fatalf("%v", rows)
	}
	if at, err := watermark.SettledOf(rows[0].Value); at != watermark.None || err != nil {
		t.Errorf("settled at %d, %v", at, err)
	}
	if at := reopened(t, rows, in).Watermark(); at != watermark.None {
		t.Errorf("event time begins at %d", at)
	}
	events := reopened(t, nil, in)
	events.Observe("in", watermark.Record{Origin: "o", Sources: 1, Time: 7000})
	if events.Reach(8000) {
		t.Error("the wall clock moved event time")
	}
	if at := reopened(t, events.Changed()).Watermark(); at != watermark.None {
		t.Errorf("the wall clock begins at %d", at)
	}
}
