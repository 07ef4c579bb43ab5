package engine

import "time"

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

// places returns the partitions whose ends are asked for now: the inputs', and every stableEvery the tables' too, whose
// last stable offsets are then to be measured.
func (s *session) places(seen *lastStable) (all []place, measures bool) {
	for _, c := range s.all {
		all = append(all, place{c.topic, c.number})
	}
	now := time.Now()
	if now.Sub(seen.measured) < stableEvery {
		return all, false
	}
	seen.measured = now
	for _, t := range s.engine.ownTables() {
		all = append(all, t.local.place)
	}
	return all, true
}

// measureStable measures, for inputs and tables of the partitions here, how long the last stable offset has not moved.
func (s *session) measureStable(ends map[place]edge, seen *lastStable) {
	now, oldest := time.Now(), map[string]time.Duration{}
	for at, end := range ends {
		oldest[at.topic] = max(oldest[at.topic], seen.observe(at, end.stable, end.high, now))
	}
	for topic, age := range oldest {
		s.engine.config.Metrics.stableAge.WithLabelValues(s.engine.graph.group, topic).Set(age.Seconds())
	}
}
