package stock

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// NoTick as Config.Tick leaves timers and sweeps to calls of Transport.Tick.
const NoTick time.Duration = -1

// Config says how a Transport or a Table reaches Kafka and how event time is driven.
type Config struct {
	// Brokers are the seed addresses, host:port. At least one.
	Brokers []string
	// ClientID names this process to the brokers. Defaults to "millrace".
	ClientID string
	// Partitions of every topic and table. A topic with another number is refused. At least 1.
	Partitions int32
	// IdleAfter is how long a partition must be without records, and read to its end, before its event time follows the
	// wall clock. Defaults to 5 s; negative: never.
	IdleAfter time.Duration
	// Tick is how often due timers are looked for. Defaults to 200 ms.
	Tick time.Duration
	// SweepEvery is the time between two sweeps. Defaults to 10 min.
	SweepEvery time.Duration
	// FetchWait is how long a broker may hold a fetch that finds nothing. A start and a stop each take about that long.
	// Defaults to 250 ms.
	FetchWait time.Duration
	// Clock is the wall clock. Defaults to time.Now.
	Clock func() time.Time
	// Logger defaults to one that drops everything.
	Logger *slog.Logger
	// Metrics is shared by all transports of a process. Defaults to none.
	Metrics *Metrics
	// End returns the offset after the last record of a partition that a reader gets, where transactions write. Defaults to
	// the end of the log.
	End func(topic string, partition int32) (int64, error)
	// Index holds, by topic of a table that the graph looks up, functions that are told of every row, during recovery
	// too; a nil value means deleted. Calls for one table are never concurrent. The value must not be changed.
	Index map[string]func(key string, value []byte)
}

func (c Config) withDefaults() Config {
	if c.ClientID == "" {
		c.ClientID = "millrace"
	}
	if c.IdleAfter == 0 {
		c.IdleAfter = 5 * time.Second
	}
	if c.Tick == 0 {
		c.Tick = 200 * time.Millisecond
	}
	if c.SweepEvery == 0 {
		c.SweepEvery = 10 * time.Minute
	}
	if c.FetchWait == 0 {
		c.FetchWait = 250 * time.Millisecond
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

// Validate returns every problem of c, joined.
func (c Config) Validate() error {
	var errs []error
	if len(c.Brokers) == 0 {
		errs = append(errs, errors.New("brokers: at least one address is needed"))
	}
	if c.Partitions < 1 {
		errs = append(errs, fmt.Errorf("partitions %d: must be at least 1", c.Partitions))
	}
	if c.Tick < 0 && c.Tick != NoTick {
		errs = append(errs, fmt.Errorf("tick %s: must be positive", c.Tick))
	}
	if c.FetchWait < 0 {
		errs = append(errs, fmt.Errorf("fetch wait %s: must be positive", c.FetchWait))
	}
	if c.SweepEvery < 0 {
		errs = append(errs, fmt.Errorf("sweep every %s: must be positive", c.SweepEvery))
	}
	return errors.Join(errs...)
}
