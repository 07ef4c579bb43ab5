package progress

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/processors/metric"
)

// Metrics counts money, postings and outcomes.
type Metrics struct {
	received   *metric.Money
	reversed   *metric.Money
	outcomes   *prometheus.CounterVec
	duplicates prometheus.Counter
	missions   *prometheus.CounterVec
	commands   *prometheus.CounterVec
}

// commandSegments labels records of user-segments among the commands.
const commandSegments = "segments"

// NewMetrics registers the metrics of the group; with a nil registerer they are kept but not shown. Per currency,
// received is what the ledger settled + returned, and reversed what it reversed, once nothing is under way.
func NewMetrics(r prometheus.Registerer) *Metrics {
	money := func(name, help string) *metric.Money { return metric.Register(r, metric.NewMoneyCounter(name, help)) }
	return &Metrics{
		received: money("millrace_progress_received_minor_total",
			"Money that postings brought to users, in minor units."),
		reversed: money("millrace_progress_reversed_minor_total",
			"Money that postings of reversals took from users again, in minor units."),
		missions: metric.Counters(r, "millrace_mission_outcomes_total", "Mission iterations completed and revoked.",
			metric.LabelOf("outcome", mission.Completed, mission.Revoked)),
		commands: metric.Counters(r, "millrace_mission_commands_total",
			"Enrolments, withdrawals and segments of users, by verdict.",
			metric.LabelOf("op", mission.Enrol, mission.Withdraw, commandSegments),
			metric.LabelOf("verdict", verdict.Results()...)),
		outcomes: metric.Events(r, "progress", outcomeCounted, outcomeNotCounted, outcomeDuplicate,
			string(mission.AfterHorizon)),
		duplicates: metric.Duplicates(r, "progress"),
	}
}

// What becomes of a posting, beside mission.AfterHorizon.
const (
	outcomeCounted    = "counted"
	outcomeNotCounted = "not_counted"
	outcomeDuplicate  = "duplicate"
)

// count takes the effects of one posting.
func (m *Metrics) count(effects []mission.Effect) {
	outcome, forgotten := outcomeDuplicate, false
	for _, effect := range effects {
		switch e := effect.(type) {
		case *mission.Outcome:
			m.missions.WithLabelValues(string(e.Kind)).Inc()
		case mission.Credit:
			m.received.Add(e.Currency, max(0, e.Minor))
			m.reversed.Add(e.Currency, max(0, -e.Minor))
			outcome = outcomeNotCounted
			if e.Missions > 0 {
				outcome = outcomeCounted
			}
		case mission.Duplicate:
			m.duplicates.Inc()
		case mission.Forgotten:
			forgotten = true
		}
	}
	if forgotten && outcome == outcomeNotCounted {
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
