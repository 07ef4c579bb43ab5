package server

import (
	"math/big"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/engine/sum"
	"github.com/millrace/millrace/processors/metric/metrictest"
	"github.com/millrace/millrace/topology"
)

func TestWaitingReversalsAddUpOverPartitions(t *testing.T) {
	partitions := []sum.Sums{{}, {}, {}}
	for p, name := range map[int]string{0: "INR", 1: "INR", 2: "USD"} {
		partitions[p].Add(topology.WaitingReversalsSum(name), big.NewInt(int64(p+1)))
		partitions[p].Add(topology.WaitingSum(name), big.NewInt(int64(100*(p+1))))
	}
	partitions[2].Add(topology.SettledSum("JPY"), big.NewInt(7))
	loaded := false
	w := newWaitingReversals(topology.New(topology.Config{Partitions: 3, Replication: 1}), &Tables{partitions: 3})
	w.recovered, w.of = func() bool { return loaded }, func(p int32) sum.Sums { return partitions[p] }
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(w)
	if lines := metrictest.Lines(t, r); len(lines) > 0 {
		t.Errorf("while the table is loaded: %q", lines)
	}
	loaded = true
	want := []string{
		"millrace_ledger_reversals_waiting{currency=INR} 3", "millrace_ledger_reversals_waiting{currency=JPY} 0",
		"millrace_ledger_reversals_waiting{currency=USD} 3",
		"millrace_ledger_reversals_waiting_minor{currency=INR} 300", "millrace_ledger_reversals_waiting_minor{currency=JPY} 0",
		"millrace_ledger_reversals_waiting_minor{currency=USD} 300",
	}
	if lines := metrictest.Lines(t, r); !slices.Equal(lines, want) {
		t.Errorf("%q", lines)
	}
}
