package mission

import (
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/domain/ledger"
)

// Config bounds what a user row remembers.
type Config struct {
	// ReorderHorizon is how far behind the user's latest created_at payments are kept. Defaults to 24 h.
	ReorderHorizon time.Duration
	// MaxRecent is the most payments kept. Defaults to 256.
	MaxRecent int
	// MaxLate is how many payments a mission remembers that arrived after they had left the horizon of a user for whom
	// the mission was new. Defaults to 256; beyond it they are AfterHorizon.
	MaxLate int
	// MaxOld is how many postings of payments beyond the horizon are remembered to tell duplicates. Defaults to 64.
	MaxOld int
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{ReorderHorizon: 24 * time.Hour, MaxRecent: 256, MaxLate: 256, MaxOld: 64}
}

// Validate returns every problem of c, joined.
func (c Config) Validate() error {
	var errs []error
	if c.ReorderHorizon < time.Minute || c.ReorderHorizon > 30*24*time.Hour {
		errs = append(errs, fmt.Errorf("reorder horizon %s: must be 1m to 720h", c.ReorderHorizon))
	}
	if c.MaxRecent < 1 || c.MaxRecent > 4096 {
		errs = append(errs, fmt.Errorf("recent payments %d: must be 1 to 4096", c.MaxRecent))
	}
	if c.MaxLate < 0 || c.MaxLate > 4096 {
		errs = append(errs, fmt.Errorf("late payments %d: must be 0 to 4096", c.MaxLate))
	}
	if c.MaxOld < 0 || c.MaxOld > 4096 {
		errs = append(errs, fmt.Errorf("old postings %d: must be 0 to 4096", c.MaxOld))
	}
	return errors.Join(errs...)
}

// Apply folds one posting into a user's row, which may be nil. It returns the new row and what follows from it, and
// leaves the old row as it was. Missions that the row has not met yet are first applied to the payments it remembers.
//
// Postings of one transaction must come in order of Seq, as their topic keeps them; those of different transactions may
// come in any order: progress and completions are the same.
func Apply(row *UserRow, p *ledger.Posting, missions *Snapshot, cfg Config) (*UserRow, []Effect) {
	d := newDraft(row, p.UserID, missions, cfg)
	d.meet()
	if d.isDuplicate(p) {
		d.effects = append(d.effects, Duplicate{})
	} else {
		before := d.record(p)
		counted := d.count(p, before)
		d.forget()
		d.effects = append(d.effects, Credit{Currency: p.Currency, Minor: p.NetAfter - p.NetBefore, Missions: counted})
	}
	d.conclude(cause{p.At, p.TransactionID})
	return d.result(), d.effects
}

// Touch brings a user's row, which may be nil, up to the missions in force without a posting, for reads. It returns row
// itself if nothing changes.
func Touch(row *UserRow, user string, missions *Snapshot, cfg Config) *UserRow {
	d := newDraft(row, user, missions, cfg)
	d.meet()
	d.conclude(cause{})
	return d.result()
}
