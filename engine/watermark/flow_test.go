package watermark

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// flow is two groups in miniature: partitions of a topic that strangers wrote, the first group's, and one partition of
// the second, which reads what all of the first send, in the order of their commits.
type flow struct {
	t       *rapid.T
	backlog [][]int64 // event times, by partition
	read    []int     // position in them
	first   []*Partition
	log     []logged // the second group's input
	second  *Partition
	next    int // position in log
	wall    int64
	timers  []int64
	fired   []int64
}

type logged struct {
	time   int64
	record Record
	isData bool
}

const start = int64(1) << 40 // wall time

func newFirst(n, count int) *Partition {
	return New(DefaultConfig(), "first", int32(n), int32(count), false, Input{Topic: "in", Own: true})
}

func newSecond() *Partition {
	return New(DefaultConfig(), "second", 0, 1, true, Input{Topic: "out"})
}

// transaction reads up to n records of one partition and sends them on, or finds nothing.
func (f *flow) transaction(number, n int) {
	p, in := f.first[number], f.backlog[number]
	batch := in[f.read[number]:min(len(in), f.read[number]+n)]
	if len(batch) == 0 {
		p.Tick(f.wall)
		p.Empty("in", true, f.wall)
		f.settle(p)
		f.send(p.Forward())
	} else {
		p.Fetched("in", f.wall)
		var out []logged
		if r, ok := p.AnnounceActive(); ok {
			out = append(out, logged{record: r})
		}
		for _, at := range batch {
			p.Dispatched()
			out = append(out, logged{time: at, isData: true})
			p.Marked()
		}
		p.Seen("in", slices.Max(batch), f.wall)
		f.settle(p)
		if r, ok := p.Forward(); ok {
			out = append(out, logged{record: r})
		}
		if rapid.IntRange(0, 9).Draw(f.t, "abort") == 0 {
			p.Changed()
			p.Abort()
			return
		}
		f.log = append(f.log, out...)
		f.read[number] += len(batch)
	}
	p.Changed()
	p.Commit()
}

func (f *flow) send(r Record, ok bool) {
	if ok {
		f.log = append(f.log, logged{record: r})
	}
}

func (f *flow) settle(p *Partition) {
	if p.Next(maxTime) != Read {
		f.t.Fatal("a group without timers waits")
	}
}

// follow handles n entries of the log in the second group. A record before the watermark would be dropped as late.
func (f *flow) follow(n int) {
	for ; n > 0 && f.next < len(f.log); n-- {
		e := f.log[f.next]
		f.next++
		if e.isData {
			if w := f.second.Watermark(); e.time < w {
				f.t.Fatalf("a record of %d comes after watermark %d", e.time, w)
			}
			f.timers = append(f.timers, e.time+10*second)
			slices.Sort(f.timers)
			continue
		}
		b := e.record.Append(nil)
		r, err := Decode(b)
		if err != nil {
			f.t.Fatal(err)
		}
		f.second.Observe("out", r)
		f.fire()
	}
}

func (f *flow) fire() {
	for {
		due := maxTime
		if len(f.timers) > 0 {
			due = f.timers[0]
		}
		if f.second.Next(due) == Read {
			return
		}
		f.fired, f.timers = append(f.fired, due), f.timers[1:]
	}
}

func drawFlow(t *rapid.T) *flow {
	n := rapid.IntRange(1, 4).Draw(t, "partitions")
	f := &flow{t: t, wall: start, read: make([]int, n), second: newSecond()}
	for i := range n {
		at, in := int64(0), []int64{}
		if i == 0 { // half an hour behind
			at = -1800 * second
		}
		for range rapid.IntRange(0, 25).Draw(t, "records") {
			at += rapid.Int64Range(0, 90*second).Draw(t, "gap")
			in = append(in, at)
		}
		f.backlog = append(f.backlog, in)
		f.first = append(f.first, newFirst(i, n))
		f.send(f.first[i].AnnounceActive()) // on assignment
	}
	return f
}

// A backlog that partitions read at any speed, with restarts, aborts and pauses, drops nothing and closes everything.
func TestBacklogDropsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFlow(t)
		all := slices.Concat(f.backlog...)
		for range rapid.IntRange(0, 150).Draw(t, "steps") {
			number := rapid.IntRange(0, len(f.first)-1).Draw(t, "partition")
			f.wall += rapid.SampledFrom([]int64{1, 100, 900, 2000, 3600 * second}).Draw(t, "wall")
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				f.first[number] = restarted(t, f.first[number], func() *Partition { return newFirst(number, len(f.first)) })
			case 1:
				f.second = restarted(t, f.second, newSecond)
			case 2, 3, 4:
				f.follow(rapid.IntRange(0, 20).Draw(t, "follow"))
			default:
				f.transaction(number, rapid.IntRange(1, 10).Draw(t, "batch"))
			}
		}
		for range 600 { // the rest, and the wall clock goes on
			f.wall += 500
			for number := range f.first {
				f.transaction(number, 50)
			}
		}
		f.follow(len(f.log))
		if len(f.fired) != len(all) {
			t.Fatalf("%d timers fired for %d records", len(f.fired), len(all))
		}
		if w := f.second.Watermark(); len(all) > 0 && w > slices.Max(all)+f.wall-start || len(all) == 0 && w != None {
			t.Fatalf("watermark %d", w)
		}
	})
}

func TestPartitionWords(t *testing.T) {
	p := newFirst(1, 2)
	say := func(what string, r Record, ok bool, want string) {
		t.Helper()
		got := "nothing"
		if ok {
			got = show(r)
			if r.Origin != "first" || r.Source != 1 || r.Sources != 2 {
				t.Errorf("%s: %+v", what, r)
			}
		}
		if p.Next(maxTime); got != want {
			t.Errorf("%s: says %q, want %q", what, got, want)
		}
	}
	hold := func(what, want string) { t.Helper(); r, ok := p.AnnounceActive(); say(what, r, ok, want) }
	forward := func(what, want string) { t.Helper(); p.Next(maxTime); r, ok := p.Forward(); say(what, r, ok, want) }

	hold("announces itself", "none")
	hold("once", "nothing")
	forward("with nothing new", "nothing")
	p.Empty("in", true, 0)
	forward("an empty partition", "none idle")
	p.Fetched("in", 100)
	hold("is no longer empty", "none")
	p.Seen("in", 50, 100)
	p.Dispatched()
	forward("before all is marked", "nothing")
	p.Marked()
	forward("then", "50")
	for at := int64(1000); at <= 7000; at += 1000 {
		p.Empty("in", true, at)
	}
	forward("idle", "50 idle 6000")
	if p.Watermark() != 6050 {
		t.Errorf("watermark %d", p.Watermark())
	}
	p.Fetched("in", 7500)
	hold("holds before its records", "50")
	p.Seen("in", 70, 7500)
	forward("its own time, not what the wall clock made of it", "70")
	if p.Watermark() != 6050 {
		t.Errorf("watermark %d went back", p.Watermark())
	}
	if p.Observe("in", Record{Sources: 1, Time: 1 << 40}) || p.Observe("x", Record{Sources: 1, Time: 1}) || p.Seen("x", 1<<40, 1<<40) {
		t.Error("a stranger moved time")
	}

	p = New(DefaultConfig(), "first", 1, 2, true, Input{Topic: "t"}, Input{Topic: "quiet"})
	hold("further down", "none")
	p.Empty("quiet", false, 0)
	p.Observe("t", Record{Origin: "a", Sources: 1, Time: 5})
	forward("an input that has not spoken", "nothing")
	p.Empty("quiet", true, 0)
	if p.Next(5) != Fire {
		t.Error("does not fire first")
	}
	r, ok := p.Forward()
	say("before timers", r, ok, "nothing")
	forward("after them", "5")
	p.Observe("t", Record{Origin: "a", Sources: 1, Time: 5, Idle: true, Elapsed: 3000})
	forward("idle sources do not make it idle", "3005")
	if lag := p.Slowest(); lag != (Lag{"t", "a", 0, 5}) {
		t.Errorf("slowest %+v", lag)
	}
}
