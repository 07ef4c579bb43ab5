package views

import (
	"context"

	"github.com/millrace/millrace/domain/catalog"
)

// Commands hands commands to the catalog.
type Commands interface {
	// Send returns once the command will not be lost. What the catalog makes of it stands in the row.
	Send(ctx context.Context, c *catalog.Command) error
}

// judge has the catalog judge a command.
func (s *catalogRoutes) judge(ctx context.Context, c *catalog.Command) (v catalog.Verdict, row *catalog.Row, err error) {
	find := s.catalogVerdict(c.Key(), c.ID, &row)
	send := func(ctx context.Context) error { return s.sendProved(ctx, c) }
	v, err = await(ctx, s.kit, inquiry[catalog.Verdict]{watchers: s.watchers.catalog, key: c.Key(), find: find, send: send})
	return v, row, err
}

// sendProved sends a command with the proof of its actor: the token of the request.
func (s *catalogRoutes) sendProved(ctx context.Context, c *catalog.Command) error {
	c.Proof = proved(ctx)
	return s.commands.Send(ctx, c)
}

// catalogVerdict looks a command up in a row of the catalog, which it leaves in row.
func (s *catalogRoutes) catalogVerdict(key, id string, row **catalog.Row) lookup[catalog.Verdict] {
	return func() (v catalog.Verdict, ok bool, err error) {
		if *row, _, err = rowOf(s.kit, s.sources.catalog, s.config.Topology.Catalog, key); err == nil {
			v, ok = (*row).Verdict(id)
		}
		return v, ok, err
	}
}
