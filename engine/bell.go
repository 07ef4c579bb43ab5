package engine

import (
	"context"
	"sync"
)

// bell wakes whoever waits for a condition that others bring about. It costs next to nothing while nobody waits.
type bell struct {
	mu sync.Mutex
	ch chan struct{} // closed at the next ring; nil while nobody waits
}

// ring is called after something changed.
func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}

// rung is taken before looking at the condition.
func (b *bell) rung() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

// await returns once ok holds, or with ok's error, or with the context's.
func (b *bell) await(ctx context.Context, ok func() (bool, error)) error {
	for {
		rung := b.rung()
		if done, err := ok(); done || err != nil {
			return err
		}
		select {
		case <-rung:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
