package engine

import (
	"context"
	"maps"
	"sync"
)

// Offsets tells how far the partitions of one topic were read, as next offsets. It is safe for concurrent use.
type Offsets struct {
	mu      sync.Mutex
	next    map[int32]int64
	changed chan struct{} // closed at the next change; nil while nobody waits
}

// Next returns the next offset to be applied, by partition. Partitions of which nothing is known are absent.
func (o *Offsets) Next() map[int32]int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.next)
}

// Wait returns when every partition of at least was read up to the offset given for it, or with the context's error.
func (o *Offsets) Wait(ctx context.Context, at map[int32]int64) error {
	for {
		o.mu.Lock()
		if o.reached(at) {
			o.mu.Unlock()
			return nil
		}
		if o.changed == nil {
			o.changed = make(chan struct{})
		}
		changed := o.changed
		o.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (o *Offsets) reached(at map[int32]int64) bool {
	for p, want := range at {
		if want > 0 && o.next[p] < want {
			return false
		}
	}
	return true
}

// raise never moves a partition back.
func (o *Offsets) raise(partition int32, next int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if have, ok := o.next[partition]; ok && have >= next {
		return
	}
	if o.next == nil {
		o.next = map[int32]int64{}
	}
	o.next[partition] = next
	if o.changed != nil {
		close(o.changed)
		o.changed = nil
	}
}
