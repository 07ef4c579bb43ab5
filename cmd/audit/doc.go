// Package audit compares the committed records of a deployment with each other: tables with the topics that they are
// made of, and topics with topics. It reads as any reader of committed records does, and shares no code with the
// decisions of the processors: a book adds records up by key, and reports where two sides of an account differ.
//
// Two sides are never read at one moment. So a difference counts only if neither side changes for some time
// (Config.Settle), and, where a group's table stands against its input, if the table says that the group has read that
// far. Keys that change all the time are judged when they rest.
//
// Verify reads everything from the beginning and names each finding: `millrace verify`. Watch follows new records in
// bounded memory, for the metrics of conservation; it accepts as given what it has not seen from the beginning.
package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/sum"
	"github.com/millrace/millrace/topology"
)

// Config says what is audited.
type Config struct {
	Client   engine.ClientConfig
	Topology *topology.Topology
	// Retention is how long the ledger keeps a transaction after its last event: a row that goes earlier is a finding.
	// Defaults to 90 days.
	Retention time.Duration
	// Horizon is how far behind the latest users' rows remember payments, progress.reorder_horizon. Defaults to 24 h.
	Horizon time.Duration
	// Lead is how long after a mission was changed progress may go on without knowing it, with what clocks of machines
	// may differ. Defaults to mission.VersionLead.
	Lead time.Duration
	// Settle is how long a difference must stand unchanged to be one. Defaults to 3 s.
	Settle time.Duration
	// Every is the pause between two looks of Watch. Defaults to 5 s.
	Every time.Duration
	// Keys bounds how many transactions, and how many users, Watch remembers beyond those under way. Defaults to
	// 200,000.
	Keys int
	// Ledgers and Users are copies of the tables of ledger and progress, for Watch to hold whole partitions against the
	// sums that they keep. Without both Watch sees only what changes. Default to none.
	Ledgers, Users Table
	// Clock is the wall clock. Defaults to time.Now.
	Clock func() time.Time
	// Log is told of findings and of brokers that do not answer. Defaults to none.
	Log *slog.Logger
	// Progress hears how many records Verify has read of how many offsets. Defaults to nobody.
	Progress func(read, all int64)
}

// Table is a copy of a table, an engine.View.
type Table interface {
	Walk(partition int32, fn func(key string, value []byte) error) (sum.Sums, error)
	Known(partition int32) engine.Known
	Wait(ctx context.Context, at map[int32]position.Position) error
	Recovered() bool
	WaitRecovered(ctx context.Context) error
}

func (c Config) withDefaults() Config {
	if c.Retention == 0 {
		c.Retention = 90 * 24 * time.Hour
	}
	if c.Horizon == 0 {
		c.Horizon = mission.DefaultConfig().ReorderHorizon
	}
	if c.Lead == 0 {
		c.Lead = mission.VersionLead
	}
	if c.Settle == 0 {
		c.Settle = 3 * time.Second
	}
	if c.Every == 0 {
		c.Every = 5 * time.Second
	}
	if c.Keys == 0 {
		c.Keys = 200_000
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Progress == nil {
		c.Progress = func(int64, int64) {}
	}
	return c
}

// Validate returns every problem of c, joined.
func (c Config) Validate() error {
	errs := []error{c.Client.Validate()}
	if c.Topology == nil {
		errs = append(errs, errors.New("audit: a topology is needed"))
	}
	for name, d := range map[string]time.Duration{"retention": c.Retention, "horizon": c.Horizon, "lead": c.Lead,
		"settle": c.Settle, "every": c.Every} {
		if d < 0 {
			errs = append(errs, fmt.Errorf("audit: %s %v: must not be negative", name, d))
		}
	}
	if c.Keys < 0 {
		errs = append(errs, fmt.Errorf("audit: %d keys: must not be negative", c.Keys))
	}
	return errors.Join(errs...)
}
