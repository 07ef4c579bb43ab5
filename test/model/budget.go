package model

import (
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/oracle"
)

// book is what a mission's budget must say.
type book struct {
	accounts           map[string]account
	winners, exhausted int64
}

// account counts what was promised in one unit, what of it was given, and what came back of both.
type account struct{ reserved, spent, returned int64 }

func newBook() *book { return &book{accounts: map[string]account{}} }

func (b *book) add(unit string, reserved, spent, returned int64) {
	a := b.accounts[unit]
	a.reserved += reserved
	a.spent += spent
	a.returned += returned
	b.accounts[unit] = a
}

func unitOf(d *oracle.Definition) string {
	if isCoins(d.Reward.Kind) {
		return "coins"
	}
	return d.Currency
}

// checkBudget folds the outcomes of a mission in their order, with the verdicts that they were given, and then what
// became of the reservations, and compares the row and the rewards with that.
func (t *Treasury) checkBudget(id string) {
	back := map[string]int64{} // all that ever came back, by unit
	returned := int64(0)
	for _, r := range t.returns[id] {
		if r.what != "spent" {
			back[r.unit] += r.amount
			returned++
		}
	}
	want, taken := newBook(), map[win]int{}
	newest := int64(0)
	for _, o := range t.outcomes[id] {
		newest = min(max(newest, o.limits), int64(len(t.missions[id])))
		d, known := t.definition(o.win)
		completions := t.wins[o.win].completions()
		if !o.completed || !known || taken[o.win] >= len(completions) {
			continue // what is wrong with it was told already
		}
		a := completions[taken[o.win]]
		taken[o.win]++
		t.judge(o.win, want, &judgement{d: &d, limits: t.missions[id][newest-1], a: a, back: back[unitOf(&d)],
			returned: returned})
	}
	for _, r := range t.returns[id] {
		switch r.what {
		case "spent":
			want.add(r.unit, -r.amount, r.amount, 0)
		case "returned":
			want.add(r.unit, -r.amount, 0, r.amount)
			want.winners--
		case "recovered":
			want.add(r.unit, 0, -r.amount, r.amount)
			want.winners--
		}
	}
	t.compareBook(id, want)
	t.compareRewards(id, want)
}

// judgement is a completion before its budget.
type judgement struct {
	d        *oracle.Definition
	limits   oracle.Definition // the newest heard of
	a        *allotment
	back     int64 // what ever came back; how much of it by now is not known
	returned int64 // how many times
}

// judge checks one verdict and enters it.
func (t *Treasury) judge(w win, b *book, j *judgement) {
	unit, full, a := unitOf(j.d), j.d.Reward.Amount, j.a
	limit, winners := j.limits.Limits.Budget, j.limits.Limits.MaxWinners
	promised := b.accounts[unit].reserved // and never came back, as far as is known
	divisible := j.limits.Limits.OverBudget == "truncate" && (isCoins(j.d.Reward.Kind) || j.d.Reward.Kind == "cash")
	short := limit > 0 && promised+full > limit // if nothing has come back yet
	if a.verdict == "exhausted" {
		b.exhausted++
		just := a.reason == "max_winners" && winners > 0 && b.winners >= winners ||
			a.reason == "budget" && promised+full > money.MaxTotal || // whatever the budget is
			a.reason == "budget" && short && (!divisible || promised >= limit) ||
			a.reason == "pool_empty" && j.d.Reward.Pool != ""
		if !just {
			t.problem("allotment of %+v: %s for %s, with %d of %d promised to %d of %d", w, a.verdict, a.reason,
				promised, limit, b.winners, winners)
		}
		if a.reason == "pool_empty" { // it was reserved until the pool was asked
			b.add(unit, 0, 0, full)
		}
		return
	}
	switch {
	case a.amount > full || a.amount < 0 || a.amount < full && !(short && divisible):
		t.problem("allotment of %+v: %d of %d", w, a.amount, full)
	case a.amount < full && j.back == 0 && a.amount != limit-promised:
		t.problem("allotment of %+v: %d, what was left is %d", w, a.amount, limit-promised)
	case limit > 0 && promised-j.back+a.amount > limit || winners > 0 && b.winners-j.returned >= winners:
		t.problem("allotment of %+v: beyond the limits: %d of %d promised to %d of %d", w, promised, limit, b.winners,
			winners)
	}
	b.add(unit, a.amount, 0, 0)
	b.winners++
}

// compareBook compares the mission's row.
func (t *Treasury) compareBook(id string, want *book) {
	got := t.budgets[id]
	if got == nil {
		if want.winners != 0 || want.exhausted != 0 {
			t.problem("budget of %s: no row", id)
		}
		return
	}
	if got.winners != want.winners || got.exhausted != want.exhausted {
		t.problem("budget of %s: %d winners and %d exhausted, want %d and %d", id, got.winners, got.exhausted,
			want.winners, want.exhausted)
	}
	most := oracle.Definition{}
	for _, d := range t.missions[id] { // a version may have lowered the limits
		most.Limits.Budget = widest(most.Limits.Budget, d.Limits.Budget)
		most.Limits.MaxWinners = widest(most.Limits.MaxWinners, d.Limits.MaxWinners)
	}
	for unit, w := range want.accounts {
		g := got.accounts[unit]
		if g != w {
			t.problem("budget of %s: %+v, want %+v", id, g, w)
		}
		if most.Limits.Budget > 0 && g.spent+g.reserved > most.Limits.Budget {
			t.problem("budget of %s: %+v is more than %d", id, g, most.Limits.Budget)
		}
	}
	if most.Limits.MaxWinners > 0 && got.winners > most.Limits.MaxWinners {
		t.problem("budget of %s: %d winners of %d", id, got.winners, most.Limits.MaxWinners)
	}
}

// widest returns the limit that bounds less; a negative one is none at all, which 0 says in a definition.
func widest(a, b int64) int64 {
	switch {
	case b == 0 || a < 0:
		return -1
	default:
		return max(a, b)
	}
}

// compareRewards compares what the users' rewards hold of a mission's budget.
func (t *Treasury) compareRewards(id string, want *book) {
	got := newBook()
	for w, won := range t.wins {
		r := won.reward
		d, known := t.definition(w)
		if w.mission != id || r == nil || !known {
			continue
		}
		unit := unitOf(&d)
		open, given := r.budgetShare()
		got.add(unit, open.amount, given.amount, 0)
		got.winners += open.times + given.times
	}
	for unit, w := range want.accounts {
		if g := got.accounts[unit]; g.reserved != w.reserved || g.spent != w.spent {
			t.problem("rewards of %s hold %d %s reserved and %d spent, its budget %d and %d", id, g.reserved, unit,
				g.spent, w.reserved, w.spent)
		}
	}
	if got.winners != want.winners {
		t.problem("rewards of %s have %d winners, its budget %d", id, got.winners, want.winners)
	}
}
