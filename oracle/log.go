package oracle

import (
	"fmt"
	"slices"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/engine/watermark"
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
	missions     []*rule
	users        map[string]*user
}

// New returns a fold over an empty log. Missions, and all that was done to them, are known throughout, whenever that
// was.
func New(missions ...Mission) (*Fold, error) {
	f := &Fold{
		partitions: map[int32]*partition{}, transactions: map[string]*transaction{}, result: newResult(), users: map[string]*user{},
	}
	for _, m := range missions {
		c, err := m.compile()
		if err != nil {
			return nil, fmt.Errorf("oracle: mission %s: %w", m.ID, err)
		}
		f.missions = append(f.missions, c)
	}
	return f, nil
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
			return fmt.Errorf("oracle: record of partition %d: %w", number, err)
		}
		p.hear(w)
		return nil
	}
	e, err := paymentcodec.Event{}.Decode(value)
	if err != nil {
		return fmt.Errorf("oracle: record of partition %d: %w", number, err)
	}
	f.event(e, number, p.watermark)
	return nil
}

// Enrolment takes in a record of `enrolments`, in any order.
func (f *Fold) Enrolment(value []byte) error {
	e, err := missioncodec.Enrolment{}.Decode(value)
	if err != nil {
		return fmt.Errorf("oracle: enrolment: %w", err)
	}
	u := f.user(e.UserID)
	u.turns[e.Mission] = append(u.turns[e.Mission], turn{e.At, e.Op == "withdraw"})
	return nil
}

// Segments takes in a record of `user-segments`, in any order.
func (f *Fold) Segments(value []byte) error {
	s, err := missioncodec.UserSegments{}.Decode(value)
	if err != nil {
		return fmt.Errorf("oracle: segments: %w", err)
	}
	u := f.user(s.UserID)
	u.sets = append(u.sets, set{s.At, slices.Sorted(slices.Values(s.Segments))})
	return nil
}

func (f *Fold) user(id string) *user {
	u := f.users[id]
	if u == nil {
		u = &user{id: id, turns: map[string][]turn{}}
		f.users[id] = u
	}
	return u
}

func (f *Fold) event(e *payment.Event, number int32, now instant.Milli) {
	f.result.Events++
	t := f.transactions[e.TransactionID]
	if t == nil {
		t = &transaction{fold: f, partition: number, seen: map[string]uint64{}, reversals: map[string]*reversal{}, attempted: map[string]bool{}}
		f.transactions[e.TransactionID] = t
	}
	t.timeOut(now)
	t.take(e, now)
}

// Result returns what must have come of the log. The fold must not be used any more.
func (f *Fold) Result() *Result {
	for id, t := range f.transactions {
		t.timeOut(f.partitions[t.partition].watermark)
		if len(t.seen) > 0 {
			f.result.Transactions[id] = t.state()
		}
	}
	f.result.progress(f.missions, f.users)
	return f.result
}
