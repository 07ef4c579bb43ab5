package catalog

import (
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/domain/visible"
)

// Config holds what definitions are judged against.
type Config struct {
	// Health are the settings of the deployment, which changes of settings must go with. Defaults to
	// health.DefaultSettings.
	Health health.Settings
	// Approval says which missions need a second person's approval. Defaults to DefaultThresholds.
	Approval Thresholds
	// Document returns what the audit compares, as JSON; nil for no entity. The rest of an entity is the catalog's own.
	// Defaults to none: audit lines then say what was done, but not what is different.
	Document func(Entity) []byte
	// Find finds what definitions may name, before they become commands: brands, missions, pools, reward templates. It
	// may return nil for what is there, or may be, if no more is known of it. Defaults to none: then no template is
	// there, and no other name is checked.
	Find func(kind Kind, id string) (Entity, bool)
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{Health: health.DefaultSettings(), Approval: DefaultThresholds()}
}

// Validate returns every problem of c, joined.
func (c Config) Validate() error { return errors.Join(c.Health.Validate(), c.Approval.Validate()) }

// Apply judges one command on the row of its entity, which may be nil. It is total: a command that cannot be done is
// refused, with the reasons, and leaves its verdict in the row.
func Apply(row *Row, c *Command, cfg Config) (*Row, *Event) {
	if v, ok := row.Verdict(c.ID); ok {
		e := event(row, c, v)
		e.Repeated = true
		return row, e
	}
	next := &Row{Kind: c.Kind, EntityID: c.EntityID}
	if row != nil {
		*next = *row
	}
	v := Verdict{CommandID: c.ID, Result: verdict.Refused, At: c.At}
	line := lineOf(next.Entity, c)
	if v.Problems = refuse(row, c); len(v.Problems) == 0 {
		entity, change, problems := act(next.Entity, c, cfg)
		switch {
		case len(problems) > 0:
			v.Problems = problems
		case change.Action == "":
			v.Result = verdict.Unchanged
		default:
			v.Result = verdict.Applied
			line.Differences = audit.Bounded(next.commit(c, entity, cfg))
			line.Action, line.From, line.To = change.Action, change.From, change.To
		}
	}
	v.Revision = next.Revision
	next.Verdicts = keepLast(append(slices.Clone(next.Verdicts), v), maxVerdicts)
	e := event(next, c, v)
	line.Result, line.Problems, line.Revision = v.Result, v.Problems, v.Revision
	e.Line = line
	return next, e
}

// lineOf returns what the audit keeps of a command on an entity that is as current, before anything came of it.
func lineOf(current Entity, c *Command) *audit.Line {
	line := &audit.Line{
		CommandID: c.ID, Kind: string(c.Kind), ID: c.EntityID, Actor: c.Actor, Proof: c.Proof, At: max(c.At, c.Judged),
		Action: intended(current, c),
		Reason: audit.Text(c.Reason, maxReason),
	}
	if current != nil {
		line.From, line.To = current.Status(), current.Status()
	}
	return line
}

// intended names what a command that changes nothing was to do.
func intended(current Entity, c *Command) string {
	switch {
	case c.Op == Put && current == nil:
		return ActionCreated
	case c.Op == Put:
		return ActionChanged
	case c.Op == Withdraw:
		return ActionWithdrawn
	case c.Op == AddCodes:
		return ActionCodesAdded
	case c.Op == Approve:
		return ActionApproved
	case c.Op == Reject:
		return ActionRejected
	default:
		return ActionStatus
	}
}

func event(row *Row, c *Command, v Verdict) *Event {
	e := &Event{Verdict: v, Kind: c.Kind, EntityID: c.EntityID, Actor: c.Actor}
	if row.Entity != nil {
		e.Version, e.Status = row.Entity.Number(), row.Entity.Status()
	}
	return e
}

// refuse returns what is wrong with the command itself.
func refuse(row *Row, c *Command) problem.List {
	switch {
	case row.Clash(c.ID):
		return problem.One("", problem.Conflict, "the idempotency key was used for something else")
	case !known(c):
		return problem.One("", problem.InvalidField, "the command is not known")
	case c.Op == Put && c.EntityID != c.Entity.normal().ID():
		return problem.One("/id", problem.InvalidField, "is not the id that the command is addressed to")
	case len(c.Reason) > maxReason || !utf8.ValidString(c.Reason):
		return problem.One("/reason", problem.InvalidField, "must be text of at most 500 bytes")
	case visible.HasControls(c.Reason):
		return problem.One("/reason", problem.InvalidField, visible.ControlsDetail)
	}
	return unexpected(row, c)
}

// known tells whether a command has what its op needs.
func known(c *Command) bool {
	switch c.Op {
	case Put:
		return c.Entity != nil && c.Entity.Kind() == c.Kind
	case Withdraw:
		return c.Entity == nil
	case Activate, Pause, Resume, End, Archive, Approve, Reject:
		return c.Kind == KindMission && c.Entity == nil
	case AddCodes:
		return c.Kind == KindPool && len(c.Codes) > 0
	default:
		return false
	}
}

// act returns what comes of the entity, nil if there is none yet.
func act(current Entity, c *Command, cfg Config) (Entity, Change, problem.List) {
	switch {
	case c.Op == Put:
		asked := c.Entity.normal()
		if problems := asked.validate(cfg); len(problems) > 0 {
			return nil, Change{}, problems
		}
		next, change, problems := asked.put(current, c, cfg)
		if len(problems) == 0 {
			problems = oversize(next, cfg)
		}
		return next, change, problems
	case current == nil:
		return nil, Change{}, problem.One("", problem.NotFound, "there is no such "+string(c.Kind))
	case c.Op == AddCodes:
		return addCodes(current, c)
	case c.Op != Withdraw:
		return move(current, c, cfg)
	default:
		return current.withdraw(c)
	}
}

func move(current Entity, c *Command, cfg Config) (Entity, Change, problem.List) {
	m, ok := current.(Mission)
	switch {
	case !ok:
		return nil, Change{}, problem.One("", problem.InvalidField, "the command is not known")
	case c.Op == Approve:
		return m.approve(c, cfg)
	case c.Op == Reject:
		return m.reject(c, cfg)
	default:
		return m.move(c, cfg)
	}
}

// oversize refuses what does not fit into a row.
func oversize(e Entity, cfg Config) problem.List {
	if m, ok := e.(Mission); ok && cfg.Document != nil {
		return m.tooLarge(cfg)
	}
	return nil
}

// commit puts e in the place of what there was, and returns what is different.
func (r *Row) commit(c *Command, e Entity, cfg Config) (found []audit.Difference) {
	if cfg.Document != nil {
		found = audit.Differences(document(r.Entity, cfg), document(e, cfg))
	}
	r.Revision++
	if r.Revision == 1 {
		r.CreatedAt = c.At
	}
	r.Entity, r.ChangedAt, r.ChangedBy = e, c.At, c.Actor
	return found
}

func document(e Entity, cfg Config) []byte {
	if e == nil {
		return nil
	}
	return cfg.Document(e)
}

func keepLast[T any](list []T, n int) []T { return list[max(0, len(list)-n):] }

// Check returns what is wrong with a definition by itself, before anybody is asked to apply it.
func Check(e Entity, cfg Config) problem.List { return e.normal().validate(cfg) }
