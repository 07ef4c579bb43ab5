package stream

import (
	"math/big"
	"time"

	"github.com/lovoo/goka"
)

// Transport is what a goka.Context must also implement, by goka.WithContextWrapper, for callbacks to see event time.
// Each method speaks of the partition that the callback runs under.
type Transport interface {
	// Watermark promises that nothing earlier is expected. Zero: nothing is known yet. With WallClock it is now.
	Watermark() time.Time
	// Advance tells that event time t was seen in the topic at hand. It counts for topics with OwnTime, and never moves
	// time back.
	Advance(t time.Time)
}

// Observer is implemented by a Transport that counts dead letters and measures how long things take.
type Observer interface {
	DeadLettered(reason string)
	// Finished see Context.Finishes.
	Finished(arrived time.Time)
}

// Adder is implemented by a Transport that keeps sums, for callbacks without a Context: see its Add.
type Adder interface {
	Add(sum string, n *big.Int)
}

// Writer is implemented by a Transport that applies what a callback asked for as one. Without it there are no timers
// and no sums.
type Writer interface {
	// Write applies x whole, or does nothing and says why: a value is larger than RecordLimit, or refused by its codec.
	// A ReasonError knows its dead-letter reason, other errors count as a failed callback.
	Write(x Effects) error
	// RecordLimit is the largest key and value with their headers, in bytes.
	RecordLimit() int
}

// Effects are a callback's row, emits, timers and sums.
type Effects struct {
	// Changed says that Row is the key's new row; nil: it has none any more.
	Changed bool
	Row     any
	Emits   []Emitted // in their order
	Timers  []Timer   // of the current key, see Context.SetTimer
	Sums    []Sum     // see Context.Add
}

// Sum is what is added to a sum of the partition.
type Sum struct {
	Name string
	N    *big.Int
}

// Emitted is one value for one topic.
type Emitted struct {
	Topic goka.Stream // empty: the loop
	Key   string
	Value any
	Stamp time.Time // of the record; zero: when it is sent
}

// Timer is one due timer of the current key.
type Timer struct {
	Due  time.Time
	Name string
}

// The names of the visits by which a transport serves Timers and Sweep.
const (
	TimerVisit = "millrace-timers"
	SweepVisit = "millrace-sweep"
)

// TimerTopic is the compacted topic in which the engine keeps a group's timers, co-partitioned with the group's table.
func TimerTopic(group string) string { return group + "-timers" }

// DueTimers is the meta value of a TimerVisit: it hands out, once, the timers of a key that are due, in order of due
// time and name.
type DueTimers interface {
	Pop(partition int32, key string) []Timer
	// Called tells that those taken last were called, and what they asked for is done.
	Called(partition int32)
}
