package progress

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/processors/metric"
)

// Metrics counts money, postings and outcomes.
type Metrics struct {
	received   *metric.Money
	outcomes   *prometheus.CounterVec
	duplicates prometheus.Counter
	missions   *prometheus.CounterVec
	commands   *prometheus.CounterVec
}

// commandSegments labels records of user-segments among the commands.
const commandSegments = "segments"

// NewMetrics registers the metrics of the group; with a nil registerer they are kept but not shown.
// millrace_progress_received_minor_total is net of reversals, so that it equals what the ledger settled - reversed +
// returned; it can fall, hence a gauge in spite of its name.
func NewMetrics(r prometheus.Registerer) *Metrics {
	return &Metrics{
		received: metric.Register(r, metric.NewMoneyGauge("millrace_progress_received_minor_total", "Net money of the postings taken in, in minor units.")),
		missions: metric.Register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "millrace_mission_outcomes_total", Help: "Mission iterations completed and revoked.",
		}, []string{"outcome"})),
		commands: metric.Register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "millrace_mission_commands_total", Help: "Enrolments, withdrawals and segments of users, by verdict.",
		}, []string{"op", "verdict"})),
		outcomes:   metric.Events(r, "progress"),
		duplicates: metric.Duplicates(r, "progress"),
	}
}

// count takes the effects of one posting.
func (m *Metrics) count(effects []mission.Effect) {
	outcome, forgotten := "duplicate", false
	for _, effect := range effects {
		switch e := effect.(type) {
		case *mission.Outcome:
			m.missions.WithLabelValues(string(e.Kind)).Inc()
		case mission.Credit:
			m.received.Add(e.Currency, e.Minor)
			outcome = "not_counted"
			if e.Missions > 0 {
				outcome = "counted"
			}
		case mission.Duplicate:
			m.duplicates.Inc()
		case mission.Forgotten:
			forgotten = true
		}
	}
	if forgotten && outcome == "not_counted" {
		outcome = string(mission.AfterHorizon)
	}
	m.outcomes.WithLabelValues(outcome).Inc()
}

// countCommand takes the effects of one command.
func (m *Metrics) countCommand(op string, effects []mission.Effect) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case *mission.Outcome:
			m.missions.WithLabelValues(string(e.Kind)).Inc()
		case mission.Answered:
			m.commands.WithLabelValues(op, string(e.Result)).Inc()
		case mission.Duplicate:
			m.duplicates.Inc()
		}
	}
}
