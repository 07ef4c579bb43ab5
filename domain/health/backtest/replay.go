package backtest

import (
	"cmp"
	"container/heap"
	"fmt"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/window"
)

// Listener hears what a replay brings about.
type Listener interface {
	// Closed hears of every final.
	Closed(*health.WindowRecord)
	// Changed hears of every change of a level's state, in order of window ends.
	Changed(*health.StatusRecord)
}

// Replay is the rows of the groups health and routing, and their timers. Event time is one for all: who reads several
// partitions goes on with the one that is behind.
type Replay struct {
	settings  health.Settings
	listener  Listener
	rows      map[string]*health.Row
	modes     map[string]*health.ModeRow
	timers    timers
	reached   instant.Milli // watermark of the group health
	forwarded instant.Milli // watermark of the group routing: it is forwarded once all that it made due has been sent
	late      int64
	rejected  int64
}

// New returns a replay at the beginning of time. The settings must be valid.
func New(s health.Settings, l Listener) *Replay {
	return &Replay{
		settings: s, listener: l, rows: map[string]*health.Row{}, modes: map[string]*health.ModeRow{},
		timers: timers{set: map[timer]bool{}},
	}
}

// Attempt counts an attempt at the present watermark.
func (r *Replay) Attempt(a *ledger.Attempt, from health.Source) {
	key := a.Key()
	next, effects := health.Observe(r.settings, r.rows[key], a, from, r.reached)
	r.keep(key, next, effects)
}

// Window counts a whole window at the present watermark: what is known where attempts are gone. Windows can be joined
// and not cut, so it errs unless those of the settings are made up of windows as long as span.
func (r *Replay) Window(p health.Path, span window.Span, counts health.Counts) error {
	g, size := gridOf(r.settings), span.End-span.Start
	if size <= 0 || g.size%size != 0 || g.step%size != 0 || span.Start%size != 0 {
		return fmt.Errorf("windows of %v do not make up windows of %v", span.End.Sub(span.Start), r.settings.Window)
	}
	key := p.Key()
	next, effects := health.ObserveMany(r.settings, r.rows[key], p, span.Start, counts, r.reached)
	r.keep(key, next, effects)
	return nil
}

// Late returns how many attempts, or counts of windows, came after their window had closed. They correct scores then.
func (r *Replay) Late() int64 { return r.late }

// Rejected returns how many attempts could not be counted at all.
func (r *Replay) Rejected() int64 { return r.rejected }

// Advance moves the watermark to w, and calls what becomes due on the way in order. It never goes back.
func (r *Replay) Advance(w instant.Milli) {
	for t, ok := r.timers.due(w); ok; t, ok = r.timers.due(w) {
		r.reached = max(r.reached, t.due)
		if t.mode { // the series that are due at the same time came before
			r.forwarded = r.reached
			next, effects := r.modes[t.key].AdvanceTo(r.settings, r.forwarded)
			r.modes[t.key] = next
			r.applyMode(t.key, effects)
			continue
		}
		next, effects := health.AdvanceTo(r.settings, r.rows[t.key], r.reached)
		r.keep(t.key, next, effects)
	}
	r.reached = max(r.reached, w)
	r.forwarded = r.reached
}

// keep stores a row, or forgets it, and does what follows.
func (r *Replay) keep(key string, row *health.Row, effects []health.Effect) {
	if row == nil {
		delete(r.rows, key)
	} else {
		r.rows[key] = row
	}
	for _, e := range effects {
		switch e := e.(type) {
		case health.Due:
			r.timers.add(timer{due: e.At, key: key})
		case health.Finished:
			r.listener.Closed(e.Record)
		case health.Scored:
			mode := e.Score.Mode
			next, effects := r.modes[mode].ObserveScore(r.settings, e.Score, r.forwarded)
			r.modes[mode] = next
			r.applyMode(mode, effects)
		case health.Late:
			r.late++
		case health.Rejected:
			r.rejected++
		case health.Corrected, health.Silent:
		}
	}
}

func (r *Replay) applyMode(mode string, effects []health.ModeEffect) {
	for _, e := range effects {
		switch e := e.(type) {
		case health.Awaited:
			r.timers.add(timer{due: e.At, mode: true, key: mode})
		case health.Changed:
			r.listener.Changed(e.Record)
		case health.Disrupted, health.Refused:
		}
	}
}

// timer is a call that is due at a watermark: of the series, or the mode, called key.
type timer struct {
	due  instant.Milli
	mode bool
	key  string
}

func (a timer) compare(b timer) int {
	if c := cmp.Compare(a.due, b.due); c != 0 || a.mode == b.mode {
		return cmp.Or(c, cmp.Compare(a.key, b.key))
	}
	if b.mode { // the group before comes first
		return -1
	}
	return 1
}

// timers holds each timer once.
type timers struct {
	heap timerHeap
	set  map[timer]bool
}

func (t *timers) add(one timer) {
	if !t.set[one] {
		t.set[one] = true
		heap.Push(&t.heap, one)
	}
}

// due takes the first timer that is due at w; false if there is none.
func (t *timers) due(w instant.Milli) (timer, bool) {
	if len(t.heap) == 0 || t.heap[0].due > w {
		return timer{}, false
	}
	one := heap.Pop(&t.heap).(timer)
	delete(t.set, one)
	return one, true
}

type timerHeap []timer

func (t timerHeap) Len() int           { return len(t) }
func (t timerHeap) Less(i, j int) bool { return t[i].compare(t[j]) < 0 }
func (t timerHeap) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }

// Push is heap.Interface's.
func (t *timerHeap) Push(x any) { *t = append(*t, x.(timer)) }

// Pop is heap.Interface's.
func (t *timerHeap) Pop() any {
	old := *t
	last := old[len(old)-1]
	*t = old[:len(old)-1]
	return last
}
