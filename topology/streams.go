package topology

import (
	auditcodec "github.com/millrace/millrace/codecs/audit"
	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	deadlettercodec "github.com/millrace/millrace/codecs/deadletter"
	erasurecodec "github.com/millrace/millrace/codecs/erasure"
	healthcodec "github.com/millrace/millrace/codecs/health"
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	paymentcodec "github.com/millrace/millrace/codecs/payment"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
)

// What records of streams are keyed by.
const (
	byUser    = "user"
	byMission = "mission"
	byMode    = "mode"
	byPath    = "mode/instrument/gateway"
	byEntity  = "kind/id"
	byOrder   = "ordering key"
	byLetter  = "source topic-partition-offset"
)

// payments declares what comes in, and what the ledger makes of it.
func (t *Topology) payments() {
	topic(t, &t.Payments, stream.Topic[*payment.Input]{Name: "payments", Codec: paymentcodec.Payments{},
		Time: stream.OwnTime},
		is{"any", WorkRetention, foreign})
	topic(t, &t.Transactions, stream.Topic[*payment.Event]{
		Name: "transactions", Codec: paymentcodec.Event{}, Time: stream.Watermarked, EventTime: eventTime,
		Source: eventSource,
	}, is{key: "transaction", kept: LedgerRetention})
	topic(t, &t.Postings, stream.Topic[*ledger.Posting]{
		Name: "postings", Codec: ledgercodec.Posting{}, Time: stream.Watermarked, EventTime: postingTime,
		Source: postingSource,
	}, is{key: byUser, kept: LedgerRetention})
	topic(t, &t.Attempts, stream.Topic[*ledger.Attempt]{
		Name: "attempts", Codec: ledgercodec.Attempt{}, Time: stream.Watermarked, EventTime: attemptTime,
		Source: attemptSource,
	}, is{key: byPath, kept: WorkRetention})
	// Compacted beside its retention, so that a transaction can be erased from it: docs/adr/0014-erasure.md.
	topic(t, &t.Journal, stream.Topic[*ledger.JournalEntry]{Name: "ledger-journal", Codec: ledgercodec.JournalEntry{}},
		is{"transaction", LedgerRetention, erasableAfter(WorkRetention)})
}

// missions declares what users reach, ask for and are given. Outcomes are what was promised to people; what was
// reserved and what became of it is kept as long, and what people asked for as long as the payments that it decides on.
func (t *Topology) missions() {
	topic(t, &t.Outcomes, stream.Topic[*mission.Outcome]{Name: "outcomes", Codec: missioncodec.Outcome{}},
		is{key: byMission, kept: LedgerRetention})
	topic(t, &t.Enrolments, stream.Topic[*mission.Enrolment]{Name: "enrolments", Codec: missioncodec.Enrolment{}},
		is{key: byUser, kept: LedgerRetention})
	topic(t, &t.UserSegments, stream.Topic[*mission.Segments]{Name: "user-segments",
		Codec: missioncodec.UserSegments{}}, is{key: byUser, kept: LedgerRetention})
	// Kept as long as postings: whoever reads those must know which are no longer the user's.
	topic(t, &t.Erasures, stream.Topic[*erasure.Request]{Name: "erasures", Codec: erasurecodec.Request{}},
		is{key: "user, transaction or ordering key", kept: LedgerRetention})
	topic(t, &t.PoolCodes, stream.Topic[*budget.Codes]{Name: "pool-codes", Codec: rewardcodec.PoolCodes{}},
		is{key: "pool/id", kept: WorkRetention})
	topic(t, &t.RewardsIn, stream.Topic[*budget.Allotment]{Name: "rewards-in", Codec: rewardcodec.Allotment{}},
		is{key: byUser, kept: LedgerRetention})
	topic(t, &t.BudgetReturns, stream.Topic[*budget.Return]{Name: "budget-returns", Codec: rewardcodec.BudgetReturn{}},
		is{key: byMission, kept: LedgerRetention})
	topic(t, &t.Notifications, stream.Topic[*reward.Notice]{Name: "notifications", Codec: rewardcodec.Notice{}},
		is{key: byUser, kept: WorkRetention})
	topic(t, &t.Claims, stream.Topic[*reward.Command]{Name: "claims", Codec: rewardcodec.Command{}},
		is{key: byUser, kept: LedgerRetention})
	topic(t, &t.RewardResults, stream.Topic[*reward.Result]{Name: "reward-results", Codec: rewardcodec.Result{}},
		is{key: byUser, kept: WorkRetention})
}

// tasks declares work that is queued by its ordering key, its runs, and what workers and people say about it.
func (t *Topology) tasks() {
	topic(t, &t.Tasks, stream.Topic[*task.Submission]{Name: "tasks", Codec: taskcodec.Submission{}},
		is{key: byOrder, kept: WorkRetention})
	topic(t, &t.TaskRuns, stream.Topic[*task.Run]{Name: "task-runs", Codec: taskcodec.Run{}},
		is{key: "task id", kept: WorkRetention})
	topic(t, &t.TaskResults, stream.Topic[*task.Answer]{Name: "task-results", Codec: taskcodec.Answer{}},
		is{key: byOrder, kept: WorkRetention})
	topic(t, &t.TaskCommands, stream.Topic[*task.Command]{Name: "task-commands", Codec: taskcodec.Command{}},
		is{key: byOrder, kept: WorkRetention})
}

// catalog declares what operators define, and the audit of it.
func (t *Topology) catalog() {
	topic(t, &t.CatalogCommands, stream.Topic[*catalog.Command]{Name: "catalog-commands",
		Codec: catalogcodec.Command{}}, is{key: byEntity, kept: LedgerRetention})
	topic(t, &t.CatalogEvents, stream.Topic[*catalog.Event]{Name: "catalog-events", Codec: catalogcodec.Event{}},
		is{key: byEntity, kept: LedgerRetention})
	topic(t, &t.Audit, stream.Topic[*audit.Line]{Name: "audit", Codec: auditcodec.Line{}},
		is{key: byEntity, kept: t.auditRetention()})
	// Compacted beside its retention, so that a user's lines can be erased from it. Each line has a key of its own.
	topic(t, &t.AuditUsers, stream.Topic[*audit.Line]{Name: "audit-users", Codec: auditcodec.Line{}},
		is{"user, group and number", t.auditRetention(), erasableAfter(compactionLag)})
}

// health declares windows and what follows from them. What people decided is kept as long as the commands that said so.
func (t *Topology) health() {
	topic(t, &t.HealthWindows, stream.Topic[*health.WindowRecord]{Name: "health-windows",
		Codec: healthcodec.WindowRecord{}, Stamp: windowEnd},
		is{byPath, unlimited, bySize})
	topic(t, &t.HealthCorrections, stream.Topic[*health.WindowRecord]{Name: "health-corrections",
		Codec: healthcodec.WindowRecord{}, Stamp: windowEnd},
		is{byPath, unlimited, bySize})
	topic(t, &t.HealthScores, stream.Topic[*health.Score]{Name: "health-scores", Codec: healthcodec.Score{},
		Time: stream.Watermarked, EventTime: scoreTime},
		is{key: byMode, kept: WorkRetention})
	topic(t, &t.HealthStatus, stream.Topic[*health.StatusRecord]{Name: "health-status",
		Codec: healthcodec.StatusRecord{}},
		is{key: "mode, mode/instrument or mode/instrument/gateway", kept: LedgerRetention})
	topic(t, &t.Downtimes, stream.Topic[*health.Downtime]{Name: "downtimes", Codec: healthcodec.Downtime{}},
		is{key: "mode/instrument or mode/instrument/gateway", kept: LedgerRetention})
	topic(t, &t.Overrides, stream.Topic[*health.Intervention]{Name: "overrides", Codec: healthcodec.Intervention{}},
		is{key: byMode, kept: LedgerRetention})
	topic(t, &t.HealthSettings, stream.Topic[*health.Setting]{Name: "health-settings", Codec: healthcodec.Setting{}},
		is{key: byMode, kept: LedgerRetention})
}

// letters declares dead letters. Their table says where their bytes are: in the topic. They can be replayed as long as
// the ledger would take them. The commands say who decided what on them; of a replay, the record that was sent.
func (t *Topology) letters() {
	topic(t, &t.DeadLetterRecords, stream.Topic[[]byte]{Name: "dead-letters", Codec: paymentcodec.Raw{}},
		is{key: byLetter, kept: LedgerRetention})
	topic(t, &t.DeadLetterCommands, stream.Topic[*deadletter.Command]{Name: "dead-letter-commands",
		Codec: deadlettercodec.Command{}},
		is{key: byLetter, kept: LedgerRetention})
}
