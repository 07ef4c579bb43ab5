package reward

import (
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
)

// credit adds the coins of a reward to the balance. A scratch card may have none on it.
func (t *transition) credit(r *Reward) {
	if r.Amount == 0 {
		return
	}
	kind := EntryReward
	if r.Mission == "" {
		kind = EntryGoodwill
	}
	t.receive(Entry{RewardID: r.ID, Kind: kind, Amount: r.Amount})
}

// receive enters coins that come, pays debts from what the balance then has, and returns the entry of what came.
func (t *transition) receive(e Entry) Entry {
	e = t.enter(e)
	c := &t.row.Coins
	if pay := min(c.Debt, max(0, c.Balance)); pay > 0 {
		c.Debt -= pay
		t.enter(Entry{RewardID: e.RewardID, SpendID: e.SpendID, Kind: EntryDebt, Amount: -pay})
	}
	return e
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
		t.enter(Entry{RewardID: r.ID, Kind: EntryClawback, Amount: -take})
	}
}

// enter adds an entry to the balance, and returns it with its number.
func (t *transition) enter(e Entry) Entry {
	c := &t.row.Coins
	c.Balance += e.Amount
	c.Count++
	e.Number, e.BalanceAfter, e.At = c.Count, c.Balance, t.now
	c.Entries = append(c.Entries, e)
	t.spill()
	return e
}
