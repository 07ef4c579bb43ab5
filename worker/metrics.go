package worker

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/task"
)

// dropped is the outcome of runs that were not handed to a handler: their time was over, or they cannot be read.
const dropped = "dropped"

// metrics are of one worker. Without a registerer they count and are not shown.
type metrics struct {
	runs         *prometheus.CounterVec
	seconds      *prometheus.HistogramVec
	inFlight     *prometheus.GaugeVec
	slots        *prometheus.GaugeVec
	claims       *prometheus.CounterVec
	redeliveries *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer, kinds []Kind) (*metrics, error) {
	m := &metrics{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "millrace_worker_runs_total",
			Help: "Runs of tasks by what became of them: ok, fail, snooze or dropped."}, []string{"kind", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "millrace_worker_run_seconds",
			Help: "Time that a call of a handler took.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 9)},
			[]string{"kind"}),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "millrace_worker_in_flight",
			Help: "Calls of handlers under way."}, []string{"kind"}),
		slots: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "millrace_worker_slots",
			Help: "Calls of handlers that may be under way at once; 0 while the worker takes no runs: before it has joined " +
				"its groups, and once it is told to stop."}, []string{"kind"}),
		claims: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "millrace_worker_claims_total",
			Help: "Runs that the worker claimed because their handlers took longer."}, []string{"kind"}),
		redeliveries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "millrace_worker_redeliveries_total",
			Help: "Runs that another worker had and did not finish."}, []string{"kind"}),
	}
	for _, k := range kinds { // what is not there yet is not 0
		name := k.Policy.Name
		for _, outcome := range []string{string(task.OK), string(task.Fail), string(task.Snooze), dropped} {
			m.runs.WithLabelValues(name, outcome)
		}
		m.seconds.WithLabelValues(name)
		m.inFlight.WithLabelValues(name)
		m.slots.WithLabelValues(name)
		m.claims.WithLabelValues(name)
		m.redeliveries.WithLabelValues(name)
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.runs, m.seconds, m.inFlight, m.slots, m.claims, m.redeliveries} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
