// Package topology is the map of Millrace: every topic, group and table in one place, with its codec, key, partitions,
// cleanup and retention. Processors, views and the command line take names from here and nowhere else.
package topology

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/millrace/millrace/codecs"
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

// Config says how the names and topics of one deployment unit are made.
type Config struct {
	// Prefix is put before every topic and group name. Defaults to none.
	Prefix string
	// Partitions of every topic; fixed for the life of a deployment. Defaults to 12.
	Partitions int32
	// Replication factor of every topic. Defaults to 3; with 3 or more, min.insync.replicas is 2.
	Replication int16
	// AuditRetention is how long the audit keeps a line; 0: without limit. Defaults to 7 years.
	AuditRetention time.Duration
}

// Lines of the audit: what most rules for payment companies ask for is within 7 years (PCI DSS 1, money laundering 5, SOX 7).
const (
	DefaultAuditRetention = 7 * 365 * 24 * time.Hour
	minAuditRetention     = 365 * 24 * time.Hour
)

// DefaultConfig returns the defaults for production.
func DefaultConfig() Config {
	return Config{Partitions: 12, Replication: 3, AuditRetention: DefaultAuditRetention}
}

var prefixPattern = regexp.MustCompile(`^[a-zA-Z0-9._-]{0,64}$`)

// Validate returns every problem of c, joined.
func (c Config) Validate() error {
	var errs []error
	if !prefixPattern.MatchString(c.Prefix) {
		errs = append(errs, fmt.Errorf("prefix %q: only letters, digits, '.', '_' and '-', at most 64", c.Prefix))
	}
	if c.Partitions < 1 || c.Partitions > 1024 {
		errs = append(errs, fmt.Errorf("partitions %d: must be 1 to 1024", c.Partitions))
	}
	if c.Replication < 1 {
		errs = append(errs, fmt.Errorf("replication %d: must be at least 1", c.Replication))
	}
	if c.AuditRetention != 0 && c.AuditRetention < minAuditRetention {
		errs = append(errs, fmt.Errorf("audit.retention %s: must be at least 8760h, a year, or 0s, without limit", c.AuditRetention))
	}
	return errors.Join(errs...)
}

// Topology names everything of one deployment unit.
type Topology struct {
	Config Config

	Payments     stream.Topic[*payment.Input]
	Transactions stream.Topic[*payment.Event]
	Postings     stream.Topic[*ledger.Posting]
	Attempts     stream.Topic[*ledger.Attempt]
	Journal      stream.Topic[*ledger.JournalEntry]
	Outcomes     stream.Topic[*mission.Outcome]
	Enrolments   stream.Topic[*mission.Enrolment]
	UserSegments stream.Topic[*mission.Segments]
	Erasures     stream.Topic[*erasure.Request]

	PoolCodes     stream.Topic[*budget.Codes]
	RewardsIn     stream.Topic[*budget.Allotment]
	BudgetReturns stream.Topic[*budget.Return]
	Notifications stream.Topic[*reward.Notice]
	Claims        stream.Topic[*reward.Command]
	RewardResults stream.Topic[*reward.Result]
	Tasks         stream.Topic[*task.Task]

	CatalogCommands stream.Topic[*catalog.Command]
	CatalogEvents   stream.Topic[*catalog.Event]
	// Audit has a line for each act of an operator, whichever group judges it, AuditUsers one for each act for a user, which is erased with the user.
	Audit      stream.Topic[*audit.Line]
	AuditUsers stream.Topic[*audit.Line]

	HealthWindows     stream.Topic[*health.WindowRecord]
	HealthCorrections stream.Topic[*health.WindowRecord]
	HealthScores      stream.Topic[*health.Score]
	HealthStatus      stream.Topic[*health.StatusRecord]
	Downtimes         stream.Topic[*health.Downtime]
	Overrides         stream.Topic[*health.Intervention]
	HealthSettings    stream.Topic[*health.Setting]

	DeadLetterRecords  stream.Topic[[]byte]
	DeadLetterCommands stream.Topic[*deadletter.Command]

	Intake      stream.Group[stream.NoRow]
	Ledger      stream.Group[*ledger.Row]
	Progress    stream.Group[*mission.UserRow]
	Budget      stream.Group[*budget.Row]
	Rewards     stream.Group[*reward.Row]
	Health      stream.Group[*health.Row]
	Routing     stream.Group[*health.ModeRow]
	Catalog     stream.Group[*catalog.Row]
	DeadLetters stream.Group[*deadletter.Row]
}

// New returns the topology of c, which must be valid.
func New(c Config) *Topology {
	name := func(s string) string { return c.Prefix + s }
	t := &Topology{Config: c}
	t.Payments = stream.Topic[*payment.Input]{Name: name("payments"), Codec: codecs.Payments{}, Time: stream.OwnTime}
	t.Transactions = stream.Topic[*payment.Event]{Name: name("transactions"), Codec: codecs.Event{}, Time: stream.Watermarked, EventTime: eventTime, Source: eventSource}
	t.Postings = stream.Topic[*ledger.Posting]{Name: name("postings"), Codec: codecs.Posting{}, Time: stream.Watermarked, EventTime: postingTime, Source: postingSource}
	t.Attempts = stream.Topic[*ledger.Attempt]{Name: name("attempts"), Codec: codecs.Attempt{}, Time: stream.Watermarked, EventTime: attemptTime, Source: attemptSource}
	t.Journal = stream.Topic[*ledger.JournalEntry]{Name: name("ledger-journal"), Codec: codecs.JournalEntry{}}
	t.Outcomes = stream.Topic[*mission.Outcome]{Name: name("outcomes"), Codec: codecs.Outcome{}}
	t.PoolCodes = stream.Topic[*budget.Codes]{Name: name("pool-codes"), Codec: codecs.PoolCodes{}}
	t.RewardsIn = stream.Topic[*budget.Allotment]{Name: name("rewards-in"), Codec: codecs.Allotment{}}
	t.BudgetReturns = stream.Topic[*budget.Return]{Name: name("budget-returns"), Codec: codecs.BudgetReturn{}}
	t.Notifications = stream.Topic[*reward.Notice]{Name: name("notifications"), Codec: codecs.Notice{}}
	t.Claims = stream.Topic[*reward.Command]{Name: name("claims"), Codec: codecs.RewardCommand{}}
	t.RewardResults = stream.Topic[*reward.Result]{Name: name("reward-results"), Codec: codecs.RewardResult{}}
	t.Tasks = stream.Topic[*task.Task]{Name: name("tasks"), Codec: codecs.Task{}}
	t.Enrolments = stream.Topic[*mission.Enrolment]{Name: name("enrolments"), Codec: codecs.Enrolment{}}
	t.Erasures = stream.Topic[*erasure.Request]{Name: name("erasures"), Codec: codecs.Erasure{}}
	t.UserSegments = stream.Topic[*mission.Segments]{Name: name("user-segments"), Codec: codecs.UserSegments{}}
	t.CatalogCommands = stream.Topic[*catalog.Command]{Name: name("catalog-commands"), Codec: codecs.CatalogCommand{}}
	t.CatalogEvents = stream.Topic[*catalog.Event]{Name: name("catalog-events"), Codec: codecs.CatalogEvent{}}
	t.Audit = stream.Topic[*audit.Line]{Name: name("audit"), Codec: codecs.AuditLine{}}
	t.AuditUsers = stream.Topic[*audit.Line]{Name: name("audit-users"), Codec: codecs.AuditLine{}}
	t.HealthWindows = stream.Topic[*health.WindowRecord]{Name: name("health-windows"), Codec: codecs.WindowRecord{}, Stamp: windowEnd}
	t.HealthCorrections = stream.Topic[*health.WindowRecord]{Name: name("health-corrections"), Codec: codecs.WindowRecord{}, Stamp: windowEnd}
	t.HealthScores = stream.Topic[*health.Score]{Name: name("health-scores"), Codec: codecs.Score{}, Time: stream.Watermarked, EventTime: scoreTime}
	t.HealthStatus = stream.Topic[*health.StatusRecord]{Name: name("health-status"), Codec: codecs.StatusRecord{}}
	t.Downtimes = stream.Topic[*health.Downtime]{Name: name("downtimes"), Codec: codecs.Downtime{}}
	t.Overrides = stream.Topic[*health.Intervention]{Name: name("overrides"), Codec: codecs.Intervention{}}
	t.HealthSettings = stream.Topic[*health.Setting]{Name: name("health-settings"), Codec: codecs.HealthSetting{}}
	t.DeadLetterRecords = stream.Topic[[]byte]{Name: name("dead-letters"), Codec: codecs.Raw{}}

	t.DeadLetterCommands = stream.Topic[*deadletter.Command]{Name: name("dead-letter-commands"), Codec: codecs.LetterCommand{}}

	dead := t.DeadLetterRecords.Name
	t.Intake = stream.Group[stream.NoRow]{Name: name("intake"), DeadLetters: dead}
	t.Ledger = stream.Group[*ledger.Row]{Name: name("ledger"), Row: codecs.LedgerRow{}, DeadLetters: dead}
	t.Progress = stream.Group[*mission.UserRow]{Name: name("progress"), Row: codecs.UserRow{}, DeadLetters: dead}
	t.Budget = stream.Group[*budget.Row]{Name: name("budget"), Row: codecs.BudgetRow{}, DeadLetters: dead}
	t.Rewards = stream.Group[*reward.Row]{Name: name("rewards"), Row: codecs.RewardsRow{}, DeadLetters: dead, Clock: stream.WallClock}
	t.Health = stream.Group[*health.Row]{Name: name("health"), Row: codecs.HealthRow{}, DeadLetters: dead}
	t.Routing = stream.Group[*health.ModeRow]{Name: name("routing"), Row: codecs.ModeRow{}, DeadLetters: dead}
	t.Catalog = stream.Group[*catalog.Row]{Name: name("catalog"), Row: codecs.CatalogRow{}, DeadLetters: dead, Clock: stream.WallClock, Heartbeat: time.Second}
	t.DeadLetters = stream.Group[*deadletter.Row]{Name: name("deadletters"), Row: codecs.DeadLetterRow{}, DeadLetters: dead}
	return t
}
