package engine

import (
	"sync/atomic"
	"time"
)

const (
	// evidence is how many callbacks must have been quick for one more to be handed out ahead. So few windows hold
	// more than one that is slow, even where slow ones come out of the blue.
	evidence = 32
	// widest is as many as fit into the channel of one partition of goka.
	widest = channelSize
)

// window bounds what goka has of one partition at once: what was handed out cannot be taken back, and all of it must be
// done before the transaction can commit. It begins with one record, grows with those that were quick, and begins anew
// when some were slow. Topping it up when half of it is done keeps quick callbacks busy.
type window struct {
	slow   time.Duration // what the callbacks of one window may take
	room   int64         // what may be handed out before the next look at the clock
	proven int64         // callbacks done since some were slow
	from   int64         // marks when it was topped up
	since  time.Time     // when it was topped up
	done   atomic.Int64  // when the mark came that the session waited for, nanoseconds of the epoch
}

// size is how many records and timer calls may be open.
func (w *window) size() int64 { return min(max(1, w.proven/evidence), widest) }

// topUp begins a round after marked marks, with open records and calls that are not done yet.
func (w *window) topUp(marked, open int64, now time.Time) {
	if !w.since.IsZero() {
		w.judge(marked, open, now)
	}
	w.from, w.since, w.room = marked, now, w.size()-open
}

// judge learns from the round that ends. One that ended while nobody looked tells nothing.
func (w *window) judge(marked, open int64, now time.Time) {
	took := now.Sub(w.since)
	if open == 0 {
		took = time.Unix(0, w.done.Load()).Sub(w.since)
	}
	switch {
	case took > w.slow:
		w.proven = 0
	case took > 0 && took <= w.slow/2:
		w.proven += marked - w.from
	}
}
