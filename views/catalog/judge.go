package catalog

import (
	"context"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/views/serve"
)

// Commands hands commands to the catalog.
type Commands interface {
	// Send returns once the command will not be lost. What the catalog makes of it stands in the row.
	Send(ctx context.Context, c *catalog.Command) error
}

// judge has the catalog judge a command.
func (s *Routes) judge(ctx context.Context, c *catalog.Command) (v catalog.Verdict, row *catalog.Row, err error) {
	find := s.catalogVerdict(c.Key(), c.ID, &row)
	send := func(ctx context.Context) error { return s.sendProved(ctx, c) }
	v, err = serve.Await(ctx, s.Kit, serve.Inquiry[catalog.Verdict]{Watchers: s.Watchers.Catalog, Key: c.Key(),
		Find: find, Send: send})
	return v, row, err
}

// sendProved sends a command with the proof of its actor: the token of the request.
func (s *Routes) sendProved(ctx context.Context, c *catalog.Command) error {
	c.Proof = serve.Proved(ctx)
	return s.Commands.Send(ctx, c)
}

// catalogVerdict looks a command up in a row of the catalog, which it leaves in row.
func (s *Routes) catalogVerdict(key, id string, row **catalog.Row) serve.Lookup[catalog.Verdict] {
	return func() (v catalog.Verdict, ok bool, err error) {
		if *row, _, err = serve.RowOf(s.Kit, s.Sources.Catalog, s.Config.Topology.Catalog, key); err == nil {
			v, ok = (*row).Verdict(id)
		}
		return v, ok, err
	}
}
