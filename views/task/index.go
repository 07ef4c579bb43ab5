package task

import (
	"hash/maphash"
	"slices"
	"sync"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
)

// Index finds the row in which a task lies by the task's id. It keeps a hash of the id, so that a million tasks that
// wait take some 100 MB; whoever asks reads the row, which knows better.
type Index struct {
	codec stream.Codec[*task.Row]
	bad   func(key string, value []byte, err error) // told of rows that cannot be decoded
	seed  maphash.Seed

	mu   sync.RWMutex
	rows map[uint64][]string // the keys of the rows, by the hash of an id: more than one where a task is moving
	ids  map[string][]uint64 // by the key of the row
}

// NewIndex returns an empty one.
func NewIndex(codec stream.Codec[*task.Row], bad func(string, []byte, error)) *Index {
	return &Index{codec: codec, bad: bad, seed: maphash.MakeSeed(), rows: map[uint64][]string{},
		ids: map[string][]uint64{}}
}

// Update takes a row in, nil meaning deleted. Tasks of one that cannot be decoded are not found.
func (x *Index) Update(key string, value []byte) {
	var now []uint64
	if value != nil {
		row, err := x.codec.Decode(value)
		if err != nil {
			x.bad(key, value, err)
		} else {
			now = x.hashes(row)
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, h := range x.ids[key] {
		if !slices.Contains(now, h) {
			x.drop(h, key)
		}
	}
	for _, h := range now {
		if !slices.Contains(x.rows[h], key) {
			x.rows[h] = append(x.rows[h], key)
		}
	}
	if len(now) == 0 {
		delete(x.ids, key)
		return
	}
	x.ids[key] = now
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
