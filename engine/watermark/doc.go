// Package watermark decides how event time passes through one partition of a processor group, and from group to group.
// It is pure: no client, no goroutine, no clock. All times are milliseconds since the Unix epoch; None is "nothing
// known". The wall clock is an argument (wall), read by the engine.
//
// The parts: a source derives the time of a partition of a topic that strangers write, and whether it is idle. A Merge
// takes the minimum over all sources of all inputs. A gate decides when timers fire and records wait. A Record is the
// watermark that one partition sends to every partition of its outputs. A Partition joins them, and is all that the
// engine needs:
//
//  1. On assignment: New, then Restore with the rows of the local store that begin with RowPrefix (a stateless group:
//     RestoreText with its offset metadata). Then Resume, below.
//  2. At the beginning of each transaction, and before records of a partition are dispatched: Fetched for each of its
//     own topics (Input.Own) that has some, then send what AnnounceActive returns, before anything else. It makes the
//     readers wait for a partition that was idle.
//  3. In log order: a record of a topic that is not own whose value Is a watermark record is decoded and given to
//     Observe, not dispatched (an own topic's never is one: a stranger must not move time). If Observe tells that the
//     watermark rose, Resume. Other records: Dispatched, stamped with Watermark (callbacks see the time of their place
//     in the log), and Marked once goka has marked them.
//  4. Resume: ask Next with the due time of the first timer (timer.Never if there is none) until it answers Read. Wait:
//     wait for a mark, no more is dispatched in this partition. Fire: pop the first timer, Dispatched, call it; one at
//     a time, since a callback may set a timer that comes before the second. Read: go on. A transaction may be cut
//     between two timers: the rest fires after the commit, or after a restart, before anything else.
//  5. Own topics: collect what callbacks Advance to; when all is marked, at the end of the transaction, give the
//     largest to Seen, then Resume: the timers it makes due fire in the same transaction.
//  6. Then send what Forward returns to every partition of every output that carries time, by explicit partition, and
//     put Changed into the overlay (a stateless group: Text as offset metadata of one of its own topics). All of it
//     commits with the offsets; after it, Commit, or else Abort, and Resume.
//  7. At least twice per Config.Patience: Empty for each topic whose fetch brought nothing, with atEnd telling whether
//     the position is the high watermark (of the topic, not its last stable offset: behind that, records wait for their
//     commit), and Tick. If HasUpdate then reports true, that is a transaction too, if only with timers and
//     ticks.
//
// The loop topic of a group is no input here: a partition would wait for itself.
//
// A wall-timed group has no inputs here, whatever it reads: step 2 is Reach with the wall time, then Resume; the rest
// holds as it is, and Forward is never sent. So its calls see the time of their transaction, timers that are due come
// before its records, and its row keeps the time below which no successor goes.
//
// # What is promised
//
// The watermark never goes back. It rises to the minimum over the sources that are not idle, and waits for each source
// that was announced and has not reported, and for each input that was neither announced nor seen empty. If all are
// idle, it is the largest source time plus the wall time that passed since that source's last record, as that source
// itself tells; wall time counts only as far as fetches at the end of the partition prove that nothing waits to be
// read, so that it never overruns history, a stopped process or a restart.
//
// Only partitions of own topics become idle. A partition further down gets reports of all its sources all the time; it
// is idle only as long as none of them ever had a record. That way a slow or dead partition downstream holds its
// readers, whatever its input does.
package watermark

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// None stands for a time of which nothing is known. It sorts before all others.
const None int64 = math.MinInt64

// The times that a record may carry: the years 1 to 9999. Sums of a few of them do not overflow.
const (
	minTime int64 = -62135596800000
	maxTime int64 = 253402300799999
)

func valid(t int64) bool { return t >= minTime && t <= maxTime }

// Config sets how a source judges its partition. Precision is a millisecond.
type Config struct {
	// OutOfOrderness is how far behind the largest event time a record may be without being late. Defaults to 0.
	OutOfOrderness time.Duration
	// IdleAfter is how long fetches at the end of the partition must stay empty. Defaults to 5 s.
	IdleAfter time.Duration
	// Patience is how far two empty fetches may be apart. A longer gap (a stopped process, a broker away) proves
	// nothing, and the count begins anew. At most IdleAfter. Defaults to 2.5 s.
	Patience time.Duration
	// MaxFuture is how far past the wall clock an event time may move the source; beyond, it does not. Negative: any.
	// Defaults to 5 min.
	MaxFuture time.Duration
	// Every is the grain of the wall time that an idle source tells. Defaults to 1 s.
	Every time.Duration
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{IdleAfter: 5 * time.Second, Patience: 2500 * time.Millisecond, MaxFuture: 5 * time.Minute,
		Every: time.Second}
}

// Validate returns every error.
func (c Config) Validate() error {
	const limit = 1000 * 24 * time.Hour
	var errs []error
	within := func(name string, d, low, high time.Duration) {
		if d < low || d > high {
			errs = append(errs, fmt.Errorf("watermark: %s is %v, want %v to %v", name, d, low, high))
		}
	}
	within("out of orderness", c.OutOfOrderness, 0, limit)
	within("idle after", c.IdleAfter, time.Millisecond, limit)
	within("patience", c.Patience, time.Millisecond, max(c.IdleAfter, time.Millisecond))
	within("max future", c.MaxFuture, -limit, limit)
	within("every", c.Every, time.Millisecond, limit)
	return errors.Join(errs...)
}
