package store

import (
	"slices"
	"strings"
)

// Overlay holds the writes of one transaction: the last of each key. The zero value is empty and ready. It is not safe for
// concurrent use.
type Overlay struct {
	at    map[string]int // index in rows
	rows  []Row
	bytes int
}

// Set notes a write; a nil value deletes. The value must not be changed afterwards.
func (o *Overlay) Set(key string, value []byte) {
	if i, ok := o.at[key]; ok {
		o.bytes += len(value) - len(o.rows[i].Value)
		o.rows[i].Value = value
		return
	}
	if o.at == nil {
		o.at = map[string]int{}
	}
	o.at[key] = len(o.rows)
	o.rows = append(o.rows, Row{key, value})
	o.bytes += len(key) + len(value)
}

// Get tells what the transaction wrote under key; nil, true: it deleted the row.
func (o *Overlay) Get(key string) (value []byte, written bool) {
	i, ok := o.at[key]
	if !ok {
		return nil, false
	}
	return o.rows[i].Value, true
}

// Rows returns one row for each key, in the order in which keys were first written. It is valid until the next Set.
func (o *Overlay) Rows() []Row { return o.rows }

// Len returns the number of keys written.
func (o *Overlay) Len() int { return len(o.rows) }

// Bytes returns the size of the keys and of their last values.
func (o *Overlay) Bytes() int { return o.bytes }

// Clear forgets all writes.
func (o *Overlay) Clear() {
	clear(o.at)
	clear(o.rows) // lets go of the values
	o.rows, o.bytes = o.rows[:0], 0
}

// Ascend goes over s as it will be once o is applied, see Store.Ascend.
func (o *Overlay) Ascend(s Store, from, to string, fn func(key string, value []byte) bool) error {
	mine := o.within(from, to)
	more := true
	yield := func(r Row) {
		if more && r.Value != nil {
			more = fn(r.Key, r.Value)
		}
	}
	err := s.Ascend(from, to, func(key string, value []byte) bool {
		for len(mine) > 0 && mine[0].Key < key && more {
			yield(mine[0])
			mine = mine[1:]
		}
		if more && len(mine) > 0 && mine[0].Key == key {
			yield(mine[0])
			mine = mine[1:]
			return more
		}
		yield(Row{key, value})
		return more
	})
	for _, r := range mine {
		if err != nil || !more {
			break
		}
		yield(r)
	}
	return err
}

func (o *Overlay) within(from, to string) []Row {
	var mine []Row
	for _, r := range o.rows {
		if r.Key >= from && (to == "" || r.Key < to) {
			mine = append(mine, r)
		}
	}
	slices.SortFunc(mine, func(a, b Row) int { return strings.Compare(a.Key, b.Key) })
	return mine
}
