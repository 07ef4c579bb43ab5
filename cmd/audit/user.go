package audit

import (
	"fmt"
	"math/big"

	"github.com/twmb/franz-go/pkg/kgo"

	erasurecodec "github.com/millrace/millrace/codecs/erasure"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/erasure"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/oracle"
	"github.com/millrace/millrace/topology"
)

// users is the book of progress: by user, what the row has received and what postings brought, and completions by
// mission against the outcomes that told of them.
type users struct {
	whole   bool
	topics  *topology.Topology
	purses  map[string]*purse
	touched map[string]bool
	handled map[int32]int64 // of postings by progress, as its table says
	began   map[int32]int64 // the offset after the last posting before those that are read
	tallies *tallies        // nil where it is not kept
	erased  map[string]bool // users who were, whether or not they have come back since
	rows    balance         // what all rows have received
}

type purse struct {
	place     string
	row       bool
	received  map[string]*big.Int      // as the row says
	brought   map[string]*big.Int      // by postings
	base      map[string]*big.Int      // received - brought as first seen, where not all postings were read
	last      int64                    // offset of the last posting
	partition int32                    // of the row and of the postings
	completed map[run]int64            // as the row says
	told      map[run]int64            // by outcomes
	untold    map[run]int64            // completed - told as first seen
	looked    string                   // at the last look, until base is known
	cut       map[string]instant.Milli // by mission: windows before are not kept in the row
}

// run is one window of a mission.
type run struct {
	mission string
	start   instant.Milli
}

func newUsers(topics *topology.Topology, whole bool) *users {
	return &users{
		whole: whole, topics: topics, purses: map[string]*purse{}, touched: map[string]bool{},
		handled: map[int32]int64{}, erased: map[string]bool{}, rows: balance{},
	}
}

func (b *users) of(id string) *purse {
	p := b.purses[id]
	if p == nil {
		p = &purse{received: map[string]*big.Int{}, brought: map[string]*big.Int{}, last: -1,
			completed: map[run]int64{}, told: map[run]int64{}, cut: map[string]instant.Milli{}}
		b.purses[id] = p
	}
	b.touched[id] = true
	return p
}

func plus(m map[string]*big.Int, key string, n *big.Int) {
	if m[key] == nil {
		m[key] = new(big.Int)
	}
	m[key].Add(m[key], n)
}

func (b *users) addPosting(r *kgo.Record, p *ledger.Posting) {
	u := b.of(p.UserID)
	plus(u.brought, p.Currency, big.NewInt(p.NetAfter-p.NetBefore))
	u.last, u.partition = r.Offset, r.Partition
	b.tallies.addPosting(r, p)
}

// addErasure adds a request to erase a user's rows.
func (b *users) addErasure(value []byte) error {
	r, err := erasurecodec.Request{}.Decode(value)
	if err != nil {
		return err
	}
	if r.UserID != "" {
		b.erased[r.UserID] = true
	}
	return nil
}

func (b *users) setPosition(r *kgo.Record) error {
	at, err := position.Parse(r.Value)
	if err == nil {
		b.handled[r.Partition] = at[b.topics.Postings.Name]
		b.tallies.addRead(r.Partition, oracle.Read{
			Postings: at[b.topics.Postings.Name], Enrolments: at[b.topics.Enrolments.Name],
			Segments: at[b.topics.UserSegments.Name],
			At:       instant.Of(r.Timestamp),
		})
	}
	return err
}

func (b *users) setRow(partition int32, place, id string, value []byte) error {
	var row *mission.UserRow
	if value != nil {
		var err error
		if row, err = (missioncodec.UserRow{}).Decode(value); err != nil {
			return err
		}
	}
	u := b.of(id)
	u.place, u.partition, u.row = place, partition, value != nil
	for currency, n := range u.received {
		b.rows.addBig(partition, currency, new(big.Int).Neg(n))
	}
	clear(u.received)
	clear(u.completed)
	clear(u.cut)
	if value == nil {
		if !b.whole { // who comes back is taken as found
			delete(b.purses, id)
			delete(b.touched, id)
		}
		b.tallies.setRow(partition, id, nil)
		return nil
	}
	b.tallies.setRow(partition, id, row)
	for _, r := range row.Received {
		plus(u.received, r.Currency, r.Net.Big())
		b.rows.addBig(partition, r.Currency, r.Net.Big())
	}
	for _, s := range row.States {
		u.cut[s.Mission] = s.Cut
		for _, t := range s.Tallies {
			u.completed[run{s.Mission, t.Start}] = t.Completions
		}
	}
	return nil
}

func (b *users) addOutcome(value []byte) error {
	o, err := missioncodec.Outcome{}.Decode(value)
	if err != nil {
		return err
	}
	u := b.of(o.UserID)
	if o.Kind == mission.Completed {
		u.told[run{o.Mission, o.WindowStart}]++
	} else {
		u.told[run{o.Mission, o.WindowStart}]--
	}
	return nil
}

// open returns what does not agree of users whose postings were all handled.
func (b *users) open(most int) []difference {
	var out []difference
	for id := range b.touched {
		u := b.purses[id]
		if u.last >= b.handled[u.partition] || !b.tallies.handled(id) {
			continue
		}
		if !u.row || id == erasure.Nobody || b.erased[id] { // see forgotten
			delete(b.touched, id)
			continue
		}
		if !b.whole && u.base == nil && !b.settled(u) {
			continue
		}
		found := append(u.differences(id, b.whole), b.tallies.differences(id, u.place)...)
		if len(found) == 0 {
			delete(b.touched, id)
		}
		out = append(out, found...)
	}
	if most > 0 && len(b.purses) > most+len(b.touched) {
		for id := range b.purses {
			if !b.touched[id] {
				delete(b.purses, id)
			}
		}
		b.whole = false // of those that were dropped the beginning is not known any more
	}
	return append(out, b.forgotten()...)
}

// settled tells whether what is known of a user can be what later looks are held against: all that came before the
// first is handled, and the look before saw the same, so no transaction was seen by half.
func (b *users) settled(u *purse) bool {
	if b.handled[u.partition] < b.began[u.partition] {
		return false
	}
	look := fmt.Sprint(u.received, u.brought, u.completed, u.told)
	if look != u.looked {
		u.looked = look
		return false
	}
	u.looked = ""
	return true
}

// forgotten holds the row of erasure.Nobody, and those of users who were erased and have come back, against all that
// users have brought who were erased or have no row.
func (b *users) forgotten() []difference {
	if !b.whole {
		return nil
	}
	all := &purse{received: map[string]*big.Int{}, brought: map[string]*big.Int{}, place: "users without a row"}
	for id, u := range b.purses {
		if u.last >= b.handled[u.partition] {
			continue // under way
		}
		gone := id == erasure.Nobody || b.erased[id]
		if gone && u.row {
			all.place = u.place
			for currency, n := range u.received {
				plus(all.received, currency, n)
			}
		}
		if gone || !u.row {
			for currency, n := range u.brought {
				plus(all.brought, currency, n)
			}
		}
	}
	return all.differences("erased, or without a row", true)
}

func (u *purse) differences(id string, whole bool) []difference {
	var out []difference
	if !whole && u.base == nil { // this is how it is; what comes must fit
		u.base, u.untold = map[string]*big.Int{}, map[run]int64{}
		for currency := range u.received {
			u.base[currency] = u.gap(currency)
		}
		for m, n := range u.completed {
			u.untold[m] = n - u.told[m]
		}
	}
	for currency := range both(u.received, u.brought) {
		gap := u.gap(currency)
		if base := u.base[currency]; base != nil {
			gap.Sub(gap, base)
		}
		if gap.Sign() == 0 {
			continue
		}
		out = append(out, difference{
			check: checkConservation, key: "user\x00" + id + "\x00" + currency, place: u.place, currency: currency,
			minor: cutTo64(gap),
			state: fmt.Sprint(u.received[currency], u.brought[currency]),
			text: fmt.Sprintf("user %s (%s): progress has received %v %s, postings brought %v", id, u.place,
				amount(u.received[currency]), currency, amount(u.brought[currency])),
		})
	}
	for m := range both(u.completed, u.told) {
		if m.start < u.cut[m.mission] || u.completed[m]-u.told[m] == u.untold[m] {
			continue
		}
		out = append(out, difference{
			check: checkOutcomes, key: fmt.Sprint(id, "\x00", m), place: u.place,
			state: fmt.Sprint(u.completed[m], u.told[m]),
			text: fmt.Sprintf("user %s (%s), mission %s, window from %s: %d completions in the row, %d told",
				id, u.place, m.mission, m.start, u.completed[m], u.told[m]),
		})
	}
	return out
}

func (u *purse) gap(currency string) *big.Int {
	return new(big.Int).Sub(amount(u.received[currency]), amount(u.brought[currency]))
}

func amount(n *big.Int) *big.Int {
	if n == nil {
		return new(big.Int)
	}
	return n
}
