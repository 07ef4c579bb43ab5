// Package store keeps one partition of a table on this machine: the content of its changelog up to a stamped position,
// no more.
//
// A store is a copy that can always be made again. It changes only in whole steps, rows and stamp together. So after
// any crash it is some earlier state of the table, and its stamp names which. Steps are not synced to disk one by one:
// after a power failure the last steps are missing, and the changelog still has them.
//
// An Overlay holds the writes of a transaction under way.
package store

import "errors"

// Reserved begins the keys that belong to whoever keeps the store; see Check.
const Reserved = "\x00"

// ErrReserved says that a caller used a key that begins with Reserved.
var ErrReserved = errors.New("store: keys that begin with a zero byte are reserved")

// ErrCorrupt says that a store's content cannot be trusted. Wipe it and fill it from the changelog.
var ErrCorrupt = errors.New("store: corrupt")

// Row is a write. A nil Value deletes the row.
type Row struct {
	Key   string
	Value []byte
}

// Store is one partition of a table. It is safe for one writer and any number of readers. Values that it hands out must
// not be changed and stay valid, and may hold on to more than their own bytes; values that it takes must not be changed
// afterwards.
type Store interface {
	// Get returns nil if there is no such row.
	Get(key string) ([]byte, error)
	// Ascend calls fn for every row from <= key < to, in key order, until fn returns false. An empty bound is none. The
	// rows are those of the moment of the call.
	Ascend(from, to string, fn func(key string, value []byte) bool) error
	// Apply writes rows, in their order, and the stamp: all or nothing.
	Apply(rows []Row, stamp Stamp) error
	// Stamp returns what the last Apply stamped; the zero value for an empty store.
	Stamp() Stamp
	// Wipe removes all rows and the stamp.
	Wipe() error
	// Close gives the store up. The other methods must not be called any more.
	Close() error
}

// Opener opens the stores of a process. A store may be open once at a time.
type Opener interface {
	// Open returns ErrCorrupt with a usable, empty store where it had to throw away what it found.
	Open(topic string, partition int32) (Store, error)
}

// Check refuses keys that are reserved.
func Check(key string) error {
	if key != "" && key[0] == Reserved[0] {
		return ErrReserved
	}
	return nil
}
