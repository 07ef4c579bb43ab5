package reward_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
)

// world joins the budget, the users' rewards and a provider, as topics do: what is sent to one key of one topic arrives
// in that order, what comes by two topics may be mixed.
type world struct {
	t       *rapid.T
	budgets map[string]*budget.Row
	users   map[string]*reward.Row
	pages   map[string]*reward.Row
	now     instant.Milli
	lanes   []*lane
	// paid and taken are what the provider did, by task id; a repeated task does nothing more.
	paid, taken map[string]int64
	codes       map[string]bool // imported
	seen        map[string]string
	commands    int
}

type lane struct {
	topic, key string
	under      []func()
}

func newWorld(t *rapid.T) *world {
	return &world{
		t: t, budgets: map[string]*budget.Row{}, users: map[string]*reward.Row{}, pages: map[string]*reward.Row{}, now: 1_772_359_200_000,
		paid: map[string]int64{}, taken: map[string]int64{}, codes: map[string]bool{}, seen: map[string]string{},
	}
}

func (w *world) send(topic, key string, do func()) {
	for _, l := range w.lanes {
		if l.topic == topic && l.key == key {
			l.under = append(l.under, do)
			return
		}
	}
	w.lanes = append(w.lanes, &lane{topic, key, []func(){do}})
}

// step delivers one of the records under way.
func (w *world) step() bool {
	if len(w.lanes) == 0 {
		return false
	}
	i := rapid.IntRange(0, len(w.lanes)-1).Draw(w.t, "lane")
	l := w.lanes[i]
	do := l.under[0]
	if l.under = l.under[1:]; len(l.under) == 0 {
		w.lanes = slices.Delete(w.lanes, i, i+1)
	}
	do()
	return true
}

func (w *world) outcome(o *mission.Outcome) {
	w.send("outcomes", o.Mission, func() {
		next, effects := budget.Judge(w.budgets[o.Mission], o)
		w.budget(o.Mission, next, effects)
	})
}

func (w *world) stock(codes []string) {
	for _, code := range codes {
		w.codes[code] = true
	}
	w.budget("", nil, budget.Import(&budget.Codes{Pool: "p", Codes: codes}))
}

func (w *world) budget(key string, next *budget.Row, effects []budget.Effect) {
	if w.budgets[key] = next; next == nil {
		delete(w.budgets, key)
	}
	for _, e := range effects {
		switch e := e.(type) {
		case budget.Allotted:
			w.send("rewards-in", e.Allotment.UserID, func() {
				w.reward(e.Allotment.UserID, func(row *reward.Row, user string) (*reward.Row, []reward.Effect) {
					return reward.ApplyAllotment(row, user, e.Allotment, w.now)
				})
			})
		case budget.Moved:
			w.send("budget-loop", e.To, func() {
				next, effects := budget.ApplyMove(w.budgets[e.To], e.To, e.Move)
				w.budget(e.To, next, effects)
			})
		case budget.Rejected:
			w.t.Fatalf("budget: %s", e.Detail)
		}
	}
}

func (w *world) reward(user string, apply func(*reward.Row, string) (*reward.Row, []reward.Effect)) {
	next, effects := apply(w.users[user], user)
	if w.users[user] = next; next == nil {
		delete(w.users, user)
	}
	for _, e := range effects {
		switch e := e.(type) {
		case reward.Settled:
			w.send("budget-returns", e.Return.Mission, func() {
				next, effects := budget.Resolve(w.budgets[e.Return.Mission], e.Return)
				w.budget(e.Return.Mission, next, effects)
			})
		case reward.TaskRequested:
			w.send("tasks", e.TaskID, func() { w.provide(user, e) })
		case reward.Changed:
			w.reveal(e.Reward)
		case reward.Due:
			if e.At <= w.now {
				w.t.Fatalf("a timer for the past: %v at %v", e.At, w.now)
			}
		case reward.Paged:
			if w.pages[e.Key] != nil {
				w.t.Fatalf("page %q is written twice", e.Key)
			}
			w.pages[e.Key] = reward.Keep(e.Entries)
		case reward.Rejected:
			w.t.Fatalf("rewards: %s", e.Detail)
		case reward.Stale:
			w.t.Fatalf("nobody waits for %s", e.TaskID)
		}
	}
}

// reveal wants that a code is shown to one user only, for one reward.
func (w *world) reveal(r *reward.Reward) {
	code := r.Shown()
	if code == "" {
		return
	}
	if before, ok := w.seen[code]; ok && before != r.ID {
		w.t.Fatalf("code %s was shown for %s and for %s", code, before, r.ID)
	}
	w.seen[code] = r.ID
}

// provide is a provider that pays or does not.
func (w *world) provide(user string, e reward.TaskRequested) {
	ok := rapid.Bool().Draw(w.t, "the provider can")
	id := reward.PayoutID(e.Reward.ID, e.Epoch)
	switch {
	case !ok:
	case e.Kind == task.RewardPayout:
		w.paid[id] = e.Amount
	case w.paid[id] != e.Amount:
		w.t.Fatalf("%s takes %d back, %d was paid", e.TaskID, e.Amount, w.paid[id])
	default:
		w.taken[id] = e.Amount
	}
	result := &reward.Result{TaskID: e.TaskID, UserID: user, RewardID: e.Reward.ID, Epoch: e.Epoch, OK: ok, Reason: "no"}
	if ok && e.Kind == task.RewardPayout && e.Reward.Kind == mission.RewardGiftCard {
		result.Code = "provider-" + id
	}
	w.send("reward-results", user, func() {
		w.reward(user, func(row *reward.Row, user string) (*reward.Row, []reward.Effect) {
			return reward.Answer(row, user, result, w.now)
		})
	})
}

func (w *world) command(c *reward.Command) {
	w.commands++
	c.ID = fmt.Sprint("c", w.commands)
	w.reward(c.UserID, func(row *reward.Row, _ string) (*reward.Row, []reward.Effect) {
		return reward.Judge(row, c, nil, w.now)
	})
	if _, ok := w.users[c.UserID].Verdict(c.ID); !ok {
		w.t.Fatalf("no verdict on %+v", c)
	}
}

// pass lets time go by, and calls the timers of some users.
func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	for _, user := range []string{"u0", "u1", "u2"} {
		if rapid.Bool().Draw(w.t, "timers") {
			w.reward(user, func(row *reward.Row, user string) (*reward.Row, []reward.Effect) {
				return reward.AdvanceTo(row, user, w.now)
			})
		}
	}
}
