package watermark

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// tape is the log of one partition: records, some of which set a timer, and watermarks.
type tape []entry

type entry struct {
	watermark int64 // else None: a record
	sets      int64 // due time of the timer that the record sets; None: none
}

func drawTape(t *rapid.T) tape {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) entry {
		if rapid.Bool().Draw(t, "watermark") {
			return entry{rapid.Int64Range(0, 60).Draw(t, "at"), None}
		}
		e := entry{None, None}
		if rapid.Bool().Draw(t, "sets") {
			e.sets = rapid.Int64Range(0, 70).Draw(t, "due")
		}
		return e
	}), 1, 40).Draw(t, "tape")
}

// machine plays a tape as an engine does. Calls are handled some time after they are dispatched, as the schedule says.
type machine struct {
	gate   *gate
	queue  []func() // dispatched, not yet handled
	timers []int64
	calls  []string
	t      *rapid.T
	seed   uint64
}

func (m *machine) dispatch(call func()) {
	m.gate.Dispatched()
	m.queue = append(m.queue, call)
}

func (m *machine) handle() {
	m.queue[0]()
	m.queue = m.queue[1:]
	m.gate.Marked()
}

func (m *machine) coin() bool {
	m.seed = m.seed*6364136223846793005 + 1442695040888963407
	return m.seed>>63 == 1
}

func (m *machine) set(due int64) {
	i, _ := slices.BinarySearch(m.timers, due)
	m.timers = slices.Insert(m.timers, i, due)
}

func (m *machine) first() int64 {
	if len(m.timers) == 0 {
		return maxTime
	}
	return m.timers[0]
}

// settle goes through the steps; before tells what the forwarded watermark was.
func (m *machine) settle() {
	for {
		switch m.gate.Next(m.first()) {
		case Read:
			if m.gate.Settled() != m.gate.Reached() {
				m.t.Fatal("reads on with timers to fire")
			}
			return
		case Wait:
			if len(m.queue) == 0 {
				m.t.Fatal("waits for nothing")
			}
			m.handle()
		case Fire:
			due, at := m.timers[0], m.gate.Reached()
			if due > at {
				m.t.Fatalf("fires %d at %d", due, at)
			}
			m.timers = m.timers[1:]
			m.dispatch(func() {
				m.calls = append(m.calls, fmt.Sprintf("timer %d at %d", due, at))
				if due%3 == 0 {
					m.set(due - 7) // for the past
				} else if due%3 == 1 {
					m.set(due + 4)
				}
			})
		}
	}
}

func (m *machine) play(log tape) {
	for i, e := range log {
		if e.watermark != None {
			was := m.gate.Reached()
			m.gate.Reach(e.watermark)
			if m.gate.Reached() > was && m.gate.quiet() {
				m.t.Fatal("a watermark that timers were not asked about is quiet")
			}
			m.settle()
			if m.gate.Reached() > was && (len(m.queue) > 0 || m.first() <= m.gate.Reached()) {
				m.t.Fatal("settled with calls or timers before it")
			}
		} else {
			at := m.gate.Reached()
			m.dispatch(func() {
				m.calls = append(m.calls, fmt.Sprintf("record %d at %d", i, at))
				if e.sets != None {
					m.set(e.sets)
				}
			})
		}
		for len(m.queue) > 0 && m.coin() {
			m.handle()
		}
		if m.gate.quiet() != (len(m.queue) == 0) {
			m.t.Fatalf("quiet is %v with %d calls out", m.gate.quiet(), len(m.queue))
		}
	}
	for len(m.queue) > 0 {
		m.handle()
	}
}

// The sequence of calls is a function of the log, whatever the speed of callbacks.
func TestGateOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := drawTape(t)
		a := &machine{gate: newGate(true), t: t, seed: rapid.Uint64().Draw(t, "seed")}
		b := &machine{gate: newGate(true), t: t, seed: rapid.Uint64().Draw(t, "other seed")}
		a.play(log)
		b.play(log)
		if !slices.Equal(a.calls, b.calls) {
			t.Fatalf("%v\n%v", a.calls, b.calls)
		}
	})
}

func TestGateWithoutTimers(t *testing.T) {
	g := newGate(false)
	g.Dispatched()
	g.Reach(5)
	if g.Next(0) != Read || g.Settled() != 5 || g.quiet() {
		t.Error("records go on, and the watermark waits for them")
	}
	g.Marked()
	if !g.quiet() {
		t.Error("not quiet")
	}
	defer func() {
		if recover() == nil {
			t.Error("a mark too many was taken")
		}
	}()
	g.Marked()
}
