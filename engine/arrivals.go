package engine

import (
	"sync"
	"time"
)

// arrivals are of what the transaction under way finishes: how long it took is known when the transaction is committed,
// and one that is aborted comes again.
type arrivals struct {
	mu sync.Mutex
	at []time.Time
}

func (a *arrivals) add(at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = append(a.at, at)
}

// drain calls f for each arrival and empties the list.
func (a *arrivals) drain(f func(at time.Time)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, at := range a.at {
		f(at)
	}
	a.at = a.at[:0]
}
