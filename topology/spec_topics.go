package topology

import (
	"slices"
	"time"
)

// Topics returns every topic of the deployment, streams first, then each group's table, loop and timers. The order is
// fixed.
func (t *Topology) Topics() []Spec {
	specs := slices.Clone(t.topics)
	for _, g := range t.Groups() {
		if g.Table != "" {
			specs = append(specs, t.table(g))
		}
		if g.Loop != "" {
			loop := t.stream(g.Loop, g.Key, Binary, WorkRetention)
			loop.Kind, loop.Group = Loop, g.Name
			specs = append(specs, loop)
		}
		if g.Timers != "" {
			specs = append(specs, t.timers(g))
		}
	}
	return specs
}

// timerKey is what timers are keyed by. They lie in the partition of their row, where the key alone would not put them.
const timerKey = "due time, row, name"

// stream runs its retention on append time, so that replayed history is not deleted as it arrives.
func (t *Topology) stream(name, key string, f Format, keep time.Duration) Spec {
	minISR := 1
	if t.Config.Replication >= replicasForMinISR2 {
		minISR = 2
	}
	return Spec{
		Name: name, Kind: Stream, Key: key, Format: f,
		Partitions: t.Config.Partitions, Replication: t.Config.Replication,
		Cleanup: cleanupDelete, Retention: keep, Timestamps: timestampsAppend,
		MaxMessageBytes: MaxMessageBytes, MinISR: minISR,
	}
}

func (t *Topology) auditRetention() time.Duration {
	if t.Config.AuditRetention == 0 {
		return unlimited
	}
	return t.Config.AuditRetention
}

// foreign topics are their producers'.
func foreign(s *Spec) { s.Foreign, s.Timestamps = true, "" }

// erasableAfter has a topic compacted beside its retention, so that records can be taken back, after a while, by
// tombstones.
func erasableAfter(lag time.Duration) func(*Spec) {
	return func(s *Spec) { s.Cleanup, s.CompactionLag = cleanupBoth, lag }
}

// bySize bounds a topic by its size: windows have their end as their timestamp, which may be long ago.
func bySize(s *Spec) { s.Timestamps, s.RetentionBytes = timestampsProducers, WindowBytes }

func (t *Topology) table(g GroupSpec) Spec {
	s := t.stream(g.Table, g.Key, Binary, 0)
	s.Kind, s.Group, s.Cleanup, s.CompactionLag = Table, g.Name, cleanupCompact, compactionLag
	return s
}

func (t *Topology) timers(g GroupSpec) Spec {
	s := t.table(g)
	s.Name, s.Kind, s.Key = g.Timers, Timers, timerKey
	return s
}
