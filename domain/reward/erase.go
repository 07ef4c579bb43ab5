package reward

import (
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/instant"
)

// Erase returns what must be told when the user of the row is forgotten, whose row and pages then go: budgets hear what
// becomes of each reservation. What was not given is free again; what a provider was asked to pay counts as spent,
// since nobody will hear its answer.
func Erase(row *Row, user string, now instant.Milli) (pages []string, effects []Effect) {
	if row == nil {
		return nil, nil
	}
	t := &transition{user: user, row: row, now: now}
	for _, r := range row.Rewards {
		if r.Held != nil && r.Held.Hold == Awaited { // of an epoch that is over
			t.emitReturn(r, budget.Spent, r.Held.Amount, "")
		}
		switch {
		case r.State == Granting:
			t.emitReturn(r, budget.Spent, r.Amount, "")
		case r.State == Granted && r.Paid == 0: // a card that nobody scratched
			t.emitReturn(r, budget.Returned, r.Amount, "")
		case r.live() && !r.isGranted():
			t.emitReturn(r, budget.Returned, r.Amount, r.Code)
		}
	}
	for n := range row.Coins.Pages() {
		pages = append(pages, PageKey(user, n))
	}
	return pages, t.effects
}
