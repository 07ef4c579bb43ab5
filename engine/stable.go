package engine

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// stableEvery is the time between two measurements of last stable offsets.
const stableEvery = time.Second

// lastStable follows last stable offsets of partitions: where one stands still while records wait behind it, a
// transaction is open that nobody ends, and every reader waits. Brokers end those of producers that they know; of the
// others they say nothing.
type lastStable struct {
	at       map[place]stall
	measured time.Time
}

// stall is an offset, and since when it has not moved.
type stall struct {
	offset int64
	since  time.Time
}

// observe applies the last stable offset and the end of a partition, and returns for how long records have waited.
func (s *lastStable) observe(at place, offset, end int64, now time.Time) time.Duration {
	was, known := s.at[at]
	if !known || was.offset != offset || offset >= end {
		if s.at == nil {
			s.at = map[place]stall{}
		}
		was = stall{offset, now}
		s.at[at] = was
	}
	return now.Sub(was.since)
}

// measureStable measures, for inputs and tables of the partitions here, how long the last stable offset has not moved.
func (s *session) measureStable(ctx context.Context, client *kgo.Client, seen *lastStable) error {
	now, admin := time.Now(), kadm.NewClient(client)
	if now.Sub(seen.measured) < stableEvery {
		return nil
	}
	seen.measured = now
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
			oldest[at.topic] = max(oldest[at.topic], seen.observe(at, offset.Offset, end.Offset, now))
		}
	}
	for topic, age := range oldest {
		s.engine.config.Metrics.stableAge.WithLabelValues(s.engine.graph.group, topic).Set(age.Seconds())
	}
	return nil
}
