package model

import (
	"fmt"
	"slices"
	"time"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/oracle"
)

// Treasury gathers what budgets and rewards did with the outcomes, and says what is wrong with it. Who wins the last
// unit of a budget depends on the order of `outcomes` and on when rewards came back; so it does not say who must, but
// that every outcome was answered once, nobody was turned away while there was room, nobody let in where there was
// none, and that all sums agree: budgets, rewards, coins, and what the provider was asked. Nor does it say when a hold
// ends, a reward expires or a command is judged, but that each step of a reward was legal and neither early nor late,
// and that each command has the verdict that it must have. ADR 16 lists all of it.
//
// Feed it the records of each topic and table in the order of each partition, once all of it has come to rest, with
// Annals of the rewards table, and then call Problems.
type Treasury struct {
	missions map[string][]oracle.Definition // versions, by number from 1
	wins     map[win]*won
	outcomes map[string][]outcome  // by mission
	returns  map[string][]movement // by mission
	pools    map[string]*pool
	courses  map[string]*course // of rewards
	terms    map[string]func(epoch int64) *terms
	claimed  map[string][]instant.Milli // when a reward was given as to a claim
	commands map[string]*command
	annals   *Annals
	answers  map[string]map[string]bool // by reward and task: whether it went well
	tasks    map[string]string          // kinds, by id
	budgets  map[string]*book           // as the rows say
	shelves  map[string][]string        // of codes, by key
	barred   map[string]instant.Milli   // when support cancelled a reward
	tally    Tally
	until    instant.Milli
	purses   map[string]*purse // by user
	problems []string
}

// win names what one reward is for.
type win struct {
	user, mission string
	version       int64
	start         instant.Milli
	iteration     int64
}

// outcome is a completion, or its revocation.
type outcome struct {
	win
	completed bool
	limits    int64 // the version whose limits it brings
}

// won is what became of a win.
type won struct {
	outcomes   []bool // completed
	allotments []allotment
	reward     *heldReward
}

// allotment is the budget's word on an outcome.
type allotment struct {
	verdict, reason                  string
	currency, kind, pool, mode, debt string
	code                             string
	full, amount                     int64 // what the reward is, and what is reserved of it
	hold, expires                    instant.Milli
}

func (a *allotment) terms() *terms { return &terms{a.kind, a.pool, a.mode, a.hold, a.expires} }

// movement is what became of a reservation.
type movement struct {
	what, unit string
	amount     int64
	reward     string
	code       string
}

// pool is what happened to gift codes.
type pool struct {
	imported map[string]bool
	out      map[string]int // times handed out less times come back
}

// NewTreasury returns a Treasury that has seen nothing.
func NewTreasury(missions ...oracle.Mission) *Treasury {
	t := &Treasury{
		missions: map[string][]oracle.Definition{}, wins: map[win]*won{}, outcomes: map[string][]outcome{},
		returns: map[string][]movement{},
		pools:   map[string]*pool{}, courses: map[string]*course{}, terms: map[string]func(int64) *terms{},
		claimed: map[string][]instant.Milli{}, barred: map[string]instant.Milli{},
		commands: map[string]*command{}, annals: NewAnnals(), answers: map[string]map[string]bool{},
		tasks:   map[string]string{},
		budgets: map[string]*book{}, shelves: map[string][]string{}, purses: map[string]*purse{},
	}
	for _, m := range missions {
		t.missions[m.ID] = []oracle.Definition{m.Definition}
		for _, v := range m.Later {
			t.missions[m.ID] = append(t.missions[m.ID], v.Definition)
		}
	}
	return t
}

func (t *Treasury) problem(format string, args ...any) {
	t.problems = append(t.problems, fmt.Sprintf(format, args...))
}

func (t *Treasury) won(w win) *won {
	if t.wins[w] == nil {
		t.wins[w] = &won{}
	}
	return t.wins[w]
}

// Outcome takes a record of outcomes.
func (t *Treasury) Outcome(value []byte) error {
	o, err := missioncodec.Outcome{}.Decode(value)
	if err != nil {
		return err
	}
	x := outcome{win{o.UserID, o.Mission, o.Version, o.WindowStart, o.Iteration}, o.Kind == "completed",
		max(o.Version, o.LimitsOf)}
	t.outcomes[o.Mission] = append(t.outcomes[o.Mission], x)
	w := t.won(x.win)
	w.outcomes = append(w.outcomes, x.completed)
	return nil
}

// Allotment takes a record of rewards-in.
func (t *Treasury) Allotment(value []byte) error {
	a, err := rewardcodec.Allotment{}.Decode(value)
	if err != nil {
		return err
	}
	w := t.won(win{a.UserID, a.Mission, a.Version, a.WindowStart, a.Iteration})
	w.allotments = append(w.allotments, allotment{
		verdict: string(a.Verdict), reason: a.Reason, currency: a.Currency, kind: a.Reward.Kind, pool: a.Reward.Pool,
		mode: a.Grant.Mode,
		debt: a.Debt, code: a.Code, full: a.Reward.Amount, amount: a.Amount, hold: milli(a.Grant.Hold),
		expires: milli(a.Reward.ExpiresAfter),
	})
	if a.Code != "" {
		t.pool(a.Reward.Pool).out[a.Code]++
	}
	return nil
}

// Return takes a record of budget-returns.
func (t *Treasury) Return(value []byte) error {
	r, err := rewardcodec.BudgetReturn{}.Decode(value)
	if err != nil {
		return err
	}
	t.returns[r.Mission] = append(t.returns[r.Mission],
		movement{string(r.Movement), r.Unit, r.Amount, r.RewardID, r.Code})
	if r.Code != "" {
		t.pool(r.Pool).out[r.Code]--
	}
	return nil
}

// Codes takes a record of pool-codes.
func (t *Treasury) Codes(value []byte) error {
	c, err := rewardcodec.PoolCodes{}.Decode(value)
	if err != nil {
		return err
	}
	for _, code := range c.Codes {
		t.pool(c.Pool).imported[code] = true
	}
	return nil
}

func milli(d time.Duration) instant.Milli { return instant.Milli(d.Milliseconds()) }

func (t *Treasury) pool(id string) *pool {
	if t.pools[id] == nil {
		t.pools[id] = &pool{map[string]bool{}, map[string]int{}}
	}
	return t.pools[id]
}

// The kinds of tasks that rewards make.
const (
	payout   = "reward_payout"
	clawback = "reward_clawback"
)

// Task takes a record of tasks. Those that triggers made do not matter here.
func (t *Treasury) Task(value []byte) error {
	s, err := taskcodec.Submission{}.Decode(value)
	if err != nil || s.Task.Kind != payout && s.Task.Kind != clawback {
		return err
	}
	x := &s.Task
	if t.tasks[x.ID] != "" {
		t.problem("task %s: a second one", x.ID)
	}
	t.tasks[x.ID] = x.Kind
	return nil
}

// Answer takes a record of reward-results. The task may be taken later.
func (t *Treasury) Answer(value []byte) error {
	r, err := rewardcodec.Result{}.Decode(value)
	if err != nil {
		return err
	}
	if t.answers[r.RewardID] == nil {
		t.answers[r.RewardID] = map[string]bool{}
	}
	t.answers[r.RewardID][r.TaskID] = r.OK
	return nil
}

// Notice takes a record of notifications.
func (t *Treasury) Notice(value []byte) error {
	n, err := rewardcodec.Notice{}.Decode(value)
	if err != nil {
		return err
	}
	l := t.courses[n.RewardID]
	if l == nil {
		l = &course{user: n.UserID}
		t.courses[n.RewardID] = l
	}
	var last step
	if len(l.steps) > 0 {
		last = l.steps[len(l.steps)-1]
	}
	next := step{string(n.Previous), string(n.State), n.Epoch, n.At, n.Reason}
	switch {
	case l.user != n.UserID || next.from != last.to:
		t.problem("notification of reward %s: user %s, %+v, the one before was of %s: %+v", n.RewardID, n.UserID, next,
			l.user, last)
	case last.epoch == next.epoch && last.to == next.to:
		t.problem("notification of reward %s: %s of epoch %d twice", n.RewardID, next.to, next.epoch)
	}
	l.steps = append(l.steps, next)
	return nil
}

// BudgetRow takes a record of the budget table. Of pools, the shelves with the codes that there are matter here.
func (t *Treasury) BudgetRow(key string, value []byte) error {
	delete(t.budgets, key)
	delete(t.shelves, key)
	if value == nil {
		return nil
	}
	row, err := rewardcodec.BudgetRow{}.Decode(value)
	if err != nil {
		return err
	}
	if row.Shelf != nil {
		t.shelves[key] = row.Shelf.Codes
	}
	if row.Mission == nil {
		return nil
	}
	b := newBook()
	b.winners, b.exhausted = row.Mission.Winners, row.Mission.Exhausted
	for _, a := range row.Mission.Accounts {
		b.accounts[a.Unit] = account{a.Reserved, a.Spent, a.Returned}
	}
	t.budgets[key] = b
	return nil
}

// Problems returns what is wrong, in sentences; none if all is well. The Treasury must not be used any more.
func (t *Treasury) Problems() []string {
	t.bar()
	t.place()
	for w, won := range t.wins {
		t.answered(w, won)
		t.settled(w, won)
	}
	for id := range t.missions {
		t.checkBudget(id)
	}
	for id, p := range t.pools {
		t.checkPool(id, p)
	}
	t.checkGoodwill()
	t.checkReservations()
	t.checkCoins()
	t.checkProvider()
	t.checkCourses()
	t.checkCommands()
	slices.Sort(t.problems)
	return t.problems
}
