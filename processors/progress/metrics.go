package progress

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/mission"
)

// Metrics counts money, postings and outcomes.
type Metrics struct {
	received   *prometheus.GaugeVec
	outcomes   *prometheus.CounterVec
	duplicates prometheus.Counter
	missions   *prometheus.CounterVec
}

// NewMetrics registers the metrics of the group. millrace_progress_received_minor_total is net of reversals, so that it
// equals what the ledger settled - reversed + returned; it can fall, hence a gauge in spite of its name.
func NewMetrics(r prometheus.Registerer) *Metrics {
	// Several groups of one process share the next two, so names, help and labels must be the same in each.
	outcomes := register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "millrace_transactions_total", Help: "Transaction events by group and what became of them.",
	}, []string{"group", "outcome"}))
	duplicates := register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "millrace_duplicates_total", Help: "Duplicate records dropped, by group.",
	}, []string{"group"}))
	return &Metrics{
		received: register(r, prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "millrace_progress_received_minor_total", Help: "Net money of the postings taken in, in minor units.",
		}, []string{"currency"})),
		missions: register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "millrace_mission_outcomes_total", Help: "Mission iterations completed and revoked.",
		}, []string{"outcome"})),
		outcomes:   outcomes.MustCurryWith(prometheus.Labels{"group": "progress"}),
		duplicates: duplicates.WithLabelValues("progress"),
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
			m.received.WithLabelValues(e.Currency).Add(float64(e.Minor))
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

// register returns the collector of that name which another group of the process has registered, if there is one.
func register[C prometheus.Collector](r prometheus.Registerer, c C) C {
	var there prometheus.AlreadyRegisteredError
	switch err := r.Register(c); {
	case err == nil:
		return c
	case errors.As(err, &there):
		if v, ok := there.ExistingCollector.(C); ok {
			return v
		}
		panic(err)
	default:
		panic(err) // a clash of metric names is a mistake in the program
	}
}
