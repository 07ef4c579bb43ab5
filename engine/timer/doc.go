// Package timer keeps the timers of one partition of a processor group in the order in which they fire: due time, key,
// name. Only the nearest are in memory; the rest is in the local store alone. It is pure: no client, no goroutine, no
// clock.
//
// The engine keeps timers in two places: the compacted topic <group>-timers, partitioned as the group's table is (by
// explicit partition; the record key does not hash there), and a local store, which follows the topic as rows follow
// their changelog. Both have AppendKey's bytes for key and Value for value. A timer that fired becomes a tombstone.
//
//  1. On assignment, after the local store has caught up with the topic (a key without value deletes): New, with an
//     adapter of the store. Nothing is read until the first timer is asked for, and then at most Config.Near keys.
//     ParseKey refuses foreign keys: call it during recovery, so that a damaged topic halts there.
//  2. Set for each timer that a callback sets, once the callback's effects apply. The same timer twice is one.
//  3. Due gives the due time that watermark.Partition.Next asks for, Take the timer to fire, to be called at once: it
//     counts as fired in this transaction.
//  4. At the end of the transaction: send Changes to the topic, in the same transaction as the offsets. A timer set and
//     fired in between is one tombstone.
//  5. After the commit: apply Changes to the store, in one atomic batch with the topic's position, then Commit. No
//     other call comes between.
//  6. After an abort: Abort. Everything since the last Commit is forgotten, and timers that fired are there again.
//
// There is no cancelling: the callback checks its row. A timer may be set for the past; it is then the first.
package timer

import (
	"errors"
	"fmt"
	"math"
)

// Never is later than every timer.
const Never int64 = math.MaxInt64

// Timer is one call to make. The same due time, key and name is the same timer.
type Timer struct {
	Due  int64 // milliseconds since the Unix epoch: event time, or the wall time of ticks, as the group has it
	Key  string
	Name string
}

// Less orders timers as they fire.
func (t Timer) Less(u Timer) bool {
	if t.Due != u.Due {
		return t.Due < u.Due
	}
	if t.Key != u.Key {
		return t.Key < u.Key
	}
	return t.Name < u.Name
}

// Store is the durable part: the keys of all timers committed.
type Store interface {
	// Ascend calls fn with each key that is not before from, in the order of their bytes, until fn returns false.
	Ascend(from string, fn func(key string) bool) error
}

// Config bounds the memory of an Index.
type Config struct {
	// Near is how many timers are read into memory at once; at most twice as many are there, beside those that the open
	// transaction set. Defaults to 16,384 (about 2 MB with keys of 20 bytes).
	Near int
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return Config{Near: 16384} }

// Validate returns every error.
func (c Config) Validate() error {
	if c.Near < 1 {
		return fmt.Errorf("timer: near is %d, want at least 1", c.Near)
	}
	return nil
}

// ErrMalformed is wrapped by errors about keys and values that this package did not write.
var ErrMalformed = errors.New("timer: malformed")
