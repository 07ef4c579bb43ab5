package topology

import "github.com/millrace/millrace/stream"

// GroupSpec is one processor group as it stands in the data flow. Names are those of the cluster, with the prefix.
type GroupSpec struct {
	Name string
	// Inputs are the topics that the group consumes.
	Inputs []string
	// Key says what the group's input, and with it its table, is keyed by.
	Key string
	// Table is the topic of the group's rows; empty for a group without state.
	Table string
	// Outputs are the topics that the group writes, besides its table and loop.
	Outputs []string
	// Loop is the topic by which the group reaches its own other keys; empty: none.
	Loop string
	// Timers is the topic of the group's pending timers; empty for a group that sets none.
	Timers string
	// Lookups are tables of other groups that the group reads whole.
	Lookups []string
	// Clock is what the group goes by.
	Clock stream.Clock
}

// Groups returns every processor group, in the order of the data flow.
func (t *Topology) Groups() []GroupSpec {
	dead := t.DeadLetterRecords.Name
	return []GroupSpec{
		{
			Name: t.Intake.Name, Inputs: []string{t.Payments.Name}, Key: "any",
			Outputs: []string{t.Transactions.Name, dead},
		}, {
			Name: t.Ledger.Name, Inputs: []string{t.Transactions.Name, t.Erasures.Name}, Key: "transaction", Table: tableName(t.Ledger.Name),
			Outputs: []string{t.Postings.Name, t.Attempts.Name, t.Journal.Name, t.Tasks.Name, dead},
			Timers:  stream.TimerTopic(t.Ledger.Name),
		}, {
			Name: t.Progress.Name, Inputs: []string{t.Postings.Name, t.Enrolments.Name, t.UserSegments.Name, t.Erasures.Name}, Key: "user", Table: tableName(t.Progress.Name),
			Outputs: []string{t.Outcomes.Name, t.Tasks.Name, t.AuditUsers.Name, dead}, Lookups: []string{tableName(t.Catalog.Name)},
			Loop: loopName(t.Progress.Name),
		}, {
			Name: t.Budget.Name, Inputs: []string{t.Outcomes.Name, t.BudgetReturns.Name, t.PoolCodes.Name}, Key: "mission or pool/id",
			Table: tableName(t.Budget.Name), Outputs: []string{t.RewardsIn.Name, dead}, Loop: loopName(t.Budget.Name),
		}, {
			Name: t.Rewards.Name, Inputs: []string{t.RewardsIn.Name, t.Claims.Name, t.RewardResults.Name, t.Erasures.Name}, Key: "user", Table: tableName(t.Rewards.Name), Clock: t.Rewards.Clock,
			Outputs: []string{t.BudgetReturns.Name, t.Tasks.Name, t.Notifications.Name, t.AuditUsers.Name, dead},
			Loop:    loopName(t.Rewards.Name), Timers: stream.TimerTopic(t.Rewards.Name),
		}, {
			Name: t.Health.Name, Inputs: []string{t.Attempts.Name}, Key: "mode/instrument/gateway", Table: tableName(t.Health.Name),
			Outputs: []string{t.HealthWindows.Name, t.HealthCorrections.Name, t.HealthScores.Name, dead},
			Loop:    loopName(t.Health.Name), Timers: stream.TimerTopic(t.Health.Name), Lookups: []string{tableName(t.Catalog.Name)},
		}, {
			Name: t.Catalog.Name, Inputs: []string{t.CatalogCommands.Name}, Key: "kind/id", Table: tableName(t.Catalog.Name), Clock: t.Catalog.Clock,
			Outputs: []string{t.CatalogEvents.Name, t.Audit.Name, t.Overrides.Name, t.HealthSettings.Name, t.PoolCodes.Name, dead},
			Timers:  stream.TimerTopic(t.Catalog.Name),
		}, {
			Name: t.Routing.Name, Inputs: []string{t.HealthScores.Name, t.Overrides.Name, t.HealthSettings.Name}, Key: "mode", Table: tableName(t.Routing.Name),
			Outputs: []string{t.HealthStatus.Name, t.Downtimes.Name, t.Tasks.Name, dead},
			Timers:  stream.TimerTopic(t.Routing.Name),
		}, {
			Name: t.DeadLetters.Name, Inputs: []string{dead, t.DeadLetterCommands.Name}, Key: "source topic-partition-offset", Table: tableName(t.DeadLetters.Name),
			Outputs: []string{t.Payments.Name, t.Audit.Name},
		},
	}
}
