package store

import (
	"fmt"
	"slices"
	"strings"
)

// Overlay holds the writes of one transaction: the last of each key. A write is bytes, or a row that is not encoded
// before its bytes are wanted. The zero value is empty and ready. It is not safe for concurrent use.
type Overlay struct {
	// Encode makes the bytes of rows given to Put. Not needed without Put. An error names the row's key to the caller.
	Encode func(key string, row any) ([]byte, error)

	at      map[string]int // index in rows and decoded
	rows    []Row
	decoded []any // the row itself, where it is known
	pending []int // indices of rows whose bytes are still to be made
}

// Set notes a write; a nil value deletes. The value must not be changed afterwards.
func (o *Overlay) Set(key string, value []byte) {
	i := o.index(key)
	o.rows[i].Value, o.decoded[i] = value, nil
}

// Put notes a row and its bytes; nil bytes are made when they are wanted. Neither must be changed afterwards.
func (o *Overlay) Put(key string, row any, value []byte) {
	i := o.index(key)
	if value == nil && (o.decoded[i] == nil || o.rows[i].Value != nil) {
		o.pending = append(o.pending, i)
	}
	o.rows[i].Value, o.decoded[i] = value, row
}

func (o *Overlay) index(key string) int {
	if i, ok := o.at[key]; ok {
		return i
	}
	if o.at == nil {
		o.at = map[string]int{}
	}
	i := len(o.rows)
	o.at[key] = i
	o.rows = append(o.rows, Row{Key: key})
	o.decoded = append(o.decoded, nil)
	return i
}

// Get tells what the transaction wrote under key; nil, true: it deleted the row.
func (o *Overlay) Get(key string) (value []byte, written bool, err error) {
	i, ok := o.at[key]
	if !ok {
		return nil, false, nil
	}
	err = o.seal(i)
	return o.rows[i].Value, true, err
}

// Row tells what the transaction wrote under key, as it was written: the row, or else its bytes; nil, nil, true: it
// deleted the row.
func (o *Overlay) Row(key string) (row any, value []byte, written bool) {
	i, ok := o.at[key]
	if !ok {
		return nil, nil, false
	}
	return o.decoded[i], o.rows[i].Value, true
}

// Seal makes the bytes of all rows that have none yet.
func (o *Overlay) Seal() error {
	for _, i := range o.pending {
		if err := o.seal(i); err != nil {
			return err
		}
	}
	o.pending = o.pending[:0]
	return nil
}

func (o *Overlay) seal(i int) error {
	r := &o.rows[i]
	if r.Value != nil || o.decoded[i] == nil {
		return nil
	}
	value, err := o.Encode(r.Key, o.decoded[i])
	if err != nil {
		return fmt.Errorf("key %.64q: %w", r.Key, err)
	}
	if value == nil {
		value = []byte{} // nil would delete
	}
	r.Value = value
	return nil
}

// Rows returns one row for each key, in the order in which keys were first written. Rows given to Put have their bytes
// after Seal. It is valid until the next write.
func (o *Overlay) Rows() []Row { return o.rows }

// Decoded returns the row of Rows()[i] as it was given to Put; nil: only its bytes are known, or it is deleted.
func (o *Overlay) Decoded(i int) any { return o.decoded[i] }

// Len returns the number of keys written.
func (o *Overlay) Len() int { return len(o.rows) }

// Clear forgets all writes.
func (o *Overlay) Clear() {
	clear(o.at)
	clear(o.rows) // lets go of the values
	clear(o.decoded)
	o.rows, o.decoded, o.pending = o.rows[:0], o.decoded[:0], o.pending[:0]
}

// Keys calls fn for the key of every row from <= key < to that s will have once o is applied, in order, until fn
// returns false. An empty bound is none.
func (o *Overlay) Keys(s Store, from, to string, fn func(key string) bool) error {
	mine := o.within(from, to)
	more := true
	next := func() { // the first of mine
		if more && mine[0].there {
			more = fn(mine[0].key)
		}
		mine = mine[1:]
	}
	err := s.Ascend(from, to, func(key string, _ []byte) bool {
		for len(mine) > 0 && mine[0].key < key && more {
			next()
		}
		if more && len(mine) > 0 && mine[0].key == key {
			next()
			return more
		}
		more = more && fn(key)
		return more
	})
	for err == nil && more && len(mine) > 0 {
		next()
	}
	return err
}

// written is a key of the overlay, and whether it has a row.
type written struct {
	key   string
	there bool
}

func (o *Overlay) within(from, to string) []written {
	var mine []written
	for i, r := range o.rows {
		if r.Key >= from && (to == "" || r.Key < to) {
			mine = append(mine, written{r.Key, r.Value != nil || o.decoded[i] != nil})
		}
	}
	slices.SortFunc(mine, func(a, b written) int { return strings.Compare(a.key, b.key) })
	return mine
}
