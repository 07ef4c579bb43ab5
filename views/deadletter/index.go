package deadletter

import (
	"cmp"
	"sync"

	"github.com/tidwall/btree"

	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/stream"
)

// Index orders dead letters by when they were filed, newest first, for each filter that the list has: a page
// costs the same however many letters there are and however rare those are that pass.
type Index struct {
	codec stream.Codec[*deadletter.Row]
	bad   func(key string, value []byte, err error) // told of rows that cannot be decoded

	mu      sync.RWMutex
	places  map[string]letterPlace // by id
	ordered map[letterFilter]*btree.BTreeG[letterKey]
	// batches are the decisions on many letters that rows still know of, by their ids and those of their commands.
	batches map[string]map[string]counted
}

// letterFilter selects by reason, group and state; empty means any.
type letterFilter struct{ reason, group, state string }

type letterKey struct {
	at instant.Milli
	id string
}

// source is the record that a letter is of.
type source struct {
	topic     string
	partition int32
	offset    int64
}

// letterPlace is where a letter is filed in the index.
type letterPlace struct {
	letterKey
	letterFilter
	source  source
	kind    string
	batches map[string]counted // nil for most
}

// NewIndex returns an empty one.
func NewIndex(codec stream.Codec[*deadletter.Row], bad func(string, []byte, error)) *Index {
	return &Index{codec: codec, bad: bad, places: map[string]letterPlace{},
		ordered: map[letterFilter]*btree.BTreeG[letterKey]{}, batches: map[string]map[string]counted{}}
}

// newer orders newest first, and letters of one instant by id.
func newer(a, b letterKey) bool {
	return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(a.id, b.id)) < 0
}

// all returns the filters that a letter passes.
func (f letterFilter) all() [8]letterFilter {
	var out [8]letterFilter
	for i := range out {
		if i&1 != 0 {
			out[i].reason = f.reason
		}
		if i&2 != 0 {
			out[i].group = f.group
		}
		if i&4 != 0 {
			out[i].state = f.state
		}
	}
	return out
}

// Update takes a row in. One that cannot be decoded is left out of lists.
func (x *Index) Update(id string, value []byte) {
	var row *deadletter.Row
	if value != nil {
		var err error
		if row, err = x.codec.Decode(value); err != nil {
			x.bad(id, value, err)
			row = nil
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if old, ok := x.places[id]; ok {
		delete(x.places, id)
		x.count(old.batches, -1)
		for _, f := range old.all() {
			if x.ordered[f].Delete(old.letterKey); x.ordered[f].Len() == 0 {
				delete(x.ordered, f)
			}
		}
	}
	if row == nil {
		return
	}
	place := letterPlace{
		letterKey:    letterKey{row.At, id},
		letterFilter: letterFilter{string(row.Reason), row.Group, row.State.String()},
		source:       source{row.Source.Topic, row.Source.Partition, row.Source.Offset}, kind: kindOf(row),
		batches: ofBatches(row),
	}
	x.places[id] = place
	x.count(place.batches, 1)
	for _, f := range place.all() {
		if x.ordered[f] == nil {
			x.ordered[f] = btree.NewBTreeG(newer)
		}
		x.ordered[f].Set(place.letterKey)
	}
}

// page returns at most n letters that pass the filter, after the key given; the zero key is the beginning.
func (x *Index) page(f letterFilter, after letterKey, n int) []letterKey {
	x.mu.RLock()
	tree := x.ordered[f]
	x.mu.RUnlock()
	if tree == nil {
		return nil
	}
	page := make([]letterKey, 0, n)
	take := func(k letterKey) bool {
		if k != after {
			page = append(page, k)
		}
		return len(page) < n
	}
	if after == (letterKey{}) {
		tree.Scan(take)
	} else {
		tree.Ascend(after, take)
	}
	return page
}
