package mission

import "time"

// Mission is a definition as docs/missions.md#fields has it. It is plain data: Normalize brings it into the form
// that is stored and compared, Validate explains what is wrong with it.
type Mission struct {
	ID          string
	Title       string
	Description string
	BrandID     string
	Currency    string // ISO 4217; only payments in it count, and money in the definition is in its minor units
	Goal        Goal
	Filters     []Filter // all must pass; none means every payment of the currency
	Window      Window
	TimeZone    string // IANA name; the zone of the window's local dates and times. Defaults to UTC
	Reward      Reward
	Grant       Grant
	Enrolment   string // AutomaticEnrolment or OptIn
	Limits      Limits
	Audience    Audience
	Debt        string // DebtNegative or DebtFloor
	Status      Status
}

// Goal is what has to be reached for one completion.
type Goal struct {
	Metric      string
	Target      int64  // minor units for amount, payments for count, values for distinct, days for streak; > 0
	Field       string // for distinct: whose values are told apart
	PerEventCap int64  // for amount: the most that one payment contributes; 0 = none
}

// The window kinds.
const (
	WindowFixed     = "fixed"
	WindowRecurring = "recurring"
	WindowPerUser   = "per_user"
)

// WindowKinds returns every kind of window.
func WindowKinds() []string { return []string{WindowFixed, WindowRecurring, WindowPerUser} }

// Window says which payments count by their created_at.
type Window struct {
	Kind     string
	From     string // fixed: local date or time, or RFC 3339 with an offset
	To       string // as From; excluded
	Every    string // recurring: EveryDay, EveryWeek or EveryMonth
	Duration time.Duration
	Start    string // per_user: startEnrolment (the default) or startFirstPayment
}

// What a per_user window begins with.
const (
	startEnrolment    = "enrolment"
	startFirstPayment = "first_payment"
)

// WindowStarts returns everything that a per_user window can begin with.
func WindowStarts() []string { return []string{startEnrolment, startFirstPayment} }

// Reward is what one completion wins.
type Reward struct {
	Template     string // id of the reward template that it was copied from; says nothing of the reward
	Kind         string
	Amount       int64 // coins, or minor units of the mission's currency
	Pool         string
	ExpiresAfter time.Duration // 0 = never
}

// The grant modes.
const (
	GrantAuto  = "auto"
	GrantClaim = "claim"
)

// GrantModes returns every grant mode.
func GrantModes() []string { return []string{GrantAuto, GrantClaim} }

// Grant says how a reward reaches the user.
type Grant struct {
	Mode string
	Hold time.Duration // waiting time before the grant
}

// The ways into a mission.
const (
	AutomaticEnrolment = "automatic"
	OptIn              = "opt_in"
)

// Enrolments returns every way into a mission.
func Enrolments() []string { return []string{AutomaticEnrolment, OptIn} }

// What happens when a reward does not fit into the budget.
const (
	OverBudgetReject   = "reject"
	OverBudgetTruncate = "truncate"
)

// OverBudgets returns everything that can happen then.
func OverBudgets() []string { return []string{OverBudgetReject, OverBudgetTruncate} }

// Limits bound what a mission gives; 0 = none.
type Limits struct {
	CompletionsPerUser int64 // in one window
	MaxWinners         int64
	Budget             int64
	OverBudget         string
}

// Audience says who takes part.
type Audience struct {
	RolloutPercent int64 // 0 to 100
	Segments       []string
}

// What a claw-back does to a coin balance that does not cover it.
const (
	DebtNegative = "negative" // the balance goes below zero
	DebtFloor    = "floor"    // the rest is kept as debt
)

// Debts returns everything that a claw-back can do then.
func Debts() []string { return []string{DebtNegative, DebtFloor} }

// maxCompletions bounds the iterations of one user in one window of a mission where the definition sets no limit: one
// payment over a tiny target must not make millions of outcomes.
const maxCompletions = 1000

// Default returns a mission with the defaults of docs/missions.md#fields and everything else empty. Its status is
// draft: nothing counts by accident.
func Default() Mission {
	return Mission{
		TimeZone:  "UTC",
		Grant:     Grant{Mode: GrantAuto},
		Enrolment: AutomaticEnrolment,
		Limits:    Limits{CompletionsPerUser: 1, OverBudget: OverBudgetReject},
		Audience:  Audience{RolloutPercent: 100},
		Debt:      DebtNegative,
		Status:    Draft,
	}
}
