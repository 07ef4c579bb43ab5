package model

import (
	"slices"
	"strings"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/instant"
)

// purse is what a user's row of the rewards table holds, with the pages that lie apart.
type purse struct {
	row     bool
	rewards []*heldReward
	balance int64
	debt    int64
	count   int64
	own     []entry            // in the row
	pages   map[string][]entry // by key
	spends  []spending
}

// heldReward is one reward.
type heldReward struct {
	id          string
	win         win
	byHand      bool // of support
	kind, state string
	pool        string
	debt, code  string
	amount      int64
	epoch, paid int64
	held        string // what there is of an epoch that is over: awaited, recovering, kept; else empty
	heldAmount  int64
	heldCode    string
}

// entry is one change of a coin balance.
type entry struct {
	number, amount, after int64
	reward, spend, kind   string
	at                    instant.Milli
}

// RewardsRow takes a record of the rewards table. Pages lie under their user, 0x1f and a number.
func (t *Treasury) RewardsRow(key string, value []byte) error {
	user, page, paged := strings.Cut(key, "\x1f")
	p := t.purses[user]
	if p == nil {
		p = &purse{pages: map[string][]entry{}}
		t.purses[user] = p
	}
	if paged {
		p.pages[page] = nil
	} else {
		*p = purse{pages: p.pages}
	}
	if value == nil {
		return nil
	}
	row, err := rewardcodec.Row{}.Decode(value)
	if err != nil {
		return err
	}
	var entries []entry
	for _, e := range slices.Concat(row.Page, row.Coins.Entries) { // a row has one of them
		entries = append(entries,
			entry{e.Number, e.Amount, e.BalanceAfter, e.RewardID, e.SpendID, string(e.Kind), e.At})
	}
	if paged {
		p.pages[page] = entries
		return nil
	}
	p.row, p.balance, p.debt, p.count = true, row.Coins.Balance, row.Coins.Debt, row.Coins.Count
	p.own = entries
	for _, s := range row.Coins.Spends {
		p.spends = append(p.spends, spending{s.ID, s.Entry, s.Amount, s.Reversal})
	}
	for _, r := range row.Rewards {
		x := &heldReward{
			id: r.ID, win: win{user, r.Mission, r.Version, r.WindowStart, r.Iteration}, byHand: r.Mission == "",
			kind: r.Kind,
			pool: r.Pool, state: string(r.State), debt: r.Debt, code: r.Code, amount: r.Amount, epoch: r.Epoch,
			paid: r.Paid,
		}
		if r.Held != nil {
			x.held, x.heldAmount, x.heldCode = []string{"", "awaited", "recovering", "kept"}[r.Held.Hold],
				r.Held.Amount, r.Held.Code
		}
		p.rewards = append(p.rewards, x)
	}
	return nil
}

// Rewards returns how many rewards there are in each state, so that a test can tell whether there were enough.
func (t *Treasury) Rewards() map[string]int {
	out := map[string]int{}
	for _, p := range t.purses {
		for _, r := range p.rewards {
			out[r.state]++
		}
	}
	return out
}

// Holding is what a user has, by the row.
type Holding struct {
	Balance, Debt int64
	Rewards       int // those that there is something to show of
}

// Holdings returns what each user has.
func (t *Treasury) Holdings() map[string]Holding {
	out := map[string]Holding{}
	for user, p := range t.purses {
		h := Holding{Balance: p.balance, Debt: p.debt}
		for _, r := range p.rewards {
			if r.epoch > 0 {
				h.Rewards++
			}
		}
		out[user] = h
	}
	return out
}

// place puts the rewards to the wins that they are for.
func (t *Treasury) place() {
	owner := map[string]string{}
	for user, p := range t.purses {
		for _, r := range p.rewards {
			if other, twice := owner[r.id]; twice {
				t.problem("reward %s: of users %s and %s", r.id, other, user)
			}
			owner[r.id] = user
			if last := t.lastStep(r.id); r.epoch > 0 &&
				(last.to != r.state || last.epoch != r.epoch || t.courses[r.id].user != user) {
				t.problem("reward %s of %s: %s at epoch %d, the last notification was %+v", r.id, user, r.state,
					r.epoch, last)
			}
			if r.byHand {
				continue
			}
			w := t.won(r.win)
			if w.reward != nil {
				t.problem("reward %s: for the same win as %s", r.id, w.reward.id)
			}
			w.reward = r
		}
	}
}

// owned is what a user has of a coin reward.
func (r *heldReward) owned() int64 {
	if r.kind == "coins" && r.state == "granted" || r.kind == "scratch_card" && r.state == "redeemed" {
		return r.amount
	}
	return 0
}

// checkCoins checks every user's balance: entries are numbered without a gap and add up to it, and it is, less the
// debt, what the user's coin rewards amount to, less what was spent.
func (t *Treasury) checkCoins() {
	for user, p := range t.purses {
		list, spent := p.entries(), t.checkSpends(user, p)
		balance, net, byHand := int64(0), map[string]int64{}, map[string]bool{}
		for _, r := range p.rewards {
			byHand[r.id] = r.byHand
		}
		for i, e := range list {
			balance += e.amount
			if e.number != int64(i+1) || e.after != balance {
				t.problem("coins of %s: entry %+v, want number %d and balance %d", user, e, i+1, balance)
				break
			}
			if e.kind != "debt" {
				net[e.reward] += e.amount
			}
			given, back := e.kind == "reward" || e.kind == "goodwill", e.kind == "spend_reversal"
			if (given || back) != (e.amount > 0) || given && (e.kind == "goodwill") != byHand[e.reward] {
				t.problem("coins of %s: entry %+v, its reward is of support: %t", user, e, byHand[e.reward])
			}
		}
		if !p.row || p.balance != balance || p.count != int64(len(list)) {
			t.problem("coins of %s: balance %d by %d entries, the %d there add up to %d", user, p.balance, p.count,
				len(list), balance)
		}
		owned := int64(0)
		for _, r := range p.rewards {
			has := r.owned()
			owned += has
			if r.debt != "floor" && net[r.id] != has {
				t.problem("coins of %s: %d net for reward %s, want %d", user, net[r.id], r.id, has)
			}
		}
		if p.debt < 0 || p.debt > 0 && balance > 0 || balance-p.debt != owned-spent {
			t.problem("coins of %s: balance %d and debt %d, the rewards are %d and %d of them spent", user, balance,
				p.debt, owned, spent)
		}
	}
}
