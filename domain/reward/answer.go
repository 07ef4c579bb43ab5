package reward

import (
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/instant"
)

// Answer gives a provider's result to its user's row. One that nobody waits for is Stale and changes nothing.
func Answer(row *Row, user string, result *Result, now instant.Milli) (*Row, []Effect) {
	t := begin(row, user, now)
	r := t.row.Find(result.RewardID)
	if r == nil || !r.awaits(result.TaskID) {
		next, effects := AdvanceTo(row, user, now)
		return next, append(effects, Stale{result.TaskID})
	}
	r = t.edit(r)
	if r.State == Granting {
		t.applyResult(r, result)
	} else {
		t.applyHeldResult(r, result)
	}
	return t.end()
}

// awaits tells whether the reward waits for the result of a task.
func (r *Reward) awaits(taskID string) bool {
	switch {
	case r.State == Granting:
		return taskID == payoutID(r.ID, r.Paid)
	case r.Held == nil:
		return false
	case r.Held.Hold == Awaited:
		return taskID == payoutID(r.ID, r.Held.Epoch)
	default:
		return r.Held.Hold == Recovering && taskID == clawbackID(r.ID, r.Held.Ended)
	}
}

// applyResult applies the result of this epoch's payment.
func (t *transition) applyResult(r *Reward, result *Result) {
	if result.OK {
		r.Code = result.Code
		t.move(r, Granted, "")
		t.emitReturn(r, budget.Spent, r.Amount, "")
		return
	}
	r.Paid = 0
	t.move(r, Failed, result.Reason)
	t.emitReturn(r, budget.Returned, r.Amount, "")
}

// applyHeldResult applies the result of a task of an epoch that is over.
func (t *transition) applyHeldResult(r *Reward, result *Result) {
	held := r.Held
	switch {
	case held.Hold == Recovering && result.OK:
		r.Held = nil
		t.emitReturn(r, budget.Recovered, held.Amount, "")
	case held.Hold == Recovering:
		held.Hold = Kept
	case !result.OK:
		r.Held = nil
		t.emitReturn(r, budget.Returned, held.Amount, "")
	default: // paid after it was revoked
		held.Code = result.Code
		t.emitReturn(r, budget.Spent, held.Amount, "")
		if r.State == Reserved {
			held.Hold = Kept // the epoch that waits takes it
			break
		}
		t.recover(r, held)
		if r.State == Cancelled {
			t.move(r, ClawedBack, r.Reason)
		}
	}
	t.proceed(r)
}
