// Package catalog decides on the definitions of operators: missions, brands, ads, pools and reward templates; for
// payment health overrides, maintenance, freezes and settings; for tasks, which kinds are paused. A row is one
// definition with the last verdicts on its commands. Apply decides what a command does; the own type of an entity
// decides what is allowed.
package catalog

import (
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

// Op is what a command asks for.
type Op string

// The ops.
const (
	// Put creates an entity or changes it to the given definition.
	Put Op = "put"
	// Withdraw takes an entity back. It stays in the catalog, without effect, and can be put again.
	Withdraw Op = "withdraw"
	// Activate, Pause, Resume, End and Archive move a mission. Activate with a time ahead schedules it.
	Activate Op = "activate"
	Pause    Op = "pause"
	Resume   Op = "resume"
	End      Op = "end"
	Archive  Op = "archive"
	// Approve and Reject are a second person's yes and no to a mission. Both need Expected: what was seen is what is
	// decided on.
	Approve Op = "approve"
	Reject  Op = "reject"
	// AddCodes hands gift codes on to a pool.
	AddCodes Op = "add_codes"
)

// Command asks for a change of one catalog entity: the record of `catalog-commands`, keyed by Key.
type Command struct {
	ID       string // unique; the same id again gets the same verdict and changes nothing
	Kind     Kind
	EntityID string
	Op       Op
	Actor    string        // who asks
	Proof    audit.Proof   // that it is the actor who asks
	At       instant.Milli // event time: when it was asked
	Expected int64         // the revision that the actor has seen, or one of the Expect constants
	Reason   string        // why, for the audit
	Entity   Entity        // what it is to be; of Put only
	When     instant.Milli // event time of a move; of Activate when it is to be; 0 = At
	Codes    []string      // of AddCodes, at least one
	// Judged is the wall time at which the catalog judges the command, which may have waited; 0 = At. It is not part of
	// the record.
	Judged instant.Milli
}

// Key returns the record key of c.
func (c *Command) Key() string { return Key(c.Kind, c.EntityID) }

// NewPut returns the command that creates an entity or makes it what e says, for the reason that e gives, if any.
func NewPut(id, actor string, at instant.Milli, e Entity) *Command {
	reason := reasonOf(e)
	e = e.normal()
	return &Command{ID: id, Kind: e.Kind(), EntityID: e.ID(), Op: Put, Actor: actor, At: at, Reason: reason, Entity: e}
}

// NewWithdrawal returns the command that takes an entity back.
func NewWithdrawal(id, actor string, at instant.Milli, kind Kind, entityID string) *Command {
	return &Command{ID: id, Kind: kind, EntityID: entityID, Op: Withdraw, Actor: actor, At: at}
}

// NewMove returns the command that moves a mission; see Command.When.
func NewMove(id, actor string, at instant.Milli, op Op, missionID string, when instant.Milli) *Command {
	return &Command{ID: id, Kind: KindMission, EntityID: missionID, Op: op, Actor: actor, At: at, When: when}
}

// NewDecision returns the command that approves or rejects a mission as it was at a revision.
func NewDecision(id, actor string, at instant.Milli, op Op, missionID string, revision int64) *Command {
	return &Command{ID: id, Kind: KindMission, EntityID: missionID, Op: op, Actor: actor, At: at, Expected: revision}
}

// NewCodes returns the command that adds gift codes to a pool.
func NewCodes(id, actor string, at instant.Milli, pool string, codes []string) *Command {
	return &Command{ID: id, Kind: KindPool, EntityID: pool, Op: AddCodes, Actor: actor, At: at, Codes: codes}
}

// Verdict is the answer to one command.
type Verdict struct {
	CommandID string
	Result    verdict.Result
	Problems  problem.List // of verdict.Refused
	Revision  int64        // of the row after the command
	At        instant.Milli
}

// maxVerdicts bounds what a row remembers, latest last.
const maxVerdicts = 32

// maxReason is how long a reason may be, in bytes.
const maxReason = 500

// Row is the catalog's state of one entity. It is immutable; Apply returns a new one.
type Row struct {
	Kind      Kind
	EntityID  string
	Revision  int64         // number of changes so far
	CreatedAt instant.Milli // event time of the first of them
	ChangedAt instant.Milli // and of the last
	ChangedBy string        // who asked for the last
	Entity    Entity        // nil as long as every command was refused
	Verdicts  []Verdict
}

// Mission returns the mission of the row, false if it has none.
func (r *Row) Mission() (mission.History, bool) {
	if r == nil {
		return mission.History{}, false
	}
	m, ok := r.Entity.(Mission)
	return m.History, ok
}

// Verdict returns the verdict on a command among the last maxVerdicts.
func (r *Row) Verdict(commandID string) (Verdict, bool) {
	if r == nil {
		return Verdict{}, false
	}
	for _, v := range r.Verdicts {
		if v.CommandID == commandID {
			return v, true
		}
	}
	return Verdict{}, false
}

// Clash tells whether one of the last commands was another one under the same idempotency key.
func (r *Row) Clash(commandID string) bool {
	if r == nil {
		return false
	}
	ids := make([]string, len(r.Verdicts))
	for i, v := range r.Verdicts {
		ids[i] = v.CommandID
	}
	return verdict.Clash(ids, commandID)
}

// Event tells what became of a command: the record of `catalog-events`, keyed by Key.
type Event struct {
	Verdict
	Kind     Kind
	EntityID string
	Actor    string
	Version  int64  // 0 if the entity does not exist
	Status   string // after the command
	// Repeated: the command had been judged before; this is that verdict again.
	Repeated bool
	// Line is what the audit keeps of the command, nil if it was Repeated. It is no part of the record.
	Line *audit.Line
}

// Key returns the record key of e.
func (e *Event) Key() string { return Key(e.Kind, e.EntityID) }
