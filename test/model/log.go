package model

import (
	"fmt"
	"maps"
	"slices"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/oracle"
)

// The ledger's and health's defaults, of which the oracle keeps its own copy.
const (
	pendingTimeout = instant.Milli(300_000)
	retention      = instant.Milli(90 * 24 * 3_600_000)
	windowSize     = instant.Milli(60_000)
	maxEvents      = 1000
	maxPlaces      = 64
)

// Fold takes in a log and knows what must have come of it so far.
type Fold struct {
	partitions   map[int32]*partition
	transactions map[string]*transaction
	result       *Result
	standing     *oracle.Standing
	users        map[string]*user
}

// user is what a user was told, or asked for.
type user struct {
	turns map[string][]oracle.Turn // by mission
	sets  []oracle.Set
}

// New returns a fold over an empty log. Missions, and all that was done to them, are known throughout, whenever that
// was.
func New(missions ...oracle.Mission) (*Fold, error) {
	standing, err := oracle.NewStanding(missions...)
	if err != nil {
		return nil, err
	}
	return &Fold{
		partitions: map[int32]*partition{}, transactions: map[string]*transaction{}, result: newResult(),
		standing: standing, users: map[string]*user{},
	}, nil
}

// Add takes in the next record of one partition of `transactions`. It errs on a record that is neither an event nor a
// watermark.
func (f *Fold) Add(number int32, value []byte) error {
	p := f.partitions[number]
	if p == nil {
		p = newPartition()
		f.partitions[number] = p
	}
	if watermark.Is(value) {
		w, err := watermark.Decode(value)
		if err != nil {
			return fmt.Errorf("model: record of partition %d: %w", number, err)
		}
		p.observe(w)
		return nil
	}
	e, err := paymentcodec.Event{}.Decode(value)
	if err != nil {
		return fmt.Errorf("model: record of partition %d: %w", number, err)
	}
	f.event(e, number, p.watermark)
	return nil
}

// Enrolment takes in a record of `enrolments`, in any order.
func (f *Fold) Enrolment(value []byte) error {
	e, err := missioncodec.Enrolment{}.Decode(value)
	if err != nil {
		return fmt.Errorf("model: enrolment: %w", err)
	}
	u := f.user(e.UserID)
	u.turns[e.Mission] = append(u.turns[e.Mission], oracle.Turn{At: e.At, Out: e.Op == "withdraw"})
	return nil
}

// Segments takes in a record of `user-segments`, in any order.
func (f *Fold) Segments(value []byte) error {
	s, err := missioncodec.UserSegments{}.Decode(value)
	if err != nil {
		return fmt.Errorf("model: segments: %w", err)
	}
	u := f.user(s.UserID)
	u.sets = append(u.sets, oracle.Set{At: s.At, Segments: slices.Sorted(slices.Values(s.Segments))})
	return nil
}

func (f *Fold) user(id string) *user {
	u := f.users[id]
	if u == nil {
		u = &user{turns: map[string][]oracle.Turn{}}
		f.users[id] = u
	}
	return u
}

func (f *Fold) event(e *payment.Event, number int32, now instant.Milli) {
	f.result.Events++
	t := f.transactions[e.TransactionID]
	if t == nil {
		t = &transaction{fold: f, partition: number, seen: map[string]uint64{}, reversals: map[string]*reversal{},
			attempted: map[string]bool{}}
		f.transactions[e.TransactionID] = t
	}
	t.timeOut(now)
	t.apply(e, now)
}

// Result returns what must have come of the log. The fold must not be used any more.
func (f *Fold) Result() *Result {
	for id, t := range f.transactions {
		t.timeOut(f.partitions[t.partition].watermark)
		if len(t.seen) > 0 {
			f.result.Transactions[id] = t.state()
		}
	}
	f.progress()
	return f.result
}

// progress works out where every user stands in every mission.
func (f *Fold) progress() {
	payments := map[string][]oracle.Payment{}
	for _, list := range f.result.Postings {
		last := &list[len(list)-1]
		f.user(last.User)
		payments[last.User] = append(payments[last.User], oracle.Payment{Facts: &last.facts, Net: last.After})
	}
	for id, u := range f.users {
		maps.Copy(f.result.Progress, f.standing.Of(id, payments[id], u.turns, u.sets))
	}
}
