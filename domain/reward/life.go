package reward

import (
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/task"
)

// allot begins a new epoch: with what the budget has reserved, or without.
func (t *transition) allot(r *Reward, a *budget.Allotment) {
	reserved := a.Verdict == budget.Reserved
	if !r.Revoked { // it has this completion already
		if reserved {
			t.emitReturn(&Reward{ID: r.ID, Mission: a.Mission, Epoch: r.Epoch, Kind: a.Reward.Kind,
				Currency: a.Currency, Pool: a.Reward.Pool},
				budget.Returned, a.Amount, a.Code)
		}
		return
	}
	r.Epoch++
	r.Revoked = false
	r.Kind, r.Pool, r.Amount, r.Currency = a.Reward.Kind, a.Reward.Pool, a.Amount, currencyOf(a.Reward.Kind, a.Currency)
	r.Mode, r.Hold, r.Expires, r.Debt = a.Grant.Mode, a.Grant.Hold, a.Reward.ExpiresAfter, a.Debt
	r.Code, r.At, r.AvailableAt, r.ExpiresAt, r.Paid = a.Code, a.At, 0, 0, 0
	t.move(r, Reserved, "")
	if !reserved {
		t.move(r, Exhausted, a.Reason)
	}
	if r.Barred {
		t.drop(r, reasonSupport)
	}
	if r.Ahead > 0 {
		r.Ahead--
		t.revoke(r)
	}
	t.proceed(r)
}

// currencyOf returns the currency of a reward's amount, empty for coins.
func currencyOf(kind, currency string) string {
	if unit := mission.UnitOf(kind, currency); unit != mission.Coins {
		return unit
	}
	return ""
}

// proceed takes a reserved reward on its way, once it is known what the user has of earlier epochs.
func (t *transition) proceed(r *Reward) {
	switch {
	case r.State != Reserved || r.Held != nil && r.Held.Hold != Kept:
	case r.Held != nil:
		t.adopt(r)
	default:
		r.AvailableAt = t.now.Add(r.Hold)
		t.move(r, Pending, "")
		if r.Hold <= 0 {
			t.available(r)
		}
	}
}

// adopt makes what the user still has of an earlier epoch the reward of this one; what was reserved for it is not
// needed.
func (t *transition) adopt(r *Reward) {
	t.emitReturn(r, budget.Returned, r.Amount, r.Code)
	r.Amount, r.Code, r.Paid, r.AvailableAt = r.Held.Amount, r.Held.Code, r.Held.Epoch, t.now
	r.Held = nil
	t.move(r, Granted, "")
}

// available ends the hold.
func (t *transition) available(r *Reward) {
	if r.Mode != mission.GrantClaim {
		t.grant(r)
		return
	}
	t.move(r, Claimable, "")
	t.expireLater(r)
}

func (t *transition) expireLater(r *Reward) {
	if r.Expires > 0 {
		r.ExpiresAt = r.AvailableAt.Add(r.Expires)
	}
}

// grant gives the reward, or asks the provider to. A scratch card is given to be scratched.
func (t *transition) grant(r *Reward) {
	switch delivery := mission.RewardKindOf(r.Kind).Delivery; {
	case delivery == mission.ByCredit && t.overfull(r):
		t.refuseCredit(r)
		return
	case delivery == mission.ByCredit:
		t.credit(r)
	case delivery == mission.ByScratch:
		t.move(r, Granted, "")
		t.expireLater(r)
		return // nothing is spent before that
	case r.Code == "":
		r.Paid = r.Epoch
		t.move(r, Granting, "")
		t.emit(TaskRequested{TaskID: payoutID(r.ID, r.Epoch), Kind: task.RewardPayout, Reward: r, Epoch: r.Epoch,
			Amount: r.Amount})
		return
	}
	r.Paid = r.Epoch
	t.move(r, Granted, "")
	t.emitReturn(r, budget.Spent, r.Amount, "")
}

// claim gives a reward that waits for its user.
func (t *transition) claim(r *Reward) {
	r.ExpiresAt = 0
	if mission.RewardKindOf(r.Kind).Delivery != mission.ByScratch {
		t.grant(r)
		return
	}
	if t.overfull(r) {
		t.refuseCredit(r)
		return
	}
	t.credit(r)
	r.Paid = r.Epoch
	t.move(r, Redeemed, "")
	t.emitReturn(r, budget.Spent, r.Amount, "")
}

// revoke takes the completion away.
func (t *transition) revoke(r *Reward) {
	if r.Revoked {
		r.Ahead++ // the completion is still under way
		return
	}
	r.Revoked = true
	t.drop(r, reasonRevoked)
}

// drop takes the reward back, wherever it is.
func (t *transition) drop(r *Reward, reason string) {
	if !r.live() {
		return // there is nothing to take
	}
	r.ExpiresAt = 0
	switch {
	case r.State == Granting: // the provider may pay yet
		r.Held = &Holding{Hold: Awaited, Epoch: r.Paid, Amount: r.Amount}
		t.move(r, Cancelled, reason)
	case !r.isGranted():
		t.emitReturn(r, budget.Returned, r.Amount, r.Code)
		r.Code = ""
		t.move(r, Cancelled, reason)
	case r.Paid == 0: // a card that nobody scratched
		t.emitReturn(r, budget.Returned, r.Amount, "")
		t.move(r, ClawedBack, reason)
	default:
		t.clawBack(r, reason)
	}
	r.Paid = 0
}

// clawBack takes back what was given: coins from the balance; of the provider it is asked; a code that was seen stays
// seen.
func (t *transition) clawBack(r *Reward, reason string) {
	switch {
	case r.unit() == mission.Coins:
		t.debit(r)
		t.emitReturn(r, budget.Recovered, r.Amount, "")
	case r.Pool != "":
		r.Held = &Holding{Hold: Kept, Epoch: r.Paid, Amount: r.Amount, Code: r.Code}
	default:
		t.recover(r, &Holding{Epoch: r.Paid, Amount: r.Amount, Code: r.Code})
	}
	r.Code = ""
	t.move(r, ClawedBack, reason)
}

func (t *transition) recover(r *Reward, held *Holding) {
	held.Hold, held.Ended = Recovering, r.Epoch
	r.Held = held
	t.emit(TaskRequested{TaskID: clawbackID(r.ID, r.Epoch), Kind: task.RewardClawback, Reward: r, Epoch: held.Epoch,
		Amount: held.Amount})
}
