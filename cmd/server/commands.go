package server

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/topology"
)

// commands sends to the catalog, as views.Commands.
type commands struct {
	client   *kgo.Client
	topology *topology.Topology
}

// Send returns once all in-sync replicas have the command. One whose fate is not known may still be judged.
func (s *commands) Send(ctx context.Context, c *catalog.Command) error {
	value, err := s.topology.CatalogCommands.Codec.Encode(c)
	if err != nil {
		return err
	}
	r := &kgo.Record{Topic: s.topology.CatalogCommands.Name, Key: []byte(c.Key()), Value: value}
	return s.client.ProduceSync(ctx, r).FirstErr()
}
