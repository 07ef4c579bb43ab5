package audit

import (
	"context"
	"errors"
	"time"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/topology"
)

// patience is how long Verify looks again at differences that keep changing, as those of keys that are written all the
// time do.
const patience = 30 * time.Second

// looks is how often Verify looks while a difference settles.
const looks = 6

// Verify reads all that the deployment has committed, and returns what does not agree. The deployment may go on
// meanwhile. Its memory grows with the number of transactions and users in the topics.
func Verify(ctx context.Context, c Config) (Report, error) {
	if err := c.Validate(); err != nil {
		return Report{}, err
	}
	c = c.withDefaults()
	for n := 1; ; n++ {
		report, err := verify(ctx, c)
		if !errors.Is(err, cluster.ErrChanged) || n == attempts {
			return report, err
		}
		c.Log.Warn("a topic changed while it was read; reading begins anew", "error", err)
	}
}

// attempts is how often Verify begins: what retention takes while it reads would be missed.
const attempts = 3

func verify(ctx context.Context, c Config) (Report, error) {
	r, err := cluster.OpenReader(ctx, c.Client, allTopics(c.Topology), cluster.From{})
	if err != nil {
		return Report{}, err
	}
	defer r.Close()
	r.Progress = c.Progress
	c.Topology = deployed(c.Topology, r)
	b := newBooks(c, r.Whole)
	b.complete()
	b.transactions.trim(r.Begun(c.Topology.Postings.Name))
	s := newLasting(c.Settle)
	var first map[string]bool
	for begun := c.Clock(); ; {
		if err := r.Round(ctx, b.add); err != nil {
			return Report{}, err
		}
		r.Progress = func(int64, int64) {}
		now := c.Clock()
		findings, waiting := s.split(b.open(now, 0), now)
		if first == nil {
			first, begun = waiting, now
		}
		if looked := now.Sub(begun); looked >= c.Settle && !meet(first, waiting) || looked > patience {
			return reportOf(findings, b.users.tallies.leftOutWhy(), b.users.tallies.leftOut(),
				b.transactions.waits()), nil
		}
		select {
		case <-ctx.Done():
			return Report{}, context.Cause(ctx)
		case <-time.After(c.Settle / looks):
		}
	}
}

// deployed is a topology with the partitions that the deployment has, whatever was configured: they say which rows a
// partition of the ledger has expired.
func deployed(t *topology.Topology, r *cluster.Reader) *topology.Topology {
	c := t.Config
	c.Partitions = int32(len(r.Begun(string(t.Ledger.Table()))))
	return topology.New(c)
}

// meet tells whether a difference of the first look still waits. Later ones are of what the deployment does meanwhile.
func meet(first, waiting map[string]bool) bool {
	for id := range waiting {
		if first[id] {
			return true
		}
	}
	return false
}
