package catalog

import (
	"reflect"
	"slices"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
)

// Approval is what is known of the second person that a mission above a threshold needs. An approval is of one
// definition exactly as it is: any change of it voids the approval. The zero Approval is of a mission that nobody has
// approved or rejected.
type Approval struct {
	// Authors are the subjects who made the latest definition what it is, since one before it was approved, sorted.
	// None of them can approve it.
	Authors []string
	// Approved is the approval of the latest definition, nil if there is none.
	Approved *Decision
	// Rejected is the newest rejection, of the latest definition or of a proposal; the next change of the definition
	// takes it away.
	Rejected *Decision
	// Proposal is a changed definition of a mission that has been active: the version before it stays in force until it
	// is approved.
	Proposal *Proposal
}

// IsZero reports whether nothing is known.
func (a Approval) IsZero() bool {
	return len(a.Authors) == 0 && a.Approved == nil && a.Rejected == nil && a.Proposal == nil
}

// Decision is one person's yes or no.
type Decision struct {
	Actor    string
	At       instant.Milli
	Reason   string
	Revision int64 // of the row that the actor had seen
}

// Proposal is a definition that waits for its approval.
type Proposal struct {
	Mission   mission.Mission // without a status
	From      instant.Milli   // from when it is to be in force; 0, or too early by then: as soon as allowed
	Backdated bool
	At        instant.Milli // when it was asked for
	Authors   []string      // as Approval.Authors
}

// maxAuthors bounds the authors of a definition that nobody has approved.
const maxAuthors = 64

// ApprovalState is where a mission stands.
type ApprovalState string

// The states.
const (
	ApprovalNotNeeded ApprovalState = "not_needed"
	ApprovalWaiting   ApprovalState = "waiting"
	ApprovalApproved  ApprovalState = "approved"
	ApprovalRejected  ApprovalState = "rejected"
)

// Approvals returns every state.
func Approvals() []ApprovalState {
	return []ApprovalState{ApprovalNotNeeded, ApprovalWaiting, ApprovalApproved, ApprovalRejected}
}

// Review is what there is to approve of a mission.
type Review struct {
	Approval
	// Costs are those with the proposal, if there is one.
	Costs []Cost
	over  bool // ended or archived
}

// Review returns what there is to approve of m.
func (m Mission) Review() Review {
	return Review{m.Approval, costsOf(m.reviewed()), m.over()}
}

// reviewed returns the versions that there will be once everything is approved.
func (m Mission) reviewed() []mission.Version {
	if p := m.Approval.Proposal; p != nil {
		return append(slices.Clone(m.Versions), mission.Version{Mission: p.Mission})
	}
	return m.Versions
}

// State returns where the mission stands.
func (r Review) State(t Thresholds) ApprovalState {
	switch {
	case r.over:
		return ApprovalNotNeeded
	case r.Proposal != nil:
		return ApprovalWaiting
	case len(t.above(r.Costs)) == 0:
		return ApprovalNotNeeded
	case r.Approved != nil:
		return ApprovalApproved
	case r.Rejected != nil:
		return ApprovalRejected
	default:
		return ApprovalWaiting
	}
}

// Why returns why the mission needs an approval, in a sentence; empty if it needs none.
func (r Review) Why(t Thresholds) string {
	if r.State(t) == ApprovalNotNeeded {
		return ""
	}
	return t.why(t.above(r.Costs))
}

// Writers returns the authors of what there is to approve: none of them can.
func (r Review) Writers() []string {
	if r.Proposal != nil {
		return r.Proposal.Authors
	}
	return r.Authors
}

func (m Mission) over() bool {
	return m.History.Status == mission.Ended || m.History.Status == mission.Archived
}

// barred returns why m cannot become or stay what it is: it needs an approval, and has none. before tells whether it
// has been active before.
func (m Mission) barred(cfg Config, before bool) problem.List {
	above := cfg.Approval.above(costsOf(m.Versions))
	if len(above) == 0 || m.Approval.Approved != nil {
		return nil
	}
	detail := cfg.Approval.why(above) + ": "
	if before {
		detail += "somebody who did not write it has to approve it (POST …/approve, millrace mission approve)"
	} else {
		detail += "write it with status draft, have somebody else approve it (POST …/approve, millrace mission approve), then activate it"
	}
	return problem.One("", problem.ApprovalRequired, detail)
}

// starts tells whether the move to a status makes a mission win something for its users that won nothing before.
func starts(to mission.Status, activated bool) bool {
	switch to {
	case mission.Active, mission.Scheduled:
		return true
	case mission.Paused, mission.Ended:
		return !activated // what is created as paused or ended counts the payments before that
	default:
		return false
	}
}

// same tells whether q asks for what p asked for.
func (p *Proposal) same(q *Proposal) bool {
	return reflect.DeepEqual(p.Mission, q.Mission) && p.From == q.From && p.Backdated == q.Backdated
}

// changedBy returns the approval of a definition that was changed by an actor: there is none any more.
func (a Approval) changedBy(actor string) Approval {
	if a.Approved != nil {
		a.Authors = nil
	}
	return Approval{Authors: withAuthor(a.Authors, actor)}
}

func withAuthor(authors []string, actor string) []string {
	i, found := slices.BinarySearch(authors, actor)
	if found {
		return authors
	}
	return slices.Insert(slices.Clone(authors), i, actor)
}

// approve takes the yes of a second person to the definition as it is, or to the proposal.
func (m Mission) approve(c *Command, cfg Config) (Entity, Change, problem.List) {
	state := m.Review().State(cfg.Approval)
	switch problems := m.undecidable(c, state); {
	case problems != nil:
		return nil, Change{}, problems
	case !c.Proof.Approves():
		return nil, Change{}, problem.One("", problem.Forbidden, "needs a token with role approver or admin")
	case slices.Contains(m.Review().Writers(), c.Actor):
		return nil, Change{}, problem.One("", problem.SamePerson,
			"whoever wrote a definition cannot approve it: somebody else has to")
	case state == ApprovalApproved:
		return m, Change{}, nil
	}
	next, p := m, m.Approval.Proposal
	next.Approval = Approval{Authors: m.Review().Writers(),
		Approved: &Decision{Actor: c.Actor, At: c.At, Reason: c.Reason, Revision: c.Expected}}
	if p != nil {
		var problems problem.List
		if next.History, problems = m.with(p, max(c.At, c.Judged)); problems != nil {
			return nil, Change{}, problems
		}
	}
	return next, Change{Action: ActionApproved, From: m.Status(), To: next.Status()}, nil
}

// with returns the history with the proposal as its latest version. If it was to be in force before now, it is as soon
// as allowed.
func (m Mission) with(p *Proposal, now instant.Milli) (mission.History, problem.List) {
	from := p.From
	if !p.Backdated && from < now.Add(mission.VersionLead) {
		from = 0
	}
	return m.WithVersion(p.Mission, from, now, p.Backdated)
}

// reject takes a no to what waits, or an approval back as long as the mission has not been active. An author takes back
// what is theirs.
func (m Mission) reject(c *Command, cfg Config) (Entity, Change, problem.List) {
	state := m.Review().State(cfg.Approval)
	switch problems := m.undecidable(c, state); {
	case problems != nil:
		return nil, Change{}, problems
	case !c.Proof.Approves() && !slices.Contains(m.Review().Writers(), c.Actor):
		return nil, Change{}, problem.One("", problem.Forbidden,
			"needs a token with role approver or admin, unless it is your own")
	case c.Reason == "":
		return nil, Change{}, problem.One("/reason", problem.InvalidField,
			"is required to reject a mission: its author reads it")
	case m.Approval.Proposal == nil && m.History.Activated:
		return nil, Change{}, problem.One("", problem.InvalidState,
			"the mission has been active already: pause or end it")
	case state == ApprovalRejected:
		return m, Change{}, nil
	}
	next := m
	next.Approval.Rejected = &Decision{Actor: c.Actor, At: c.At, Reason: c.Reason, Revision: c.Expected}
	if m.Approval.Proposal != nil {
		next.Approval.Proposal = nil
	} else {
		next.Approval.Approved = nil
	}
	return next, Change{Action: ActionRejected, From: m.Status(), To: next.Status()}, nil
}

// undecidable returns why nobody can decide on m.
func (m Mission) undecidable(c *Command, state ApprovalState) problem.List {
	switch {
	case m.over():
		return problem.One("", problem.InvalidState, "a mission that is "+m.Status()+" needs no approval any more")
	case c.Expected <= 0:
		return problem.One("", problem.PreconditionRequired,
			"a decision is about what was seen: If-Match with its ETag is needed")
	case state == ApprovalNotNeeded:
		return problem.One("", problem.InvalidState,
			"the mission needs no approval: what it can give is below the threshold")
	}
	return nil
}
