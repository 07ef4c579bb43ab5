package ledger

import (
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// The bounds of one row. They are constants, not settings: replaying the same log must refuse the same events.
const (
	// maxEvents is how many different events one transaction may have (docs/design.md, section 5); the next is
	// `row_too_large`.
	maxEvents = 1000
	// maxPlaces is at how many places one payment may be tried: more than any orchestrator does. An event that names
	// one more is `row_too_large`.
	maxPlaces = 64
	// journalSize is how many journal entries a row keeps; all of them are on the journal topic.
	journalSize = 64
	// maxRowBytes bounds a row by an upper estimate of its encoded size, so that its changelog record stays below
	// Kafka's default record limit of 1 MiB: waiting reversals are kept whole, and an event may be nearly 1 MiB itself.
	// An event that would exceed it is `row_too_large`, too. It bounds postings as well: one has the payment and the
	// event at most.
	maxRowBytes = 1_000_000
)

// Config holds the ledger's settings.
type Config struct {
	// PendingTimeout is how long after it was first seen pending at a place a payment may stay so before health counts
	// the attempt as timed out. Defaults to 300 s.
	PendingTimeout time.Duration
	// Retention is how long after its last event a transaction is kept. Older events are refused. A refund that comes
	// later than that after its payment finds none, and waits as long again. Defaults to 90 days.
	Retention time.Duration
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{PendingTimeout: 300 * time.Second, Retention: 90 * 24 * time.Hour}
}

// Validate returns every problem of c, joined.
func (c Config) Validate() error {
	var errs []error
	if c.PendingTimeout < time.Millisecond {
		errs = append(errs, fmt.Errorf("pending_timeout %v: must be at least 1ms", c.PendingTimeout))
	}
	if c.Retention < time.Millisecond {
		errs = append(errs, fmt.Errorf("retention %v: must be at least 1ms", c.Retention))
	}
	if c.Retention <= c.PendingTimeout {
		errs = append(errs, fmt.Errorf("retention %v: must be longer than pending_timeout %v", c.Retention,
			c.PendingTimeout))
	}
	return errors.Join(errs...)
}

// Until returns the event time up to which a row is kept: what waits in it waits until then, or the next event of its
// transaction.
func (c Config) Until(r *Row) instant.Milli { return later(r.LastAt, c.Retention) }

// TooOld tells whether an event with this event time is refused where the event time of the ledger is watermark (0: not
// known), and whether a row whose last event it was has expired: a row lives exactly as long as its last event would
// still be taken.
func (c Config) TooOld(at, watermark instant.Milli) bool {
	return watermark != 0 && at < later(watermark, -c.Retention)
}
