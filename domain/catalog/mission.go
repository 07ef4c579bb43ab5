package catalog

import (
	"reflect"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
)

// Mission is a mission with its versions. A command's has one version: its definition, the status asked for (empty: as
// it is, or draft), From and Backdated of the version, and ScheduledAt.
type Mission struct {
	mission.History
	// Approval is the second person's word; a command's has none.
	Approval Approval
	// Reason is why, as a command's definition says it; the audit keeps it.
	Reason string
	// Assumed is what a definition that was just read left open and what it means, in sentences for its author. Nothing
	// keeps it.
	Assumed []string
}

// NewMission returns the entity of a definition.
func NewMission(m mission.Mission) Mission { return Mission{History: mission.HistoryOf(m)} }

// Missions returns the entities of definitions.
func Missions(list []mission.Mission) []Entity {
	entities := make([]Entity, len(list))
	for i, m := range list {
		entities[i] = NewMission(m)
	}
	return entities
}

// maxMissionBytes bounds the definitions of all versions of a mission together, as documents.
const maxMissionBytes = 512 << 10

// Kind implements Entity.
func (Mission) Kind() Kind { return KindMission }

// ID implements Entity.
func (m Mission) ID() string { return m.Latest().Mission.ID }

// Status implements Entity.
func (m Mission) Status() string { return string(m.History.Status) }

// Number implements Entity: it is that of the latest version, which may not be in force yet.
func (m Mission) Number() int64 { return m.Latest().Number }

func (m Mission) normal() Entity {
	asked := m.Latest()
	out := NewMission(mission.Normalize(m.Definition()))
	out.Versions[0].From, out.Versions[0].Backdated = asked.From, asked.Backdated
	out.ScheduledAt = m.ScheduledAt
	return out
}

func (m Mission) validate(Config) problem.List {
	definition := m.Definition()
	if definition.Status == "" {
		definition.Status = mission.Draft
	}
	problems := mission.Validate(&definition)
	if m.ScheduledAt != 0 && definition.Status != mission.Scheduled {
		problems = append(problems, problem.Problem{Pointer: "/activate_at", Code: problem.InvalidField,
			Detail: "belongs to the status scheduled"})
	}
	return problems
}

// put creates the mission, gives it another version, moves its status, or finds nothing to do.
func (m Mission) put(current Entity, c *Command, cfg Config) (Entity, Change, problem.List) {
	old, exists := current.(Mission)
	if problems := m.begins(old, c); len(problems) > 0 {
		return nil, Change{}, problems
	}
	if !exists {
		return m.create(c, cfg)
	}
	next, problems := m.edit(old, c, cfg)
	if len(problems) > 0 {
		return nil, Change{}, problems
	}
	to := m.status(old.History, c)
	schedule := to == mission.Scheduled && m.ScheduledAt != 0 && m.ScheduledAt != old.ScheduledAt
	switch from := old.History.Status; {
	case from != to && !from.CanBecome(to):
		return nil, Change{}, cannotBecome("/status", from, to)
	case schedule:
		next.History = next.WithSchedule(m.ScheduledAt, c.At)
	case from != to:
		next.History = next.WithStatus(to, c.At)
	}
	if schedule || old.History.Status != to && starts(to, old.Activated) {
		if problems := next.barred(cfg, old.Activated); problems != nil {
			return nil, Change{}, problems
		}
	}
	switch {
	case reflect.DeepEqual(next, old):
		return old, Change{}, nil
	case !reflect.DeepEqual(next.Approval.Proposal, old.Approval.Proposal) && next.Approval.Proposal != nil:
		return next, Change{Action: ActionProposed, From: old.Status(), To: next.Status()}, nil
	case len(next.Versions) == len(old.Versions) && reflect.DeepEqual(next.Latest().Mission, old.Latest().Mission):
		return next, statusChange(old, next), nil
	default:
		return next, changeTo(old, next), nil
	}
}

// begins bounds how far ahead of the command something of the mission begins. A mission that was never active has one
// version, which holds from its start: there is none that could be in force later.
func (m Mission) begins(old Mission, c *Command) problem.List {
	v, from := &validator{}, m.Latest().From
	v.ahead("/activate_at", m.ScheduledAt, c.At)
	if old.Activated {
		v.ahead("/in_force_from", from, c.At)
	} else if from > c.At {
		v.add("/in_force_from", "is of a change to a mission that has been active: leave it out, or say with activate_at when the mission begins")
	}
	return v.problems
}

// edit returns the mission with the definition that is asked for: in place as long as the mission has not been active;
// then as a version, or as a proposal if it takes the approval of a second person.
func (m Mission) edit(old Mission, c *Command, cfg Config) (Mission, problem.List) {
	asked, next := m.Latest(), old
	proposal := &Proposal{Mission: asked.Mission, From: asked.From, Backdated: asked.Backdated, At: c.At,
		Authors: []string{c.Actor}}
	if p := old.Approval.Proposal; p != nil {
		if proposal.Authors = withAuthor(p.Authors, c.Actor); p.same(proposal) {
			return old, nil
		}
	}
	if reflect.DeepEqual(asked.Mission, old.Latest().Mission) {
		return old, nil
	}
	history, problems := m.revise(old.History, c)
	if len(problems) > 0 {
		return old, problems
	}
	switch {
	case !old.Activated:
		next.History, next.Approval = history, old.Approval.changedBy(c.Actor)
	case len(cfg.Approval.above(costsOf(history.Versions))) == 0:
		next.History, next.Approval = history, Approval{}.changedBy(c.Actor)
	default:
		next.Approval.Proposal, next.Approval.Rejected = proposal, nil
	}
	if len(next.Review().Writers()) > maxAuthors {
		return old, problem.One("", problem.InvalidState,
			"too many people have changed it since it was approved: have it approved or rejected first")
	}
	return next, nil
}

func (m Mission) create(c *Command, cfg Config) (Entity, Change, problem.List) {
	definition := m.Definition()
	if definition.Status == "" {
		definition.Status = mission.Draft
	}
	if definition.Status == mission.Archived {
		return nil, Change{}, problem.One("/status", problem.InvalidField, "a mission cannot begin as archived")
	}
	h := mission.NewHistory(definition, c.At)
	if m.ScheduledAt != 0 {
		h = h.WithSchedule(m.ScheduledAt, c.At)
	}
	created := Mission{History: h, Approval: Approval{}.changedBy(c.Actor)}
	if starts(definition.Status, false) {
		if problems := created.barred(cfg, false); problems != nil {
			return nil, Change{}, problems
		}
	}
	return created, Change{Action: ActionCreated, To: string(definition.Status)}, nil
}

// revise gives the mission another version, or its only one another form as long as nothing has counted for it.
func (m Mission) revise(old mission.History, c *Command) (mission.History, problem.List) {
	asked := m.Latest()
	switch {
	case old.Status == mission.Ended || old.Status == mission.Archived:
		return old, problem.One("", problem.InvalidState, "a mission that is "+string(old.Status)+
			" does not change any more")
	case old.Activated && asked.Mission.Currency != old.Latest().Mission.Currency:
		return old, problem.One("/currency", problem.InvalidField,
			"does not change once the mission has been active: its budget is in it")
	case old.Activated && asked.Backdated && c.Reason == "":
		return old, problem.One("/reason", problem.InvalidField,
			"is required to backdate a version: the audit names it")
	}
	// The lead counts from when everybody can know of the version: a command that waited has used up none of it.
	next, problems := old.WithVersion(asked.Mission, asked.From, max(c.At, c.Judged), asked.Backdated)
	for i := range problems {
		if problems[i].Pointer == "/from" {
			problems[i].Pointer = "/in_force_from"
		}
	}
	return next, problems
}

// status returns what the mission is to become. A file that says when a mission is scheduled stays true after it was
// activated.
func (m Mission) status(old mission.History, c *Command) mission.Status {
	to := m.History.Status
	if to == "" || to == mission.Scheduled && old.Activated && m.ScheduledAt != 0 && m.ScheduledAt <= c.At {
		return old.Status
	}
	return to
}

// move does what operators do to a mission as a whole.
func (m Mission) move(c *Command, cfg Config) (Entity, Change, problem.List) {
	from, to := m.History.Status, moves()[c.Op]
	if c.Op == Activate && c.When > c.At && from != mission.Active {
		to = mission.Scheduled
	}
	rescheduled := to == mission.Scheduled && from == to && c.When != m.ScheduledAt
	switch {
	case from == to && !rescheduled:
		return m, Change{}, nil
	case c.Op == Resume && from != mission.Paused, from != to && !from.CanBecome(to):
		return nil, Change{}, cannotBecome("", from, to)
	}
	if starts(to, m.Activated) {
		if problems := m.barred(cfg, m.Activated); problems != nil {
			return nil, Change{}, problems
		}
	}
	if to == mission.Scheduled {
		v := &validator{}
		if v.ahead("/at", c.When, c.At); len(v.problems) > 0 {
			return nil, Change{}, v.problems
		}
		return m.moved(m.WithSchedule(c.When, c.At))
	}
	at := c.At
	if c.When != 0 {
		if at = c.When; c.Op != Activate && c.When > c.At {
			return nil, Change{}, problem.One("/at", problem.InvalidField,
				"must not lie ahead: the status changes at once")
		}
		if c.Op != Activate && c.When < m.ChangedAt {
			return nil, Change{}, problem.One("/at", problem.InvalidField, "must not lie before the change before, at "+
				m.ChangedAt.String())
		}
	}
	return m.moved(m.WithStatus(to, at))
}

// moved returns the mission with another status.
func (m Mission) moved(h mission.History) (Entity, Change, problem.List) {
	next := m
	next.History = h
	return next, statusChange(m, next), nil
}

// moves returns what each op makes of a mission.
func moves() map[Op]mission.Status {
	return map[Op]mission.Status{
		Activate: mission.Active, Pause: mission.Paused, Resume: mission.Active, End: mission.Ended,
		Archive: mission.Archived,
	}
}

func cannotBecome(pointer string, from, to mission.Status) problem.List {
	code := problem.InvalidField
	if pointer == "" { // it was asked for by a verb
		code = problem.InvalidState
	}
	return problem.One(pointer, code, "a mission that is "+string(from)+" cannot become "+string(to))
}

func statusChange(from, to Mission) Change {
	return Change{Action: ActionStatus, From: from.Status(), To: to.Status()}
}

// withdraw archives the mission.
func (m Mission) withdraw(c *Command) (Entity, Change, problem.List) {
	archive := *c
	archive.Op = Archive
	return m.move(&archive, Config{}) // nothing bars the way to the archive
}

// tooLarge refuses a mission whose versions would not fit into a row.
func (m Mission) tooLarge(cfg Config) problem.List {
	size := 0
	versions := m.reviewed()
	for i := range versions {
		one := Mission{History: m.History}
		one.Versions = versions[:i+1]
		if size += len(cfg.Document(one)); size > maxMissionBytes {
			return problem.One("", problem.InvalidField,
				"the mission's versions are too large together; archive it and create another id")
		}
	}
	return nil
}

// activation is the id of the command by which the catalog itself activates what was scheduled.
const activation = "activate@"

// systemActor is who the audit names where the catalog acts by itself.
const systemActor = "millrace"

// ScheduledAt returns when the entity of a row is to be activated, 0 if it is not scheduled.
func (r *Row) ScheduledAt() instant.Milli {
	if m, ok := r.Mission(); ok && m.Status == mission.Scheduled {
		return m.ScheduledAt
	}
	return 0
}

// Due returns the command that activates the mission of a row whose time has come, nil if it has not, or somebody else
// came first, or it waits for its approval. The mission becomes active at the time it was scheduled for, or approved at
// if that was later, however late that is noticed.
func Due(r *Row, now instant.Milli, cfg Config) *Command {
	at := r.ScheduledAt()
	if at == 0 || at > now {
		return nil
	}
	m, _ := r.Entity.(Mission)
	if m.barred(cfg, m.Activated) != nil {
		return nil
	}
	if approved := m.Approval.Approved; approved != nil {
		at = max(at, approved.At)
	}
	return &Command{
		ID: activation + at.String(), Kind: KindMission, EntityID: r.EntityID, Op: Activate, Actor: systemActor, At: at,
		When:  at,
		Proof: audit.Proof{By: audit.ByTimer}, Reason: "scheduled",
	}
}
