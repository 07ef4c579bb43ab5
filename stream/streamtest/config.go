package streamtest

import (
	"time"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/engine"
)

// commitInterval is short: nobody writes while a script waits.
const commitInterval = time.Millisecond

// Processor is what is under test.
type Processor struct {
	Graph *goka.GroupGraph
	// Index is given to the engine, see engine.Config.
	Index map[string]func(key string, value []byte)
}

// Config describes the processor under test and how its data is written in scripts.
type Config struct {
	// Build makes the processor with fresh memory; a restart calls it again.
	Build func() Processor
	// Topics say how values are written. Topics of the graph that are not named here are Raw.
	Topics []Topic
	// Row formats the rows of the group table, see Value. Defaults to raw.
	Row func(value []byte) string
	// Partitions of every topic. Defaults to 1.
	Partitions int32
	// Wall is where the injected wall clock begins. Defaults to 2026-03-01T12:00:00Z.
	Wall time.Time
	// Calm leaves out the runs with kills, whose aborted records take offsets, too: for scripts whose golden output
	// names offsets of what the processor itself wrote.
	Calm bool
	// IdleAfter is the engine's idle rule. Defaults to 5 s.
	IdleAfter time.Duration
	// Metrics are the engine's. Defaults to none.
	Metrics *engine.Metrics
}

func (c Config) withDefaults() Config {
	if c.Partitions == 0 {
		c.Partitions = 1
	}
	if c.Wall.IsZero() {
		c.Wall = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	}
	if c.Row == nil {
		c.Row = formatRaw
	}
	return c
}
