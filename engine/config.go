package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

// NoTick as Config.Tick leaves idle time, timers and sweeps to calls of Engine.Tick and Engine.Sweep.
const NoTick time.Duration = -1

// Config says how one processor runs. What is left out has a default.
type Config struct {
	Client ClientConfig
	// Slot tells the processes of a group apart. It is part of the transactional id and of the static membership:
	// whoever starts with a slot ends the process that had it before, with ErrFenced. Defaults to "0"; give each
	// process its own.
	Slot string
	// Prefix comes before transactional ids and instance ids. Defaults to none.
	Prefix string
	// Partitions of every topic and table; a topic that is missing or has another number is then refused. Defaults to
	// 0: as goka finds them, and goka's loop and table are created if missing.
	Partitions int32
	// Stores keep tables on this machine. Defaults to store.Memory, which every start fills from the changelog.
	Stores store.Opener
	// CommitInterval is how long a transaction takes in records. Defaults to 100 ms.
	CommitInterval time.Duration
	// MaxRecords and MaxBytes bound what one transaction takes in, beyond the rate at which records were handled so
	// far. They default to 50,000 and 32 MiB.
	MaxRecords int
	MaxBytes   int
	// RowCache bounds the decoded rows that are kept from one transaction to the next, by the size of their encoded
	// form in bytes, over all partitions of this process; decoded they take more. Only graphs that share rows have
	// them, see Persist. Defaults to 8 MiB; negative: none.
	RowCache int
	// SessionTimeout is how long the group waits for a process that does not answer. Defaults to 10 s.
	SessionTimeout time.Duration
	// TransactionTimeout is how long a broker keeps the transaction of a process that does not answer, so that nobody
	// waits for it longer. One callback may take three quarters of it. At most the session timeout; defaults to 4/5 of
	// it.
	TransactionTimeout time.Duration
	// StopPatience is how long a stop waits for the batch under way. Defaults to 10 s.
	StopPatience time.Duration
	// IdleAfter is how long a partition of a topic with stream.OwnTime must be without records, and read to its end,
	// before event time no longer waits for it. Defaults to 5 s; negative: always, once it had a record.
	IdleAfter time.Duration
	// OutOfOrderness is how far behind the largest event time of a topic with stream.OwnTime a record may be without
	// being late. Defaults to 0.
	OutOfOrderness time.Duration
	// MaxFuture is how far past the wall clock an event time of such a topic is believed. Defaults to 5 min; negative:
	// any.
	MaxFuture time.Duration
	// Tick is how often idle inputs, and timers that they make due, are looked for. At most 1.25 s: looks further apart
	// prove nothing. Defaults to 200 ms.
	Tick time.Duration
	// MayStand tells that inputs may stop for good, as where events are sent by hand: that event time stands still is
	// then no warning, and logged at level info.
	MayStand bool
	// SweepEvery is the time between two sweeps. Defaults to 10 min.
	SweepEvery time.Duration
	// Clock is the wall clock. Defaults to time.Now.
	Clock func() time.Time
	// Logger defaults to one that drops everything.
	Logger *slog.Logger
	// Metrics is shared by all engines of a process. Defaults to none.
	Metrics *Metrics
	// Reasons are those for which the graph's callbacks file dead letters: each is counted from 0, so that a rate can
	// rise from there. Defaults to those of package stream.
	Reasons []string
	// Index holds, by topic of a table that the graph looks up, functions that are told of every row, during recovery
	// too; a nil value means deleted. Calls for one table are never concurrent. The value must not be changed.
	Index map[string]func(key string, value []byte)
	// Failpoint is told of each place of a transaction that is passed (Failpoints), on whatever goroutine passes it,
	// which goes on when it returns. It is for crash tests. Defaults to none.
	Failpoint func(place string)
}

func or[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

func (c Config) withDefaults() Config {
	c.Client = c.Client.withDefaults()
	or(&c.Slot, "0")
	or(&c.CommitInterval, 100*time.Millisecond)
	or(&c.MaxRecords, 50_000)
	or(&c.MaxBytes, 32<<20)
	or(&c.RowCache, 8<<20)
	or(&c.SessionTimeout, 10*time.Second)
	or(&c.TransactionTimeout, c.SessionTimeout*4/5)
	or(&c.StopPatience, 10*time.Second)
	or(&c.IdleAfter, 5*time.Second)
	or(&c.MaxFuture, 5*time.Minute)
	or(&c.Tick, 200*time.Millisecond)
	or(&c.SweepEvery, 10*time.Minute)
	if c.Stores == nil {
		c.Stores = store.Memory{}
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Reasons == nil {
		c.Reasons = stream.Reasons()
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

// Validate returns every problem of c, joined.
func (c Config) Validate() error {
	errs := []error{c.Client.Validate()}
	c = c.withDefaults()
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Partitions < 0 {
		fail("partitions %d: must not be negative", c.Partitions)
	}
	if c.MaxRecords < 1 || c.MaxBytes < 1 {
		fail("at most %d records and %d bytes in a transaction: both must be positive", c.MaxRecords, c.MaxBytes)
	}
	if c.TransactionTimeout >= c.SessionTimeout {
		fail("transaction timeout %s: must be below the session timeout %s, or a process that was replaced blocks readers", c.TransactionTimeout, c.SessionTimeout)
	}
	if c.CommitInterval > c.patience() {
		fail("commit interval %s: must be below half the transaction timeout %s", c.CommitInterval,
			c.TransactionTimeout)
	}
	for name, d := range map[string]time.Duration{
		"commit interval": c.CommitInterval, "transaction timeout": c.TransactionTimeout,
		"stop patience": c.StopPatience,
		"sweep every":   c.SweepEvery,
	} {
		if d < 0 {
			fail("%s %s: must be positive", name, d)
		}
	}
	if most := watermark.DefaultConfig().Patience / 2; c.Tick != NoTick && (c.Tick < 0 || c.Tick > most) {
		fail("tick %s: must be positive, and at most %s", c.Tick, most)
	}
	return errors.Join(append(errs, c.time().Validate())...)
}

// forever stands for an idle time that never comes.
const forever = 1000 * 24 * time.Hour

// time is what package watermark needs to know.
func (c Config) time() watermark.Config {
	w := watermark.DefaultConfig()
	w.OutOfOrderness, w.MaxFuture, w.IdleAfter = c.OutOfOrderness, c.MaxFuture, c.IdleAfter
	if w.IdleAfter < 0 {
		w.IdleAfter = forever
	}
	w.Patience = min(w.Patience, w.IdleAfter)
	return w
}

// latest is the latest event time, in ms, that is believed now.
func (c Config) latest() int64 {
	if c.MaxFuture < 0 {
		return math.MaxInt64
	}
	return c.Clock().Add(c.MaxFuture).UnixMilli()
}

// patience is what callbacks of one transaction should take at most: the commit must still fit into its timeout.
func (c Config) patience() time.Duration { return c.TransactionTimeout / 2 }

// longest is what callbacks of one transaction may take, even one alone. Beyond it, the processor ends.
func (c Config) longest() time.Duration { return c.TransactionTimeout * 3 / 4 }

// enough is after how long a transaction hands out nothing more, so that it comes to its end: what callbacks that are
// slower than expected add is still far from what they may take.
func (c Config) enough() time.Duration {
	return max(c.CommitInterval, min(slow*c.CommitInterval, c.patience()/4))
}

// slow is what callbacks may take that are handed out ahead of each other.
func (c Config) slow() time.Duration { return c.patience() / 8 }

// identity is the transactional id and the group instance id of a processor.
func (c Config) identity(group string) string { return c.Prefix + group + "-" + c.Slot }
