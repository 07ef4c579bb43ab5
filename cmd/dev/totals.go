package dev

import (
	"fmt"
	"math/big"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/cmd/server"
	"github.com/millrace/millrace/engine/sum"
	"github.com/millrace/millrace/topology"
	devviews "github.com/millrace/millrace/views/dev"
)

// totals are what the pipeline has done since the beginning of its data, as its tables say: they outlive restarts and
// expiry.
type totals struct {
	events, duplicates, deadLetters, windows int64
	money                                    map[string]devviews.BoardMoney
}

// readTotals adds up what each partition says. The tables are not of one moment: what lies between them is in flight.
func readTotals(t *topology.Topology, tables *server.Tables) totals {
	of := func(group string) sum.Sums {
		sums, _ := tables.Sums(group)
		return sums
	}
	progress := of(t.Progress.Name) // first, so that what it has taken was posted by what is read next
	ledger, health, letters := of(t.Ledger.Name), of(t.Health.Name), of(t.DeadLetters.Name)
	out := totals{
		events: small(ledger.Of(topology.EventsSum)), duplicates: small(ledger.Of(topology.DuplicatesSum)),
		deadLetters: small(letters.Of(topology.LettersSum)), windows: small(health.Of(topology.WindowsSum)),
		money: map[string]devviews.BoardMoney{},
	}
	for _, sums := range []sum.Sums{ledger, progress} {
		for name := range sums {
			currency, ok := topology.CurrencyOf(name)
			if !ok {
				continue
			}
			settled := ledger.Of(topology.SettledSum(currency))
			reversed := new(big.Int).Sub(ledger.Of(topology.ReversedSum(currency)),
				ledger.Of(topology.ReturnedSum(currency)))
			received := new(big.Int).Sub(progress.Of(topology.CreditedSum(currency)),
				progress.Of(topology.DebitedSum(currency)))
			flight := new(big.Int).Sub(settled, reversed)
			out.money[currency] = devviews.BoardMoney{
				Settled: small(settled), Reversed: small(reversed), Received: small(received),
				InFlight: small(flight.Sub(flight, received)),
			}
		}
	}
	return out
}

// judge takes the verdict of the audit in. A currency that it does not name is sound.
func (t *totals) judge(state audit.State) {
	for currency, n := range state.Difference {
		m := t.money[currency]
		m.Difference = small(n)
		t.money[currency] = m
	}
}

// small returns n, or the end of int64 that is nearest.
func small(n *big.Int) int64 {
	switch {
	case n.IsInt64():
		return n.Int64()
	case n.Sign() < 0:
		return -1 << 63
	default:
		return 1<<63 - 1
	}
}

// count writes n with thousands separators.
func count(n int64) string {
	digits := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
