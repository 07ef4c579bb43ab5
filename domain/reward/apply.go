package reward

import (
	"strconv"

	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
)

// ApplyAllotment applies an allotment to its user's row, which may be nil, at the wall time now. It returns the row to
// keep and what follows, and leaves the old row as it was. What was due at now is settled first, whether or not its
// timer has been called.
func ApplyAllotment(row *Row, user string, a *budget.Allotment, now instant.Milli) (*Row, []Effect) {
	if a.UserID != user || a.Mission == "" || !money.Fits(a.Amount) {
		return row, []Effect{Rejected{"an allotment without its mission, of another user, or with an amount out of bounds"}}
	}
	t := begin(row, user, now)
	r := t.find(a)
	switch {
	case a.Verdict == budget.Revoked:
		t.revoke(r)
	case a.Verdict == budget.Reserved, a.Verdict == budget.Exhausted:
		t.allot(r, a)
	default:
		return row, []Effect{Rejected{"an allotment with an unknown verdict"}}
	}
	return t.end()
}

// AdvanceTo does what is due at the wall time now: holds that are over, rewards that expire. It returns row itself if
// nothing is.
func AdvanceTo(row *Row, user string, now instant.Milli) (*Row, []Effect) {
	if row == nil || !row.due(now) {
		return row, nil
	}
	return begin(row, user, now).end()
}

// due tells whether something is due at the wall time now.
func (r *Row) due(now instant.Milli) bool {
	for _, w := range r.Rewards {
		if at := w.dueAt(); at != 0 && at <= now {
			return true
		}
	}
	return false
}

// dueAt returns when time will change the reward, 0 if it will not.
func (r *Reward) dueAt() instant.Milli {
	switch {
	case r.State == Pending:
		return r.AvailableAt
	case r.waits():
		return r.ExpiresAt
	}
	return 0
}

// waits tells whether the reward waits for its user: to be claimed, or scratched.
func (r *Reward) waits() bool {
	return r.State == Claimable || r.State == Granted && mission.RewardKindOf(r.Kind).Delivery == mission.ByScratch
}

// transition is one call under way.
type transition struct {
	user    string
	row     *Row
	own     map[string]*Reward // rewards that are this transition's own copies, by id
	before  map[string]*Reward // what they were
	changed []string           // their ids, in the order of the first change
	now     instant.Milli
	effects []Effect
}

// begin settles what is due.
func begin(row *Row, user string, now instant.Milli) *transition {
	t := &transition{user: user, row: row.next(), own: map[string]*Reward{}, before: map[string]*Reward{}}
	t.now = max(now, t.row.Now) // a clock that was set back changes nothing
	t.row.Now = t.now
	for i := range t.row.Rewards {
		for r := t.row.Rewards[i]; ; { // a hold may end in what has expired since
			at := r.dueAt()
			if at == 0 || at > t.now {
				break
			}
			r = t.edit(r)
			if r.State == Pending {
				t.available(r)
				continue
			}
			t.move(r, Expired, reasonExpired)
			t.emitReturn(r, budget.Returned, r.Amount, r.Code)
			r.Code = ""
		}
	}
	return t
}

func (t *transition) emit(e Effect) { t.effects = append(t.effects, e) }

// edit returns the reward to write to.
func (t *transition) edit(r *Reward) *Reward {
	if own, ok := t.own[r.ID]; ok {
		return own
	}
	next := *r
	if r.Held != nil {
		held := *r.Held
		next.Held = &held
	}
	t.own[r.ID], t.before[r.ID] = &next, r
	t.changed = append(t.changed, r.ID)
	for i, w := range t.row.Rewards {
		if w.ID == r.ID {
			t.row.Rewards[i] = &next
		}
	}
	return &next
}

// add puts a new reward behind the others.
func (t *transition) add(r *Reward) *Reward {
	r.Number = 1
	if n := len(t.row.Rewards); n > 0 {
		r.Number = t.row.Rewards[n-1].Number + 1
	}
	t.row.Rewards = append(t.row.Rewards, r)
	t.own[r.ID] = r
	t.changed = append(t.changed, r.ID)
	return r
}

// find returns the reward that an allotment is about, to write to.
func (t *transition) find(a *budget.Allotment) *Reward {
	id := ID(a.UserID, a.Mission, a.Version, a.WindowStart, a.Iteration)
	if r := t.row.Find(id); r != nil {
		return t.edit(r)
	}
	return t.add(&Reward{
		ID: id, Mission: a.Mission, Version: a.Version, Iteration: a.Iteration, WindowStart: a.WindowStart,
		Kind:  a.Reward.Kind,
		State: Cancelled, Reason: reasonRevoked, Revoked: true, // until a completion comes
	})
}

// end tells what has changed, and when the row wants to be called.
func (t *transition) end() (*Row, []Effect) {
	for _, id := range t.changed {
		r, before := t.own[id], t.before[id]
		from := State("")
		if before != nil && before.Visible() {
			from = before.State
			if from == r.State && before.Epoch == r.Epoch {
				continue
			}
		}
		if !r.Visible() {
			continue
		}
		t.emit(Changed{r, from})
		if at := r.dueAt(); at != 0 {
			t.emit(Due{at})
		}
	}
	return t.row, t.effects
}

func (t *transition) move(r *Reward, to State, reason string) {
	r.State, r.Reason, r.Since = to, reason, t.now
}

// emitReturn emits to the budget what becomes of an amount. A goodwill reward has none.
func (t *transition) emitReturn(r *Reward, m budget.Movement, amount int64, unseen string) {
	if r.Mission == "" {
		return
	}
	v := &budget.Return{Movement: m, Mission: r.Mission, Unit: r.unit(), Amount: amount, RewardID: r.ID, Epoch: r.Epoch,
		At: t.now}
	if unseen != "" {
		v.Pool, v.Code = r.Pool, unseen
	}
	t.emit(Settled{v})
}

// payoutID returns the id of the task that asks a provider to pay an epoch of a reward: the provider's idempotency key.
func payoutID(reward string, epoch int64) string { return reward + "." + strconv.FormatInt(epoch, 10) }

// clawbackID returns the id of the task that asks a provider, at the end of an epoch, to take back what the user has.
func clawbackID(reward string, epoch int64) string { return payoutID(reward, epoch) + ".clawback" }
