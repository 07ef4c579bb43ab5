package topology

import (
	"slices"
	"time"

	"github.com/lovoo/goka"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	deadlettercodec "github.com/millrace/millrace/codecs/deadletter"
	healthcodec "github.com/millrace/millrace/codecs/health"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	paymentcodec "github.com/millrace/millrace/codecs/payment"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
)

// GroupSpec is one processor group as it stands in the data flow. Names are those of the cluster, with the prefix.
type GroupSpec struct {
	// ID is its name in every deployment, without the prefix.
	ID   string
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

	edges goka.Edges // of its table, outputs and lookups
}

// Groups returns every processor group, in the order of the data flow.
func (t *Topology) Groups() []GroupSpec { return slices.Clone(t.groups) }

// GroupIDs returns the name of every group, without prefix, in the order of the data flow.
func GroupIDs() []string {
	var ids []string
	for _, g := range New(DefaultConfig()).groups {
		ids = append(ids, g.ID)
	}
	return ids
}

// declareGroups declares every group, in the order of the data flow.
func (t *Topology) declareGroups() {
	dead := t.DeadLetterRecords.Name
	missions := stream.Group[*catalog.Row]{Name: t.Config.Prefix + catalogID, Row: catalogcodec.Row{}} // declared below
	group(t, &t.Intake, stream.Group[stream.NoRow]{Name: "intake"}, edges{
		key: "any", inputs: []string{t.Payments.Name}, outputs: goka.Edges{stream.Output(t.Transactions)},
	})
	group(t, &t.Ledger, stream.Group[*ledger.Row]{Name: "ledger", Row: ledgercodec.Row{}}, edges{
		key: "transaction", inputs: []string{t.Transactions.Name, t.Erasures.Name}, timers: true,
		outputs: goka.Edges{
			stream.Output(t.Postings), stream.Output(t.Attempts), stream.Output(t.Journal), stream.Output(t.Tasks),
		},
	})
	group(t, &t.Progress, stream.Group[*mission.UserRow]{Name: "progress", Row: missioncodec.UserRow{}}, edges{
		key: byUser, inputs: []string{t.Postings.Name, t.Enrolments.Name, t.UserSegments.Name, t.Erasures.Name},
		loop:    true,
		lookups: goka.Edges{stream.CurrentLookup(missions, mission.VersionLead/2)},
		outputs: goka.Edges{stream.Output(t.Outcomes), stream.Output(t.Tasks), stream.Output(t.AuditUsers)},
	})
	group(t, &t.Budget, stream.Group[*budget.Row]{Name: "budget", Row: rewardcodec.BudgetRow{}}, edges{
		key: "mission or pool/id", inputs: []string{t.Outcomes.Name, t.BudgetReturns.Name, t.PoolCodes.Name},
		loop:    true,
		outputs: goka.Edges{stream.Output(t.RewardsIn)},
	})
	group(t, &t.Rewards, stream.Group[*reward.Row]{Name: "rewards", Row: rewardcodec.Row{},
		Clock: stream.WallClock}, edges{
		key: byUser, inputs: []string{t.RewardsIn.Name, t.Claims.Name, t.RewardResults.Name, t.Erasures.Name},
		loop: true, timers: true,
		outputs: goka.Edges{
			stream.Output(t.BudgetReturns), stream.Output(t.Tasks), stream.Output(t.Notifications),
			stream.Output(t.AuditUsers),
		},
	})
	group(t, &t.Health, stream.Group[*health.Row]{Name: "health", Row: healthcodec.Row{}}, edges{
		key: byPath, inputs: []string{t.Attempts.Name}, loop: true, timers: true,
		lookups: goka.Edges{stream.Lookup(missions)},
		outputs: goka.Edges{
			stream.Output(t.HealthWindows), stream.Output(t.HealthCorrections), stream.Output(t.HealthScores),
		},
	})
	group(t, &t.Catalog, stream.Group[*catalog.Row]{Name: catalogID, Row: catalogcodec.Row{}, Clock: stream.WallClock,
		Heartbeat: time.Second}, edges{
		key: byEntity, inputs: []string{t.CatalogCommands.Name}, timers: true,
		outputs: goka.Edges{
			stream.Output(t.CatalogEvents), stream.Output(t.Audit), stream.Output(t.Overrides),
			stream.Output(t.HealthSettings), stream.Output(t.PoolCodes),
		},
	})
	group(t, &t.Routing, stream.Group[*health.ModeRow]{Name: "routing", Row: healthcodec.ModeRow{}}, edges{
		key: byMode, inputs: []string{t.HealthScores.Name, t.Overrides.Name, t.HealthSettings.Name}, timers: true,
		outputs: goka.Edges{stream.Output(t.HealthStatus), stream.Output(t.Downtimes), stream.Output(t.Tasks)},
	})
	group(t, &t.TaskQueues, stream.Group[*task.Row]{Name: "tasks", Row: taskcodec.Row{},
		Clock: stream.WallClock}, edges{
		key: byOrder, inputs: []string{t.Tasks.Name, t.TaskResults.Name, t.TaskCommands.Name, t.Erasures.Name},
		loop: true, timers: true,
		lookups: goka.Edges{stream.Lookup(missions)},
		outputs: goka.Edges{stream.Output(t.TaskRuns), stream.Output(t.RewardResults), stream.Output(t.Audit)},
	})
	group(t, &t.DeadLetters, stream.Group[*deadletter.Row]{Name: "deadletters", Row: deadlettercodec.Row{}}, edges{
		key: byLetter, inputs: []string{dead, t.DeadLetterCommands.Name},
		outputs: goka.Edges{goka.Output(t.Payments.Stream(), stream.GokaCodec(paymentcodec.Raw{})),
			stream.Output(t.Tasks), stream.Output(t.TaskCommands), stream.Output(t.Audit)},
	})
}

// catalogID is the name of the group whose table others look up before it is declared.
const catalogID = "catalog"
