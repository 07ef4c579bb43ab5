package engine

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/millrace/millrace/engine/timer"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

// counter counts requests of a kind.
type counter struct {
	atomic.Int64
	bell bell
}

// reach waits until it has counted so many.
func (c *counter) reach(t *testing.T, n int64) {
	t.Helper()
	if err := c.bell.await(deadline(t), func() (bool, error) { return c.Load() >= n, nil }); err != nil {
		t.Fatal(err)
	}
}

// counts has the broker count requests by kind, from now on.
func (f *fixture) counts(kinds ...kmsg.Key) map[kmsg.Key]*counter {
	all := map[kmsg.Key]*counter{}
	for _, k := range kinds {
		n := new(counter)
		all[k] = n
		f.cluster.ControlKey(k.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
			f.cluster.KeepControl()
			n.Add(1)
			n.bell.ring()
			return nil, nil, false
		})
	}
	return all
}

// A look at the inputs costs one request where nothing has come, two else, and one more while leaders are not known.
func TestLookCostsOneRequest(t *testing.T) {
	f := newFixture(t)
	e, err := New(f.config())
	if err != nil {
		t.Fatal(err)
	}
	e.graph = readGraph(f.graph(), e.config)
	of := func(topic string, number int32) *claim {
		return &claim{topic: topic, number: number, offsets: new(Offsets)}
	}
	s := &session{engine: e, all: []*claim{of("in", 0), of("in", 2), of("adder-loop", 0)}}
	l := newLook(f.client)
	n := f.counts(kmsg.Metadata, kmsg.ListOffsets, kmsg.Fetch)
	look := func(want map[kmsg.Key]int64) {
		t.Helper()
		l.stable.measured = time.Time{}
		before := map[kmsg.Key]int64{}
		for k := range n {
			before[k] = n[k].Load()
		}
		if _, err := s.checkEnds(deadline(t), l, false); err != nil {
			t.Fatal(err)
		}
		for k := range n {
			if got := n[k].Load() - before[k]; got != want[k] {
				t.Errorf("%d of %v, want %d", got, k.Name(), want[k])
			}
		}
	}
	look(map[kmsg.Key]int64{kmsg.Metadata: 1, kmsg.ListOffsets: 2})
	for range 3 {
		look(map[kmsg.Key]int64{kmsg.ListOffsets: 1})
	}
	f.writeNumbers(0, 100)
	look(map[kmsg.Key]int64{kmsg.ListOffsets: 2, kmsg.Fetch: 2})
	look(map[kmsg.Key]int64{kmsg.ListOffsets: 1, kmsg.Fetch: 2})
	s.all = append(s.all, of("nowhere", 0)) // the others are looked at all the same
	for range 3 {
		if _, err := s.checkEnds(deadline(t), l, false); err != nil {
			t.Fatal(err)
		}
		if _, end := s.all[0].position(); end <= 0 {
			t.Errorf("the end of in/0 is %d", end)
		}
		s.all[0].end = -1
	}
}

// Leaders that move are found by the look after the next.
func TestLookFindsLeadersThatMoved(t *testing.T) {
	f := newFixture(t)
	at := []place{{"in", 0}, {"in", 1}}
	l := &edges{client: f.client, leaders: map[place]int32{at[0]: 0, at[1]: 77}} // which is no broker
	if _, err := l.ask(deadline(t), at); err == nil {
		t.Error("a broker that there is not has answered")
	}
	got, err := l.ask(deadline(t), at)
	if err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestLooksBecomeRareWhereNothingComes(t *testing.T) {
	p := lookPace{every: time.Second, rarer: quietTimes}
	looks := func(n int, quiet bool, want time.Duration) {
		t.Helper()
		for i := range n {
			if got := p.next(quiet); got != want {
				t.Fatalf("look %d: %s, want %s", i, got, want)
			}
		}
	}
	looks(quietLooks-1, true, time.Second)
	looks(3, true, quietTimes*time.Second)
	looks(1, false, time.Second)
	looks(quietLooks-1, true, time.Second)
	looks(1, true, quietTimes*time.Second)
	p.stir()
	looks(quietLooks-1, true, time.Second)
	looks(1, true, quietTimes*time.Second)
	// twice within the time that watermarks take for proof, at any tick that is allowed
	if most := watermark.DefaultConfig().Patience; quietTimesOwn*200*time.Millisecond > most/4 {
		t.Errorf("looks are %d x 200 ms apart, and proof lasts %s", quietTimesOwn, most)
	}
}

// In an idle group a look at the inputs is rare, and records bring it about at once.
func TestIdleGroupHardlyLooks(t *testing.T) {
	f := newFixture(t)
	f.in.Time, f.in.EventTime = stream.NoTime, nil
	c := f.config()
	c.Tick = 100 * time.Millisecond
	r := f.run(c, f.graph())
	<-r.Ready()
	f.writeNumbers(0, 10)
	r.handled(f, "in", "adder-loop")
	n := f.counts(kmsg.ListOffsets, kmsg.Fetch)
	looks, fetches := n[kmsg.ListOffsets], n[kmsg.Fetch]
	looks.reach(t, quietLooks+4) // from here on they are rare
	before := looks.Load()
	fetches.reach(t, fetches.Load()+2) // of two seconds each, but the first
	// a few rare looks of a request, and more for a machine that is busy; at the usual pace there are 20 and more
	if n := looks.Load() - before; n > 12 {
		t.Errorf("%d requests for offsets in the time of two fetches", n)
	}
	f.writeNumbers(10, 20)
	r.handled(f, "in", "adder-loop")
	r.stop(t)
	f.checkSums(20)
}

type noTimers struct{}

func (noTimers) Ascend(string, func(string) bool) error { return nil }

// A timer of a group that goes by the wall clock is called when it is due, not at the next tick.
func TestWallTimersDoNotWaitForTheTick(t *testing.T) {
	f := newFixture(t)
	f.in.Time, f.in.EventTime = stream.NoTime, nil
	saw := make(chan string, 10)
	c := f.config()
	c.Tick = 1250 * time.Millisecond
	e, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	e.graph = readGraph(f.walled(saw), e.config)
	wall := time.UnixMilli(1_000_000)
	e.config.Clock = func() time.Time { return wall }
	s := &session{engine: e, parts: map[int32]*partition{0: e.newPartition(0, 1), 1: e.newPartition(1, 1)}}
	expect := func(want time.Duration) {
		t.Helper()
		if got := s.pollWait(); got != want {
			t.Errorf("waits %s, want %s", got, want)
		}
	}
	expect(c.Tick)
	s.parts[1].timers = &timetable{engine: e, index: timer.New(timer.DefaultConfig(), noTimers{})}
	expect(c.Tick)
	s.parts[1].timers.set(timer.Timer{Due: 1_000_300, Key: "a"})
	expect(300 * time.Millisecond)
	wall = wall.Add(299*time.Millisecond + 900*time.Microsecond)
	expect(time.Millisecond)
	wall = wall.Add(time.Second)
	expect(time.Millisecond)
	s.parts[1].now.Store(wall.UnixMilli() + 500) // the clock has gone back
	expect(500*time.Millisecond + 100*time.Microsecond)
}
