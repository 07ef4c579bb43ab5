package audit

import (
	"fmt"
	"time"

	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
)

// grants is the book of what users' rewards say of themselves, against the allotments by which they came.
type grants struct {
	whole    bool                                 // all allotments are read
	allotted map[string][]terms                   // by id of the reward, each epoch once
	rows     map[string]map[string]*reward.Reward // by user and id
	places   map[string]string
	touched  map[string]bool // users
}

// terms are what an allotment settles of a reward.
type terms struct {
	mission, kind, pool, currency, mode, debt string
	version, iteration, amount                int64
	window, at                                instant.Milli
	hold, expires                             time.Duration
}

func newGrants(whole bool) *grants {
	return &grants{
		whole: whole, allotted: map[string][]terms{}, rows: map[string]map[string]*reward.Reward{},
		places: map[string]string{}, touched: map[string]bool{},
	}
}

func (b *grants) addAllotment(a *budget.Allotment) {
	if a.Verdict == budget.Revoked {
		return
	}
	id := reward.ID(a.UserID, a.Mission, a.Version, a.WindowStart, a.Iteration)
	t := terms{
		mission: a.Mission, kind: a.Reward.Kind, pool: a.Reward.Pool,
		currency: mission.UnitOf(a.Reward.Kind, a.Currency), mode: a.Grant.Mode, debt: a.Debt,
		version: a.Version, iteration: a.Iteration, amount: a.Amount, window: a.WindowStart, at: a.At,
		hold: a.Grant.Hold, expires: a.Reward.ExpiresAfter,
	}
	b.allotted[id] = append(b.allotted[id], t)
	b.touched[a.UserID] = true
}

func (b *grants) setRow(place, user string, row *reward.Row) {
	b.touched[user], b.places[user] = true, place
	delete(b.rows, user)
	if row == nil {
		return
	}
	mine := map[string]*reward.Reward{}
	for _, r := range row.Rewards {
		mine[r.ID] = r
	}
	b.rows[user] = mine
}

// open returns what is amiss. credited tells whether the coin entries of a user have a reward.
func (b *grants) open(credited func(user, id string, amount int64) bool) []difference {
	var out []difference
	for user := range b.touched {
		sound := true
		for id, r := range b.rows[user] {
			what := b.wrong(user, r)
			if what == "" && !credited(user, id, r.Amount) && coined(r) {
				what = fmt.Sprintf("%d coins are said to be given, and no entry says so", r.Amount)
			}
			if what == "" {
				continue
			}
			sound = false
			out = append(out, difference{
				check: checkRewards, key: user + "\x00" + id, place: b.places[user],
				state: fmt.Sprint(*r, len(b.allotted[id])),
				text:  fmt.Sprintf("user %s (%s), reward %s: %s", user, b.places[user], id, what),
			})
		}
		if sound {
			delete(b.touched, user)
		}
	}
	return out
}

// coined tells whether a reward's coins are in the balance.
func coined(r *reward.Reward) bool {
	given := r.State == reward.Granted || r.State == reward.Redeemed
	return given && r.Paid == r.Epoch && r.Amount > 0 && mission.UnitOf(r.Kind, r.Currency) == mission.Coins
}

// wrong says what no allotment has said of a reward. One that support gave has none.
func (b *grants) wrong(user string, r *reward.Reward) string {
	if r.Mission == "" || r.Epoch == 0 {
		return ""
	}
	if id := reward.ID(user, r.Mission, r.Version, r.WindowStart, r.Iteration); id != r.ID {
		return "its id is that of another mission, version, window or iteration"
	}
	all := b.allotted[r.ID]
	if b.whole && r.Epoch > int64(len(all)) {
		return fmt.Sprintf("it is in epoch %d after %d allotments", r.Epoch, len(all))
	}
	have := terms{
		mission: r.Mission, kind: r.Kind, pool: r.Pool, currency: mission.UnitOf(r.Kind, r.Currency), mode: r.Mode,
		debt:    r.Debt,
		version: r.Version, iteration: r.Iteration, amount: r.Amount, window: r.WindowStart, at: r.At, hold: r.Hold,
		expires: r.Expires,
	}
	adopted := r.Paid != 0 && r.Paid != r.Epoch // it is what the user has kept of an earlier epoch
	known := false
	for _, t := range all {
		known = known || t.at == have.at
		if t == have {
			return ""
		}
		if same := t; adopted && b.anyOf(all, r.Amount) {
			if same.amount = have.amount; same == have {
				return ""
			}
		}
	}
	if !b.whole && !known {
		return "" // the allotment is gone
	}
	return fmt.Sprintf("%d %s (%s) of epoch %d is what no allotment says", r.Amount, have.currency, r.Kind, r.Epoch)
}

func (b *grants) anyOf(all []terms, amount int64) bool {
	for _, t := range all {
		if t.amount == amount {
			return true
		}
	}
	return false
}

// credited tells whether an entry gives a user so many coins for a reward; true also where not all entries are known.
func (b *coins) credited(user, id string, amount int64) bool {
	w := b.wallets[user]
	if w == nil || !b.whole {
		return true
	}
	has := func(entries []reward.Entry) bool {
		for _, e := range entries {
			if e.RewardID == id && e.Amount == amount &&
				(e.Kind == reward.EntryReward || e.Kind == reward.EntryGoodwill) {
				return true
			}
		}
		return false
	}
	if has(w.entries) {
		return true
	}
	for _, page := range w.pages {
		if has(page) {
			return true
		}
	}
	return false
}
