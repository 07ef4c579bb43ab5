package rewards

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/processors/metric"
)

// Metrics counts rewards by the states that they come to, and verdicts on commands.
type Metrics struct {
	rewards  *prometheus.CounterVec
	commands *prometheus.CounterVec
	results  prometheus.Counter
}

// NewMetrics registers the metrics of the group; with a nil registerer they are kept but not shown.
func NewMetrics(r prometheus.Registerer) *Metrics {
	return &Metrics{
		rewards: metric.Register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "millrace_rewards_total", Help: "Rewards by the state that they have come to.",
		}, []string{"state"})),
		commands: metric.Register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "millrace_reward_commands_total", Help: "Commands of users and of support by verdict: applied, unchanged, refused, repeated.",
		}, []string{"verdict"})),
		results: metric.Register(r, prometheus.NewCounter(prometheus.CounterOpts{
			Name: "millrace_reward_results_stale_total", Help: "Results of providers that no reward waited for.",
		})),
	}
}

func (m *Metrics) changed(c reward.Changed) { m.rewards.WithLabelValues(string(c.Reward.State)).Inc() }

func (m *Metrics) stale() { m.results.Inc() }

func (m *Metrics) judged(row, next *reward.Row, c *reward.Command) {
	if _, repeated := row.Verdict(c.ID); repeated {
		m.commands.WithLabelValues("repeated").Inc()
		return
	}
	if v, ok := next.Verdict(c.ID); ok {
		m.commands.WithLabelValues(string(v.Result)).Inc()
	}
}
