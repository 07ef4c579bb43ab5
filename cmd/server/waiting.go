package server

import (
	"math/big"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/engine/sum"
	"github.com/millrace/millrace/topology"
)

// waitingRewards shows how many rewards wait for a provider, as the sums beside the rows of rewards say: exact, also
// after a restart. A deployment with several servers shows it several times.
type waitingRewards struct {
	desc       *prometheus.Desc
	partitions int32
	recovered  func() bool
	sums       func(partition int32) sum.Sums
}

func newWaitingRewards(t *topology.Topology, tables *Tables) *waitingRewards {
	return &waitingRewards{
		desc: prometheus.NewDesc("millrace_rewards_granting",
			"Rewards that a provider was asked for and has not answered yet, by kind.", []string{"kind"}, nil),
		partitions: t.Config.Partitions, recovered: tables.Of(t.Rewards.Name).Recovered,
		sums: func(partition int32) sum.Sums { return tables.Of(t.Rewards.Name).Known(partition).Sums },
	}
}

// Describe implements prometheus.Collector.
func (w *waitingRewards) Describe(c chan<- *prometheus.Desc) { c <- w.desc }

// Collect implements prometheus.Collector. While the table is loaded there is nothing to show.
func (w *waitingRewards) Collect(c chan<- prometheus.Metric) {
	if !w.recovered() {
		return
	}
	for _, kind := range mission.RewardKinds() {
		n := new(big.Int)
		for p := range w.partitions {
			n.Add(n, w.sums(p).Of(topology.GrantingSum(kind)))
		}
		value, _ := n.Float64()
		c <- prometheus.MustNewConstMetric(w.desc, prometheus.GaugeValue, value, kind)
	}
}
