package server

import (
	"context"
	"log/slog"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/topology"
	healthviews "github.com/millrace/millrace/views/health"
)

// follow hands every record of the health topics that is committed from now on to the feed, until ctx ends.
func follow(ctx context.Context, client *kgo.Client, t *topology.Topology, f *healthviews.Feed, log *slog.Logger) {
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		fetches.EachError(func(topic string, partition int32, err error) {
			if ctx.Err() == nil {
				log.Warn("the health stream cannot read", "topic", topic, "partition", partition, "error", err)
			}
		})
		for r := range fetches.RecordsAll() {
			switch r.Topic {
			case t.HealthWindows.Name, t.HealthCorrections.Name:
				f.Window(string(r.Key), r.Value)
			case t.HealthStatus.Name:
				f.Status(string(r.Key), r.Value)
			}
		}
	}
}

// followOptions are those of a client for follow.
func followOptions(t *topology.Topology) []kgo.Opt {
	return []kgo.Opt{
		kgo.ConsumeTopics(t.HealthWindows.Name, t.HealthCorrections.Name, t.HealthStatus.Name),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
	}
}
