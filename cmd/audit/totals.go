package audit

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/engine/sum"
	"github.com/millrace/millrace/topology"
)

// balance is money by partition and currency.
type balance map[int32]map[string]*big.Int

func (b balance) add(partition int32, currency string, minor int64) {
	if minor != 0 {
		b.addBig(partition, currency, big.NewInt(minor))
	}
}

func (b balance) addBig(partition int32, currency string, n *big.Int) {
	if b[partition] == nil {
		b[partition] = map[string]*big.Int{}
	}
	plus(b[partition], currency, n)
}

// totals is the book of the sums that tables keep: against their rows, and what the ledger posted against what progress
// took.
type totals struct {
	sums    map[string]map[int32]sum.Sums // by table and partition
	rows    bool                          // all rows of tables are read
	known   bool                          // of all partitions is known what their sums are
	flights map[int32][]flight            // postings that progress has not handled
	began   map[int32]int64               // the offset after the last posting before those that are read
	cuts    []cut                         // of the last looks
}

// flight is a posting.
type flight struct {
	offset   int64
	currency string
	minor    int64
}

// cut is how much was posted as of one look, and how much progress had taken or had yet to take. What credits users and
// what debits them are apart, for then both only grow.
type cut struct {
	posted, taken map[direction]*big.Int
	judged        bool // taken is known
}

type direction struct {
	currency string
	debit    bool
}

func (d direction) String() string {
	if d.debit {
		return "debits in " + d.currency
	}
	return "credits in " + d.currency
}

func newTotals() *totals {
	return &totals{sums: map[string]map[int32]sum.Sums{}, flights: map[int32][]flight{}, began: map[int32]int64{}}
}

func (b *totals) setSums(r *kgo.Record) error {
	sums, err := sum.Parse(r.Value)
	if err == nil {
		b.put(r.Topic, r.Partition, sums)
	}
	return err
}

func (b *totals) put(table string, partition int32, sums sum.Sums) {
	if b.sums[table] == nil {
		b.sums[table] = map[int32]sum.Sums{}
	}
	b.sums[table][partition] = sums
}

func (b *totals) addPosting(r *kgo.Record, p *ledger.Posting) {
	b.flights[r.Partition] = append(b.flights[r.Partition], flight{r.Offset, p.Currency, p.NetAfter - p.NetBefore})
}

// accounts holds the rows of each partition of a table against its sums.
func (b *totals) accounts(group, table string, rows balance,
	want func(s sum.Sums, currency string) *big.Int) []difference {
	var out []difference
	for partition := range both(rows, b.sums[table]) {
		out = append(out, accountOf(group, partition, rows[partition], b.sums[table][partition], want)...)
	}
	return out
}

func accountOf(group string, partition int32, rows map[string]*big.Int, sums sum.Sums,
	want func(sum.Sums, string) *big.Int) []difference {
	currencies := map[string]bool{}
	for currency := range rows {
		currencies[currency] = true
	}
	for name := range sums {
		if currency, ok := topology.CurrencyOf(name); ok {
			currencies[currency] = true
		}
	}
	var out []difference
	for currency := range currencies {
		have, should := amount(rows[currency]), want(sums, currency)
		gap := new(big.Int).Sub(have, should)
		if gap.Sign() == 0 {
			continue
		}
		place := fmt.Sprintf("%s, partition %d", group, partition)
		out = append(out, difference{
			check: checkConservation, key: "rows\x00" + place + "\x00" + currency, place: place, currency: currency,
			minor: cutTo64(gap), total: true,
			state: gap.String(),
			text:  fmt.Sprintf("%s: its rows hold %v %s, its sums say %v", place, have, currency, should),
		})
	}
	return out
}

// ledgerNet is what the rows of a partition of the ledger must add up to.
func ledgerNet(s sum.Sums, currency string) *big.Int {
	n := new(big.Int).Add(s.Of(topology.SettledSum(currency)), s.Of(topology.ReturnedSum(currency)))
	n.Sub(n, s.Of(topology.ReversedSum(currency)))
	return n.Sub(n, s.Of(topology.ExpiredSum(currency)))
}

// progressNet is what the rows of a partition of progress must add up to.
func progressNet(s sum.Sums, currency string) *big.Int { return s.Of(topology.ReceivedSum(currency)) }

// expired holds postings without a row against what the ledger says has expired.
func (b *totals) expired(group, table string, gone balance) []difference {
	out := b.accounts(group, table, gone, func(s sum.Sums, currency string) *big.Int {
		return s.Of(topology.ExpiredSum(currency))
	})
	for i := range out {
		out[i].key = "expired" + out[i].key
		out[i].text = fmt.Sprintf("%s: postings of transactions without a row and what is said to have expired differ by %d %s", out[i].place, out[i].minor, out[i].currency)
	}
	return out
}

// check sums what was posted and taken, and compares the check before with its neighbours: all that was posted at
// the first of three checks is among the postings read at the second, and all of those were posted at the third.
func (b *totals) check(ledgers, users string, handled map[int32]int64) []difference {
	now := cut{posted: map[direction]*big.Int{}, taken: map[direction]*big.Int{}, judged: b.known}
	for _, sums := range b.sums[ledgers] {
		for name, n := range sums {
			currency, _ := topology.CurrencyOf(name)
			switch name {
			case topology.SettledSum(currency), topology.ReturnedSum(currency):
				addTo(now.posted, direction{currency, false}, n)
			case topology.ReversedSum(currency):
				addTo(now.posted, direction{currency, true}, n)
			}
		}
	}
	for _, sums := range b.sums[users] {
		for name, n := range sums {
			currency, _ := topology.CurrencyOf(name)
			switch name {
			case topology.CreditedSum(currency):
				addTo(now.taken, direction{currency, false}, n)
			case topology.DebitedSum(currency):
				addTo(now.taken, direction{currency, true}, n)
			}
		}
	}
	for partition, began := range b.began {
		now.judged = now.judged && handled[partition] >= began
		all := b.flights[partition]
		flying := slices.IndexFunc(all, func(f flight) bool { return f.offset >= handled[partition] })
		if flying < 0 {
			flying = len(all)
		}
		b.flights[partition] = append(all[:0], all[flying:]...)
		for _, f := range b.flights[partition] {
			addTo(now.taken, direction{f.currency, f.minor < 0}, new(big.Int).Abs(big.NewInt(f.minor)))
		}
	}
	b.cuts = append(b.cuts, now)
	if len(b.cuts) < 3 {
		return nil
	}
	b.cuts = b.cuts[len(b.cuts)-3:]
	return compare(b.cuts[0].posted, &b.cuts[1], b.cuts[2].posted)
}

// judged reports whether the last checks could be compared.
func (b *totals) judged() bool { return len(b.cuts) == 3 && b.cuts[1].judged }

func addTo(m map[direction]*big.Int, d direction, n *big.Int) {
	m[d] = new(big.Int).Add(amount(m[d]), n)
}

// compare returns where what was taken is less than what had been posted before, or more than what was posted after.
func compare(before map[direction]*big.Int, at *cut, after map[direction]*big.Int) []difference {
	if !at.judged {
		return nil
	}
	var out []difference
	for d := range both(both(before, at.taken), after) {
		low, high := new(big.Int).Sub(amount(before[d]), amount(at.taken[d])),
			new(big.Int).Sub(amount(after[d]), amount(at.taken[d]))
		gap, side := low, "more"
		if low.Sign() <= 0 {
			if high.Sign() >= 0 {
				continue
			}
			gap, side = high, "less"
		}
		out = append(out, difference{
			check: checkConservation, key: "posted\x00" + d.String(), place: "ledger and progress",
			currency: d.currency, minor: cutTo64(gap), total: true,
			state: side,
			text: fmt.Sprintf("%s: the ledger has posted %v %s than progress has taken or has yet to take", d,
				new(big.Int).Abs(gap), side),
		})
	}
	return out
}

// both returns the keys of two maps.
func both[K comparable, A, B any](a map[K]A, b map[K]B) map[K]bool {
	out := map[K]bool{}
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}

// cutTo64 returns n, or what of it fits.
func cutTo64(n *big.Int) int64 {
	switch {
	case n.IsInt64():
		return n.Int64()
	case n.Sign() < 0:
		return -1 << 62
	default:
		return 1 << 62
	}
}
