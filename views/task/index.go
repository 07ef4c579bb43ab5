package task

import (
	"hash/maphash"
	"slices"
	"sync"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
)

// Index finds the row in which a task lies by the task's id, and sums up what keys wait for. It keeps a hash of the id:
// a million keys with a task each take some 270 MiB. Whoever asks reads the row, which knows better.
type Index struct {
	codec stream.Codec[*task.Row]
	bad   func(key string, value []byte, err error) // told of rows that cannot be decoded
	seed  maphash.Seed

	mu   sync.RWMutex
	rows map[uint64][]string // the keys of the rows, by the hash of an id: more than one where a task is moving
	kept map[string]kept     // by the key of the row
	// tallies sum up what keys wait for. They stay: kinds are few.
	tallies map[tallyOf]*tally
}

// kept is what the index keeps of a row.
type kept struct {
	ids  []uint64
	need needed
}

// NewIndex returns an empty one.
func NewIndex(codec stream.Codec[*task.Row], bad func(string, []byte, error)) *Index {
	return &Index{codec: codec, bad: bad, seed: maphash.MakeSeed(), rows: map[uint64][]string{},
		kept: map[string]kept{}, tallies: map[tallyOf]*tally{}}
}

// Update takes a row in, nil meaning deleted. Tasks of one that cannot be decoded are not found.
func (x *Index) Update(key string, value []byte) {
	var row *task.Row
	if value != nil {
		var err error
		if row, err = x.codec.Decode(value); err != nil {
			x.bad(key, value, err)
			row = nil
		}
	}
	var now kept
	if row != nil {
		now.ids = x.hashes(row)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if row != nil {
		now.need = x.needOf(row)
	}
	before := x.kept[key]
	before.need.count(-1)
	now.need.count(1)
	for _, h := range before.ids {
		if !slices.Contains(now.ids, h) {
			x.drop(h, key)
		}
	}
	for _, h := range now.ids {
		if !slices.Contains(x.rows[h], key) {
			x.rows[h] = append(x.rows[h], key)
		}
	}
	if len(now.ids) == 0 && now.need.in == nil {
		delete(x.kept, key)
		return
	}
	x.kept[key] = now
}

func (x *Index) drop(h uint64, key string) {
	left := slices.DeleteFunc(slices.Clone(x.rows[h]), func(k string) bool { return k == key })
	if len(left) == 0 {
		delete(x.rows, h)
		return
	}
	x.rows[h] = left
}

func (x *Index) hashes(row *task.Row) []uint64 {
	var out []uint64
	for _, e := range entriesOf(row) {
		out = append(out, maphash.String(x.seed, e.Task.ID))
	}
	return out
}

// find returns the keys of the rows that may hold a task.
func (x *Index) find(id string) []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return slices.Clone(x.rows[maphash.String(x.seed, id)])
}

// entriesOf returns the tasks of a row, those first that come first.
func entriesOf(row *task.Row) []*task.Entry {
	if row.Filed != nil {
		return []*task.Entry{row.Filed.Entry}
	}
	return row.Queued()
}
