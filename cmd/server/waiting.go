package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/topology"
)

// waitingRewards shows how many rewards wait for a provider, as the sums beside the rows of rewards say: exact, also
// after a restart. A deployment with several servers shows it several times.
type waitingRewards struct {
	desc *prometheus.Desc
	tableSums
}

func newWaitingRewards(t *topology.Topology, tables *Tables) *waitingRewards {
	return &waitingRewards{
		desc: prometheus.NewDesc("millrace_rewards_granting",
			"Rewards that a provider was asked for and has not answered yet, by kind.", []string{"kind"}, nil),
		tableSums: tables.sums(t.Rewards.Name),
	}
}

// Describe implements prometheus.Collector.
func (w *waitingRewards) Describe(c chan<- *prometheus.Desc) { c <- w.desc }

// Collect implements prometheus.Collector. While the table is loaded there is nothing to show.
func (w *waitingRewards) Collect(c chan<- prometheus.Metric) {
	all, loaded := w.total()
	if !loaded {
		return
	}
	for _, kind := range mission.RewardKinds() {
		value, _ := all.Of(topology.GrantingSum(kind)).Float64()
		c <- prometheus.MustNewConstMetric(w.desc, prometheus.GaugeValue, value, kind)
	}
}
