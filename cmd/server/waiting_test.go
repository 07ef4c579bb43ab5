package server

import (
	"math/big"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/engine/sum"
	"github.com/millrace/millrace/processors/metric/metrictest"
	"github.com/millrace/millrace/topology"
)

func TestWaitingRewardsAddUpOverPartitions(t *testing.T) {
	partitions := []sum.Sums{{}, {}, {}}
	for p, n := range []int64{3, -1, 0} { // a reward is answered where it was asked for, but sums need not know that
		partitions[p].Add(topology.GrantingSum(mission.RewardCash), big.NewInt(n))
	}
	loaded := false
	w := newWaitingRewards(topology.New(topology.Config{Partitions: 3, Replication: 1}), &Tables{partitions: 3})
	w.recovered, w.of = func() bool { return loaded }, func(p int32) sum.Sums { return partitions[p] }
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(w)
	if lines := metrictest.Lines(t, r); len(lines) > 0 {
		t.Errorf("while the table is loaded: %q", lines)
	}
	loaded = true
	want := []string{
		"millrace_rewards_granting{kind=cash} 2", "millrace_rewards_granting{kind=coins} 0", "millrace_rewards_granting{kind=custom} 0",
		"millrace_rewards_granting{kind=gift_card} 0", "millrace_rewards_granting{kind=scratch_card} 0",
	}
	if lines := metrictest.Lines(t, r); !slices.Equal(lines, want) {
		t.Errorf("%q", lines)
	}
}
