package worker

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/engine"
)

// The defaults of Config and Kind.
const (
	DefaultConcurrency = 32
	DefaultDrain       = 20 * time.Second
	defaultClaimAfter  = 250 * time.Millisecond
)

// maxConcurrency bounds what one process holds: a fetch asks for no more records.
const maxConcurrency = 10_000

// Kind is a kind of tasks that a worker serves.
type Kind struct {
	// Policy is the kind as the deployment declares it. Its mode says which of the handlers is needed.
	Policy task.Kind
	// Handler is for micro kinds, Batch for batch kinds.
	Handler Handler
	Batch   BatchHandler
	// Concurrency is how many calls may be under way at once, 1 to 10,000. Defaults to 32, and to 1 for a batch kind.
	Concurrency int
	// Longest is how long one call may take, 10 ms to 24 h. What takes longer than Policy.Timeout is kept alive by
	// heartbeats. Defaults to Policy.Timeout.
	Longest time.Duration
}

// Config says what a worker does.
type Config struct {
	// Client says how to reach Kafka.
	Client engine.ClientConfig
	// Prefix of the deployment is put before the names of share groups. Defaults to none.
	Prefix string
	// Runs and Results are the topics, as topology names them: task-runs and task-results, with the prefix.
	Runs, Results string
	// Kinds are served; at least one.
	Kinds []Kind
	// Drain is how long calls may go on after the end of Run's context. Defaults to 20 s.
	Drain time.Duration
	// ClaimAfter is how long a run may be with its handler before the worker claims it. Defaults to 250 ms.
	ClaimAfter time.Duration
	// Registerer takes the metrics. Defaults to none.
	Registerer prometheus.Registerer
	// Log defaults to slog.Default().
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Drain == 0 {
		c.Drain = DefaultDrain
	}
	if c.ClaimAfter == 0 {
		c.ClaimAfter = defaultClaimAfter
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	kinds := make([]Kind, len(c.Kinds))
	for i, k := range c.Kinds {
		if k.Concurrency == 0 {
			k.Concurrency = DefaultConcurrency
			if k.Policy.Mode == task.Batch {
				k.Concurrency = 1
			}
		}
		if k.Longest == 0 {
			k.Longest = k.Policy.Timeout
		}
		kinds[i] = k
	}
	c.Kinds = kinds
	return c
}

// Validate returns every problem of c, joined. Nothing is dialled.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("worker: "+format, args...)) }
	if err := c.Client.Validate(); err != nil {
		errs = append(errs, err)
	}
	if c.Runs == "" || c.Results == "" {
		bad("runs and results: the names of both topics are needed")
	}
	if len(c.Kinds) == 0 {
		bad("kinds: at least one is needed")
	}
	if c.Drain < 0 {
		bad("drain %s: write 0s for %s, or more", c.Drain, DefaultDrain)
	}
	if c.ClaimAfter < 0 {
		bad("claim after %s: write 0s for %s, or more", c.ClaimAfter, defaultClaimAfter)
	}
	seen := map[string]bool{}
	for _, k := range c.Kinds {
		if seen[k.Policy.Name] {
			bad("kind %s: it is served twice", k.Policy.Name)
		}
		seen[k.Policy.Name] = true
		if err := k.validate(); err != nil {
			bad("kind %s: %w", k.Policy.Name, err)
		}
	}
	return errors.Join(errs...)
}

func (k Kind) validate() error {
	errs := []error{k.Policy.Validate()}
	switch {
	case k.Policy.Mode == task.Batch && (k.Batch == nil || k.Handler != nil):
		errs = append(errs, errors.New("its mode is batch: it needs Batch and no Handler"))
	case k.Policy.Mode == task.Micro && (k.Handler == nil || k.Batch != nil):
		errs = append(errs, errors.New("its mode is micro: it needs Handler and no Batch"))
	}
	if k.Concurrency < 1 || k.Concurrency > maxConcurrency {
		errs = append(errs, fmt.Errorf("concurrency %d: write 1 to %d", k.Concurrency, maxConcurrency))
	}
	if k.Longest < task.MinTimeout || k.Longest > task.MaxTimeout {
		errs = append(errs, fmt.Errorf("longest %s: write %s to %s", k.Longest, task.MinTimeout, task.MaxTimeout))
	}
	return errors.Join(errs...)
}
