package budget

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
)

// Judge gives an outcome to its mission's row, which may be nil: a completion is reserved or finds nothing left, a
// revocation goes on to the reward, which knows what there is to return. It returns the row to keep and what follows,
// and leaves the old row as it was.
func Judge(row *Row, o *mission.Outcome) (*Row, []Effect) {
	if detail := unsound(o); detail != "" {
		return row, []Effect{Rejected{detail}}
	}
	m := row.mission()
	// a record of before there were limits of others has none
	if newest := max(o.LimitsOf, o.Version); newest >= m.Version {
		m.Version, m.Limits = newest, o.Limits
	}
	a := &Allotment{
		UserID: o.UserID, Mission: o.Mission, Version: o.Version, Iteration: o.Iteration, WindowStart: o.WindowStart,
		Currency: o.Currency, Reward: o.Reward, Grant: o.Grant, Debt: o.Debt, At: o.At,
	}
	if o.Kind == mission.Revoked {
		a.Verdict = Revoked
		return &Row{Mission: m}, []Effect{Allotted{a}}
	}
	a.Amount, a.Reason = m.fit(o)
	if a.Reason != "" {
		m.Exhausted++
		a.Verdict = Exhausted
		return &Row{Mission: m}, []Effect{Allotted{a}}
	}
	a.Verdict = Reserved
	account := m.account(mission.UnitOf(o.Reward.Kind, o.Currency))
	account.Reserved += a.Amount
	m.Winners++
	if o.Reward.Pool != "" {
		return &Row{Mission: m}, []Effect{Moved{PoolKey(o.Reward.Pool), &Move{Step: StepDraw, Allotment: a}}}
	}
	return &Row{Mission: m}, []Effect{Allotted{a}}
}

// unsound returns what is wrong with an outcome that a damaged record would make.
func unsound(o *mission.Outcome) string {
	switch {
	case o.Kind != mission.Completed && o.Kind != mission.Revoked:
		return "outcome of an unknown kind"
	case o.UserID == "":
		return "outcome without a user"
	case !money.Fits(o.Reward.Amount):
		return "amount of the reward"
	}
	return ""
}

// fit returns how much of a reward there is room for, or why there is none.
func (m *Mission) fit(o *mission.Outcome) (amount int64, reason string) {
	if m.Limits.MaxWinners > 0 && m.Winners >= m.Limits.MaxWinners {
		return 0, ReasonWinners
	}
	amount = o.Reward.Amount
	unit := mission.UnitOf(o.Reward.Kind, o.Currency)
	left, limited := m.Left(unit)
	if room := m.Account(unit).room(); !limited || room < left {
		left, limited = room, true
	}
	switch {
	case !limited || amount <= left:
		return amount, ""
	case left > 0 && m.Limits.OverBudget == mission.OverBudgetTruncate && divisible(o.Reward):
		return left, ""
	default:
		return 0, ReasonBudget
	}
}

// divisible tells whether a part of a reward is worth that part.
func divisible(r mission.Reward) bool {
	return r.Pool == "" && mission.RewardKindOf(r.Kind).Divisible
}

// Resolve tells a mission's row what became of a reservation.
func Resolve(row *Row, r *Return) (*Row, []Effect) {
	m := row.mission()
	account := m.account(r.Unit)
	from := &account.Reserved
	if r.Movement == Recovered {
		from = &account.Spent
	}
	switch {
	case r.Movement != Returned && r.Movement != Spent && r.Movement != Recovered:
		return row, []Effect{Rejected{"movement of an unknown kind"}}
	case r.Amount < 0 || r.Amount > *from || r.Movement != Spent && m.Winners == 0:
		return row, []Effect{Rejected{"more is " + string(r.Movement) + " than there was"}}
	}
	*from -= r.Amount
	if r.Movement == Spent {
		account.Spent += r.Amount
		return &Row{Mission: m}, nil
	}
	account.Returned += r.Amount
	m.Winners--
	if r.Pool != "" && r.Code != "" {
		return &Row{Mission: m}, []Effect{Moved{PoolKey(r.Pool), &Move{Step: StepRestock, Codes: []string{r.Code}}}}
	}
	return &Row{Mission: m}, nil
}

// release gives a reservation back for which the pool had no code.
func release(row *Row, a *Allotment) (*Row, []Effect) {
	next, effects := Resolve(row, &Return{Movement: Returned, Mission: a.Mission,
		Unit: mission.UnitOf(a.Reward.Kind, a.Currency), Amount: a.Amount, At: a.At})
	if next != row {
		next.Mission.Exhausted++
	}
	return next, effects
}

// mission returns a copy of the mission's part of a row, an empty one if there is none yet.
func (r *Row) mission() *Mission {
	if r == nil || r.Mission == nil {
		return &Mission{}
	}
	m := *r.Mission
	m.Accounts = slices.Clone(m.Accounts)
	return &m
}

// account returns the account of a unit to write to. m must be a copy.
func (m *Mission) account(unit string) *Account {
	i, ok := slices.BinarySearchFunc(m.Accounts, unit, func(a Account, unit string) int {
		return strings.Compare(a.Unit, unit)
	})
	if !ok {
		m.Accounts = slices.Insert(m.Accounts, i, Account{Unit: unit})
	}
	return &m.Accounts[i]
}
