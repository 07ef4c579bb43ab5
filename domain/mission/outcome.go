package mission

import (
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/verdict"
)

// OutcomeKind tells whether an iteration was reached or lost again.
type OutcomeKind string

// The outcome kinds.
const (
	Completed OutcomeKind = "completed"
	Revoked   OutcomeKind = "revoked"
)

// OutcomeKinds returns every outcome kind.
func OutcomeKinds() []OutcomeKind { return []OutcomeKind{Completed, Revoked} }

// Outcome is a completion or its revocation: the record of `outcomes`, keyed by mission. It carries what the budget and
// the reward need, so that neither looks the mission up again.
type Outcome struct {
	Kind        OutcomeKind
	UserID      string
	Mission     string
	Version     int64
	Iteration   int64         // from 1
	WindowStart instant.Milli // tells the windows of one mission apart
	WindowEnd   instant.Milli
	Currency    string
	Reward      Reward
	Grant       Grant
	// Limits are those of the newest version in force at At that was known, whatever version is the user's: a budget is
	// one. LimitsOf is that version; not below Version.
	Limits   Limits
	LimitsOf int64
	Debt     string
	Progress int64         // in the window afterwards, cut to int64
	At       instant.Milli // event time of the posting or command that caused it
	// TransactionID is of the posting that caused it, empty if none did. The payments that brought progress there are
	// many.
	TransactionID string
}

// Effect is what Apply asks its caller to do or to count: exactly one of *Outcome, Credit, Duplicate, Forgotten,
// Answered.
type Effect interface{ effect() }

// Credit tells that a posting was taken in.
type Credit struct {
	Currency string
	Minor    int64 // NetAfter - NetBefore
	Missions int   // how many missions it counted for
}

// Duplicate tells that a posting or command had been taken in before.
type Duplicate struct{}

// Forgotten tells that a posting of a payment beyond the reorder horizon did not count for a mission, reason
// AfterHorizon.
type Forgotten struct {
	Mission string
}

// Answered tells the verdict on a command, which the row keeps.
type Answered struct {
	verdict.Verdict
}

// Audited is a line for the audit: an operator has acted on the user.
type Audited struct{ Line *audit.Line }

func (*Outcome) effect()  {}
func (Credit) effect()    {}
func (Duplicate) effect() {}
func (Forgotten) effect() {}
func (Answered) effect()  {}
func (Audited) effect()   {}
