package engine

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// stableEvery is the time between two looks at last stable offsets.
const stableEvery = time.Second

// stable follows the last stable offsets of partitions: where one stands still while records wait behind it, a
// transaction is open that nobody ends, and every reader waits. Brokers end those of producers that they know; of the
// others they say nothing.
type stable struct {
	at     map[place]still
	looked time.Time
}

// still is where an offset stands, and since when.
type still struct {
	offset int64
	since  time.Time
}

// saw takes in the last stable offset and the end of a partition, and returns for how long records wait.
func (s *stable) saw(at place, offset, end int64, now time.Time) time.Duration {
	was, known := s.at[at]
	if !known || was.offset != offset || offset >= end {
		if s.at == nil {
			s.at = map[place]still{}
		}
		was = still{offset, now}
		s.at[at] = was
	}
	return now.Sub(was.since)
}

// stand measures, for inputs and tables of the partitions here, how long the last stable offset stands still.
func (s *session) stand(ctx context.Context, client *kgo.Client, seen *stable) error {
	now, admin := time.Now(), kadm.NewClient(client)
	if now.Sub(seen.looked) < stableEvery {
		return nil
	}
	seen.looked = now
	var places []place
	for _, c := range s.all {
		places = append(places, place{c.topic, c.number})
	}
	for _, t := range s.engine.ownTables() {
		places = append(places, t.local.place)
	}
	oldest := map[string]time.Duration{}
	for _, at := range places {
		oldest[at.topic] = 0
	}
	topics := make([]string, 0, len(oldest))
	for topic := range oldest {
		topics = append(topics, topic)
	}
	offsets, err := admin.ListCommittedOffsets(ctx, topics...)
	if err != nil {
		return err
	}
	ends, err := admin.ListEndOffsets(ctx, topics...)
	if err != nil {
		return err
	}
	for _, at := range places {
		offset, ok := offsets.Lookup(at.topic, at.partition)
		end, also := ends.Lookup(at.topic, at.partition)
		if ok && also && offset.Err == nil && end.Err == nil {
			oldest[at.topic] = max(oldest[at.topic], seen.saw(at, offset.Offset, end.Offset, now))
		}
	}
	for topic, age := range oldest {
		s.engine.config.Metrics.stableAge.WithLabelValues(s.engine.graph.group, topic).Set(age.Seconds())
	}
	return nil
}
