package server

import (
	"math/big"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/topology"
)

// waitingReversals shows which reversals wait for their payment, as the sums beside the rows of the ledger say: exact,
// also after a restart. A deployment with several servers shows it several times.
type waitingReversals struct {
	count, money *prometheus.Desc
	tableSums
}

func newWaitingReversals(t *topology.Topology, tables *Tables) *waitingReversals {
	return &waitingReversals{
		count: prometheus.NewDesc("millrace_ledger_reversals_waiting",
			"Reversals that wait for their payment to settle: it has yet to come, or its row expired before they came.",
			[]string{"currency"}, nil),
		money: prometheus.NewDesc("millrace_ledger_reversals_waiting_minor",
			"Amounts of the reversals that wait for their payment, in minor units; without those that take all that remains.", []string{"currency"}, nil),
		tableSums: tables.sums(t.Ledger.Name),
	}
}

// Describe implements prometheus.Collector.
func (w *waitingReversals) Describe(c chan<- *prometheus.Desc) { c <- w.count; c <- w.money }

// Collect implements prometheus.Collector. While the table is loaded there is nothing to show, and of a currency that
// the ledger has never seen neither.
func (w *waitingReversals) Collect(c chan<- prometheus.Metric) {
	all, loaded := w.total()
	if !loaded {
		return
	}
	currencies := map[string]bool{}
	for name := range all {
		if currency, ok := topology.WaitingReversalsIn(name); ok {
			currencies[currency] = true
		} else if currency, ok := topology.CurrencyOf(name); ok {
			currencies[currency] = true
		}
	}
	for currency := range currencies {
		show := func(desc *prometheus.Desc, n *big.Int) {
			value, _ := n.Float64()
			c <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, currency)
		}
		show(w.count, all.Of(topology.WaitingReversalsSum(currency)))
		show(w.money, all.Of(topology.WaitingSum(currency)))
	}
}
