// Package catalog keeps what operators define: for now missions, with their versions, the verdicts on the commands that
// changed them, and an audit trail. Apply decides what a command does.
package catalog

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
)

// Kind is the kind of an entity. Kinds share one table, so keys begin with it.
type Kind string

// KindMission is the kind of missions.
const KindMission Kind = "mission"

// Op is what a command asks for.
type Op string

// Put creates an entity or changes it to the given definition.
const Put Op = "put"

// Key returns the key of an entity in `catalog-commands`, `catalog-events` and the catalog table.
func Key(kind Kind, id string) string { return string(kind) + "/" + id }

// MissionKey returns the key of a mission.
func MissionKey(id string) string { return Key(KindMission, id) }

// Command asks for a change of one catalog entity: the record of `catalog-commands`, keyed by Key.
type Command struct {
	ID       string // unique; the same id again gets the same verdict and changes nothing
	Kind     Kind
	EntityID string
	Op       Op
	Actor    string        // who asks
	At       instant.Milli // event time: when it was asked
	Expected int64         // the revision that the actor has seen; 0 = any
	Mission  mission.Mission
}

// Key returns the record key of c.
func (c *Command) Key() string { return Key(c.Kind, c.EntityID) }

// PutMission returns the command that creates or changes a mission.
func PutMission(id, actor string, at instant.Milli, m mission.Mission) *Command {
	return &Command{ID: id, Kind: KindMission, EntityID: m.ID, Op: Put, Actor: actor, At: at, Mission: m}
}

// Result is what became of a command.
type Result string

// The results.
const (
	Applied   Result = "applied"
	Unchanged Result = "unchanged"
	Refused   Result = "refused"
)

// Verdict is the answer to one command.
type Verdict struct {
	CommandID string
	Result    Result
	Problems  mission.Problems // of Refused
	Revision  int64            // of the row after the command
	At        instant.Milli
}

// CodePreconditionFailed is the problem code of a command whose Expected revision is not the current one.
const CodePreconditionFailed = "precondition_failed"

// MaxVerdicts and MaxAudit bound what a row remembers, latest last.
const (
	MaxVerdicts = 32
	MaxAudit    = 256
)

// Audit is one line of an entity's history.
type Audit struct {
	CommandID string
	Actor     string
	At        instant.Milli
	Revision  int64
	Action    string         // created, status
	From, To  mission.Status // From empty: created
}

// The audited actions.
const (
	ActionCreated = "created"
	ActionStatus  = "status"
)

// Row is the catalog's state of one entity. It is immutable; Apply returns a new one.
type Row struct {
	Kind     Kind
	EntityID string
	Revision int64             // number of changes so far
	Versions []mission.Version // none as long as every command was refused
	Verdicts []Verdict
	Audit    []Audit
}

// Current returns the latest version, false if the entity was never created.
func (r *Row) Current() (mission.Version, bool) {
	if r == nil || len(r.Versions) == 0 {
		return mission.Version{}, false
	}
	return r.Versions[len(r.Versions)-1], true
}

// Verdict returns the verdict on a command among the last MaxVerdicts.
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

// Event tells what became of a command: the record of `catalog-events`, keyed by Key.
type Event struct {
	Verdict
	Kind     Kind
	EntityID string
	Actor    string
	Version  int64          // 0 if the entity does not exist
	Status   mission.Status // after the command
	// Repeated: the command had been judged before; this is that verdict again.
	Repeated bool
}

// Key returns the record key of e.
func (e *Event) Key() string { return Key(e.Kind, e.EntityID) }
