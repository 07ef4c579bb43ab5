package routing

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/processors/metric"
)

// maxModes bounds the label values that input can make up: modes beyond it count as "other".
const maxModes = 64

// Metrics counts what happens to states. How instruments stand is shown by servers, from the table.
type Metrics struct {
	others, changes, downtimes *prometheus.CounterVec

	mu    sync.Mutex
	modes map[string]bool // that have a label of their own
}

// NewMetrics registers the metrics of the group; with a nil registerer they are kept but not shown.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return metric.Register(r, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help},
			append([]string{"mode"}, labels...)))
	}
	return &Metrics{
		others: counter("millrace_health_other_attempts_total",
			"Attempts counted in the place `other`, since their mode has no room for more names with so little traffic."),
		changes: counter("millrace_health_status_changes_total",
			"Changes of the state of a mode, an instrument or a gateway (level), by the state that it has come to.",
			"level", "state"),
		downtimes: counter("millrace_health_downtimes_total",
			"Records of downtimes, of instruments and gateways, by what they tell.", "status"),
		modes: map[string]bool{},
	}
}

// The levels that have a state.
const (
	levelMode       = "mode"
	levelInstrument = "instrument"
	levelGateway    = "gateway"
)

// changed counts a change of state. That only the effect on traffic changed is none.
func (m *Metrics) changed(r *health.StatusRecord) {
	if r.State == r.Previous {
		return
	}
	level := levelGateway
	switch {
	case r.Instrument == "":
		level = levelMode
	case r.Gateway == "":
		level = levelInstrument
	}
	m.changes.WithLabelValues(m.label(r.Mode), level, r.State.String()).Inc()
}

func (m *Metrics) disturbed(d *health.Downtime) {
	m.downtimes.WithLabelValues(m.label(d.Mode), d.Status.String()).Inc()
}

// label returns mode, or "other" once there are too many; the first ones stay.
func (m *Metrics) label(mode string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.modes[mode] && len(m.modes) >= maxModes {
		return health.OtherName
	}
	m.modes[mode] = true
	return mode
}

// unplaced counts attempts of a mode that have no place of their own.
func (m *Metrics) unplaced(mode string, attempts int64) {
	m.others.WithLabelValues(m.label(mode)).Add(float64(attempts))
}

// begin shows what is counted of a mode at 0, if nobody has: a counter that is not there says less.
func (m *Metrics) begin(mode string) {
	m.mu.Lock()
	begun := m.modes[mode]
	m.mu.Unlock()
	if begun {
		return
	}
	label := m.label(mode)
	m.others.WithLabelValues(label)
	for status := health.Scheduled; status <= health.Resolved; status++ {
		m.downtimes.WithLabelValues(label, status.String())
	}
	for _, level := range []string{levelMode, levelInstrument, levelGateway} {
		for _, state := range health.States() {
			m.changes.WithLabelValues(label, level, state.String())
		}
	}
}
