// Package topology is the map of Millrace: every topic, group and table in one place, with its codec, key, partitions,
// cleanup and retention. Processors, views and the command line take names from here and nowhere else.
package topology

import (
	"errors"
	"fmt"
	"regexp"
	"time"

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

// Lines of the audit: what most rules for payment companies ask for is within 7 years (PCI DSS 1, money laundering 5,
// SOX 7).
const (
	defaultAuditRetention = 7 * 365 * 24 * time.Hour
	minAuditRetention     = 365 * 24 * time.Hour
)

// DefaultConfig returns the defaults for production.
func DefaultConfig() Config {
	return Config{Partitions: 12, Replication: 3, AuditRetention: defaultAuditRetention}
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
		errs = append(errs, fmt.Errorf("audit.retention %s: must be at least 8760h, a year, or 0s, without limit",
			c.AuditRetention))
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

	Tasks        stream.Topic[*task.Submission]
	TaskRuns     stream.Topic[*task.Run]
	TaskResults  stream.Topic[*task.Answer]
	TaskCommands stream.Topic[*task.Command]

	CatalogCommands stream.Topic[*catalog.Command]
	CatalogEvents   stream.Topic[*catalog.Event]
	// Audit has a line for each act of an operator, whichever group judges it, AuditUsers one for each act for a user,
	// which is erased with the user.
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
	TaskQueues  stream.Group[*task.Row]

	topics []Spec
	groups []GroupSpec
}

// New returns the topology of c, which must be valid.
func New(c Config) *Topology {
	t := &Topology{Config: c}
	t.payments()
	t.missions()
	t.tasks()
	t.catalog()
	t.health()
	t.letters()
	t.declareGroups()
	return t
}
