package stock

import (
	"context"
	"sync"
)

// reader is what stands around the stores of a table that is only read: its offsets, who is told of changes, and whether
// all partitions are recovered.
type reader struct {
	stores  *stores
	offsets *Offsets
	end     func(partition int32) int64 // that recovery aims at
	ready   chan struct{}               // closed when every partition was recovered once

	mu       sync.Mutex
	onChange func(key string, value []byte) // may be nil
	missing  map[int32]bool                 // partitions not yet recovered
}

func newReader(partitions int32, onChange func(string, []byte), end func(int32) int64) *reader {
	r := &reader{
		stores: newStores(partitions), offsets: new(Offsets), end: end, ready: make(chan struct{}),
		onChange: onChange, missing: map[int32]bool{},
	}
	for p := range partitions {
		r.missing[p] = true
	}
	return r
}

func (r *reader) build(number int32) *store {
	s := newStore(number, r)
	r.stores.put(s)
	return s
}

func (r *reader) changed(key string, value []byte) {
	if r == nil || r.onChange == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onChange(key, value)
}

func (r *reader) applied(partition int32, offset int64) {
	if r != nil {
		r.offsets.raise(partition, offset+1)
	}
}

// recovered counts everything up to the end as applied, also where retention left the end without a record.
func (r *reader) recovered(partition int32) {
	if r == nil {
		return
	}
	r.offsets.raise(partition, r.end(partition))
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.missing[partition] {
		return
	}
	delete(r.missing, partition)
	if len(r.missing) == 0 {
		close(r.ready)
	}
}

func (r *reader) isReady() bool {
	select {
	case <-r.ready:
		return true
	default:
		return false
	}
}

func (r *reader) wait(ctx context.Context) error {
	select {
	case <-r.ready:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
