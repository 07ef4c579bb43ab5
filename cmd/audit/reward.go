package audit

import (
	"fmt"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/engine/position"
)

// coins is the book of coin balances: the entries of a user, on the row and its pages, lead from one to the next and
// end at the balance, and those of spends are those of the spends that the row remembers.
type coins struct {
	loop    *loop              // to the pages
	whole   bool               // pages are read from their first record on
	wallets map[string]*wallet // by user; pages are wallets of their own until their user is known
	touched map[string]bool
	grants  *grants // nil where it is not kept
}

type wallet struct {
	place          string
	balance, count int64
	entries        []reward.Entry
	spends         []reward.Spending
	pages          map[int64][]reward.Entry
	moves          moves // of pages
}

func newCoins(l *loop, whole bool) *coins {
	return &coins{loop: l, whole: whole, wallets: map[string]*wallet{}, touched: map[string]bool{}}
}

func (b *coins) of(user string) *wallet {
	w := b.wallets[user]
	if w == nil {
		w = &wallet{pages: map[int64][]reward.Entry{}}
		b.wallets[user] = w
	}
	b.touched[user] = true
	return w
}

// addMove notes a page that is on its way to its row.
func (b *coins) addMove(partition int32, offset int64, key string) {
	if user, _, paged := reward.ParsePageKey(key); paged {
		b.of(user).moves.note(partition, offset)
	}
}

func (b *coins) setPosition(partition int32, value []byte) error {
	at, err := position.Parse(value)
	if err == nil {
		b.loop.setPosition(partition, at)
	}
	return err
}

func (b *coins) setRow(place, key string, value []byte) error {
	user, page, paged := reward.ParsePageKey(key)
	w := b.of(user)
	if value == nil {
		if paged {
			delete(w.pages, page)
		} else {
			w.balance, w.count, w.entries, w.spends = 0, 0, nil, nil
			if b.grants != nil {
				b.grants.setRow(place, user, nil)
			}
		}
		return nil
	}
	row, err := rewardcodec.Row{}.Decode(value)
	if err != nil {
		return err
	}
	if paged {
		w.pages[page] = row.Page
		return nil
	}
	if b.grants != nil {
		b.grants.setRow(place, user, row)
	}
	w.place, w.balance, w.count, w.entries = place, row.Coins.Balance, row.Coins.Count, row.Coins.Entries
	w.spends = row.Coins.Spends
	return nil
}

func (b *coins) open() []difference {
	var out []difference
	for user := range b.touched {
		w := b.wallets[user]
		if w.moves.underWay(b.loop) {
			continue
		}
		what, minor := w.wrong(b.whole)
		if what == "" {
			delete(b.touched, user)
			if !b.whole {
				delete(b.wallets, user)
			}
			continue
		}
		out = append(out, difference{
			check: checkCoins, key: user, place: w.place, currency: mission.Coins, minor: minor,
			state: fmt.Sprint(w.balance, w.count, len(w.pages), len(w.spends), what),
			text:  fmt.Sprintf("user %s (%s): %s", user, w.place, what),
		})
	}
	return out
}

// wrong says what does not add up, and by how many coins. Without pages the entries of the row need only lead to the
// balance.
func (w *wallet) wrong(whole bool) (string, int64) {
	var entries []reward.Entry
	first, sum := int64(1), int64(0)
	if !whole && len(w.entries) > 0 {
		first, sum = w.entries[0].Number, w.entries[0].BalanceAfter-w.entries[0].Amount
	}
	for n := int64(0); whole && n < (w.count-int64(len(w.entries)))/reward.PageSize; n++ {
		page := w.pages[n]
		if len(page) != reward.PageSize {
			return fmt.Sprintf("page %d of coin entries has %d of %d", n, len(page), reward.PageSize), 0
		}
		entries = append(entries, page...)
	}
	entries = append(entries, w.entries...)
	for i, e := range entries {
		if sum += e.Amount; e.Number != first+int64(i) || e.BalanceAfter != sum {
			return fmt.Sprintf("coin entry %d says number %d and a balance of %d, the entries up to it add up to %d",
				first+int64(i), e.Number, e.BalanceAfter, sum), e.BalanceAfter - sum
		}
	}
	if sum != w.balance {
		return fmt.Sprintf("the balance is %d coins, its entries add up to %d", w.balance, sum), w.balance - sum
	}
	return w.misspent(entries, whole), 0
}

// misspent says which spend its entries do not tell of, or the other way round. Where not all entries are known, only
// those are held against spends.
func (w *wallet) misspent(entries []reward.Entry, whole bool) string {
	numbered, spends := map[int64]reward.Entry{}, map[string]reward.Spending{}
	for _, e := range entries {
		numbered[e.Number] = e
	}
	tells := func(number int64, kind reward.EntryKind, id string, amount int64) bool {
		e, known := numbered[number]
		return !known && !whole || e.Kind == kind && e.SpendID == id && e.Amount == amount
	}
	for _, s := range w.spends {
		spends[s.ID] = s
		if !tells(s.Entry, reward.EntrySpend, s.ID, -s.Amount) ||
			s.Reversal != 0 && !tells(s.Reversal, reward.EntrySpendReversal, s.ID, s.Amount) {
			return fmt.Sprintf("spend %s is said to be of %d coins, by the entries %d and %d, and they do not say so",
				s.ID, s.Amount, s.Entry, s.Reversal)
		}
	}
	for _, e := range entries {
		s, known := spends[e.SpendID]
		spent, back := e.Kind == reward.EntrySpend, e.Kind == reward.EntrySpendReversal
		if !known && len(w.spends) == reward.MaxSpends {
			continue // the row has let go of it
		}
		if spent && s.Entry != e.Number || back && s.Reversal != e.Number {
			return fmt.Sprintf("coin entry %d is of spend %s, and the row does not say so", e.Number, e.SpendID)
		}
	}
	return ""
}

// budgets is the book of budgets: what a mission has reserved and spent is what was allotted, less what came back.
type budgets struct {
	loop    *loop  // between missions and pools of codes
	returns string // topic
	whole   bool
	funds   map[string]*fund // by mission and unit
	touched map[string]bool
	handled map[int32]int64 // of returns by the budget group
	began   map[int32]int64 // the offset after the last return before those that are read
	grants  *grants         // nil where it is not kept
}

type fund struct {
	place                 string
	unit                  string
	row                   bool
	reserved, spent       int64 // as the row says
	allotted, given, back int64 // by rewards-in and budget-returns
	recovered             int64
	last                  int64  // offset of the last return
	partition             int32  // of the row and of the returns
	base                  *gaps  // as first seen at rest, where not all was read
	lastState             string // as of the last check
	moves                 moves  // of reservations that are to have a code
}

// gaps are what the row of a fund says beyond what the logs say: of what is reserved and spent together, and of what is
// spent.
type gaps struct{ all, spent int64 }

func (f *fund) gaps() gaps {
	return gaps{f.reserved + f.spent - (f.allotted - f.back), f.spent - (f.given - f.recovered)}
}

func newBudgets(l *loop, returns string, whole bool) *budgets {
	return &budgets{loop: l, returns: returns, whole: whole, funds: map[string]*fund{}, touched: map[string]bool{},
		handled: map[int32]int64{}}
}

func (b *budgets) of(mission, unit string) *fund {
	key := mission + "\x00" + unit
	f := b.funds[key]
	if f == nil {
		f = &fund{unit: unit, last: -1}
		b.funds[key] = f
	}
	b.touched[key] = true
	return f
}

func (b *budgets) setRow(partition int32, place, key string, value []byte) error {
	if value == nil {
		return nil
	}
	row, err := rewardcodec.BudgetRow{}.Decode(value)
	if err != nil {
		return err
	}
	if row.Mission == nil {
		return nil
	}
	for _, a := range row.Mission.Accounts {
		f := b.of(key, a.Unit)
		f.row, f.place, f.partition, f.reserved, f.spent = true, place, partition, a.Reserved, a.Spent
	}
	return nil
}

func (b *budgets) addAllotment(value []byte) error {
	a, err := rewardcodec.Allotment{}.Decode(value)
	if err != nil {
		return err
	}
	if b.grants != nil {
		b.grants.addAllotment(a)
	}
	if a.Verdict == budget.Reserved {
		b.of(a.Mission, mission.UnitOf(a.Reward.Kind, a.Currency)).allotted += a.Amount
	}
	return nil
}

func (b *budgets) addReturn(partition int32, offset int64, value []byte) error {
	r, err := rewardcodec.BudgetReturn{}.Decode(value)
	if err != nil {
		return err
	}
	f := b.of(r.Mission, r.Unit)
	f.last, f.partition = offset, partition
	switch r.Movement {
	case budget.Spent:
		f.given += r.Amount
	case budget.Returned:
		f.back += r.Amount
	case budget.Recovered:
		f.back += r.Amount
		f.recovered += r.Amount
	}
	return nil
}

// addMove notes a reservation that is on its way to the pool that is to have a code for it, or back because the pool
// has none.
func (b *budgets) addMove(partition int32, offset int64, value []byte) error {
	m, err := rewardcodec.BudgetMove{}.Decode(value)
	if err == nil && m.Allotment != nil {
		a := m.Allotment
		b.of(a.Mission, mission.UnitOf(a.Reward.Kind, a.Currency)).moves.note(partition, offset)
	}
	return err
}

func (b *budgets) setPosition(partition int32, value []byte) error {
	at, err := position.Parse(value)
	if err == nil {
		b.handled[partition] = at[b.returns]
		b.loop.setPosition(partition, at)
	}
	return err
}

func (b *budgets) open() []difference {
	var out []difference
	for key := range b.touched {
		f := b.funds[key]
		if f.last >= b.handled[f.partition] || f.moves.underWay(b.loop) {
			continue
		}
		gap := f.gaps()
		if !b.whole && f.base == nil {
			look := fmt.Sprint(f.row, f.reserved, f.spent, f.allotted, f.given, f.back)
			// the row is not here, or one side may be ahead of the other
			if !f.row || b.handled[f.partition] < b.began[f.partition] || look != f.lastState {
				f.lastState = look
				continue
			}
			f.base = &gaps{gap.all, gap.spent}
		}
		if f.base != nil {
			gap.all, gap.spent = gap.all-f.base.all, gap.spent-f.base.spent
		}
		if gap == (gaps{}) {
			delete(b.touched, key)
			continue
		}
		out = append(out, difference{
			check: checkBudgets, key: key, place: f.place, currency: f.unit,
			minor: max(gap.all, -gap.all, gap.spent, -gap.spent),
			state: fmt.Sprint(f.reserved, f.spent, f.allotted, f.given, f.back),
			text: fmt.Sprintf("mission %s (%s): %d reserved and %d spent in %s; %d were allotted, %d given, %d came back",
				missionOf(key), f.place, f.reserved, f.spent, f.unit, f.allotted, f.given, f.back),
		})
	}
	return out
}

func missionOf(key string) string {
	for i := range key {
		if key[i] == 0 {
			return key[:i]
		}
	}
	return key
}
