package topology

import (
	"time"

	"github.com/lovoo/goka"
)

// Topics returns every topic of the deployment, streams first, then each group's table, loop and timers. The order is fixed.
func (t *Topology) Topics() []Spec {
	payments := t.stream(t.Payments.Name, "any", JSON, WorkRetention)
	payments.Foreign, payments.Timestamps = true, ""
	specs := []Spec{
		payments,
		t.stream(t.Transactions.Name, "transaction", Binary, LedgerRetention),
		t.stream(t.Postings.Name, "user", Binary, LedgerRetention),
		t.stream(t.Attempts.Name, "mode/instrument/gateway", Binary, WorkRetention),
		t.journal(),
		// Outcomes are what was promised to people.
		t.stream(t.Outcomes.Name, "mission", JSON, LedgerRetention),
		// What people asked for is kept as long as the payments that it decides on.
		t.stream(t.Enrolments.Name, "user", Binary, LedgerRetention),
		t.stream(t.UserSegments.Name, "user", Binary, LedgerRetention),
		// Kept as long as postings: whoever reads those must know which are no longer the user's.
		t.stream(t.Erasures.Name, "user or transaction", Binary, LedgerRetention),
		t.stream(t.PoolCodes.Name, "pool/id", Binary, WorkRetention),
		// What was reserved and what became of it is kept as long as the outcomes.
		t.stream(t.RewardsIn.Name, "user", Binary, LedgerRetention),
		t.stream(t.BudgetReturns.Name, "mission", Binary, LedgerRetention),
		t.stream(t.Notifications.Name, "user", JSON, WorkRetention),
		t.stream(t.Claims.Name, "user", Binary, LedgerRetention),
		t.stream(t.RewardResults.Name, "user", Binary, WorkRetention),
		t.stream(t.Tasks.Name, "ordering key", Binary, WorkRetention),
		t.stream(t.CatalogCommands.Name, "kind/id", Binary, LedgerRetention),
		t.stream(t.CatalogEvents.Name, "kind/id", JSON, LedgerRetention),
		t.stream(t.Audit.Name, "kind/id", JSON, t.auditRetention()),
		t.auditUsers(),
		t.windows(t.HealthWindows.Name),
		t.windows(t.HealthCorrections.Name),
		t.stream(t.HealthScores.Name, "mode", Binary, WorkRetention),
		t.stream(t.HealthStatus.Name, "mode, mode/instrument or mode/instrument/gateway", JSON, LedgerRetention),
		t.stream(t.Downtimes.Name, "mode/instrument or mode/instrument/gateway", JSON, LedgerRetention),
		// What people decided is kept as long as the commands that said so.
		t.stream(t.Overrides.Name, "mode", Binary, LedgerRetention),
		t.stream(t.HealthSettings.Name, "mode", Binary, LedgerRetention),
		// The table of dead letters says where their bytes are: here. They can be replayed as long as the ledger would take them.
		t.stream(t.DeadLetterRecords.Name, "source topic-partition-offset", Raw, LedgerRetention),
		// Who decided what on them; of a replay, the record that was sent.
		t.stream(t.DeadLetterCommands.Name, "source topic-partition-offset", Binary, LedgerRetention),
	}
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

// journal is compacted beside its retention, so that a transaction can be erased from it: docs/adr/0014-erasure.md.
func (t *Topology) journal() Spec {
	s := t.stream(t.Journal.Name, "transaction", JSON, LedgerRetention)
	s.Cleanup, s.CompactionLag = cleanupBoth, WorkRetention
	return s
}

func (t *Topology) auditRetention() time.Duration {
	if t.Config.AuditRetention == 0 {
		return unlimited
	}
	return t.Config.AuditRetention
}

// auditUsers is compacted beside its retention, so that a user's lines can be erased from it. Each line has a key of its own.
func (t *Topology) auditUsers() Spec {
	s := t.stream(t.AuditUsers.Name, "user, group and number", JSON, t.auditRetention())
	s.Cleanup, s.CompactionLag = cleanupBoth, compactionLag
	return s
}

// windows have the window's end as their timestamp, which may be long ago: only their size bounds them.
func (t *Topology) windows(name string) Spec {
	s := t.stream(name, "mode/instrument/gateway", JSON, unlimited)
	s.Timestamps, s.RetentionBytes = timestampsProducers, WindowBytes
	return s
}

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

func loopName(group string) string  { return group + "-loop" } // as goka names it
func tableName(group string) string { return string(goka.GroupTable(goka.Group(group))) }
