package reward

import (
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
)

// credit adds coins to the balance, and pays debts from what it then has. A scratch card may have none on it.
func (t *transition) credit(r *Reward) {
	if r.Amount == 0 {
		return
	}
	kind := EntryReward
	if r.Mission == "" {
		kind = EntryGoodwill
	}
	t.enter(r.ID, kind, r.Amount)
	c := &t.row.Coins
	if pay := min(c.Debt, max(0, c.Balance)); pay > 0 {
		c.Debt -= pay
		t.enter(r.ID, EntryDebt, -pay)
	}
}

// overfull tells whether the coins of r would take the balance beyond its bound.
func (t *transition) overfull(r *Reward) bool { return r.Amount > money.Room(t.row.Coins.Balance) }

// refuseCredit ends a reward whose coins the balance cannot hold: it fails, and its amount returns to the budget.
func (t *transition) refuseCredit(r *Reward) {
	t.move(r, Failed, reasonBalance)
	t.emitReturn(r, budget.Returned, r.Amount, r.Code)
	r.Code = ""
}

// debit takes coins back. What the balance does not cover makes it negative, or becomes debt.
func (t *transition) debit(r *Reward) {
	c := &t.row.Coins
	take := r.Amount
	if r.Debt == mission.DebtFloor {
		take = min(take, max(0, c.Balance))
		c.Debt += r.Amount - take
	}
	if take > 0 {
		t.enter(r.ID, EntryClawback, -take)
	}
}

func (t *transition) enter(reward string, kind EntryKind, amount int64) {
	c := &t.row.Coins
	c.Balance += amount
	c.Count++
	c.Entries = append(c.Entries, Entry{Number: c.Count, RewardID: reward, Kind: kind, Amount: amount,
		BalanceAfter: c.Balance, At: t.now})
	t.spill()
}
