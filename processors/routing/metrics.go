package routing

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/processors/metric"
)

// The bounds on label values that input can make up. What is beyond them is not shown: gauges of several things cannot
// share one "other".
const (
	maxModes       = 64
	maxInstruments = 512 // over all modes
)

// Metrics shows how instruments stand.
type Metrics struct {
	score, enabled *prometheus.GaugeVec
	others         *prometheus.CounterVec
	places         *prometheus.GaugeVec

	mu    sync.Mutex
	modes map[string]bool    // that have a label of their own
	shown map[[2]string]bool // mode, instrument
}

// NewMetrics registers the metrics of the group; with a nil registerer they are kept but not shown.
func NewMetrics(r prometheus.Registerer) *Metrics {
	gauge := func(name, help string) *prometheus.GaugeVec {
		return metric.Register(r, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"mode", "instrument"}))
	}
	return &Metrics{
		score:   gauge("millrace_health_score_ratio", "Pooled technical success rate of an instrument, as last evaluated."),
		enabled: gauge("millrace_health_enabled", "The share of its traffic that an instrument gets: 1 if all, 0 if it is disabled."),
		others: metric.Register(r, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "millrace_health_other_attempts_total",
			Help: "Attempts counted in the place `other`, since their mode has no room for more names with so little traffic.",
		}, []string{"mode"})),
		places: metric.Register(r, prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "millrace_health_other_places", Help: "Names counted in the place `other` in the last window of their mode.",
		}, []string{"mode"})),
		modes: map[string]bool{}, shown: map[[2]string]bool{},
	}
}

// show sets the gauges of a mode's instruments.
func (m *Metrics) show(s health.Settings, row *health.ModeRow) {
	for _, standing := range row.Standings(s) {
		if !m.fits(standing.Mode, standing.Instrument) {
			continue
		}
		if standing.Scored {
			m.score.WithLabelValues(standing.Mode, standing.Instrument).Set(standing.Score)
		}
		m.enabled.WithLabelValues(standing.Mode, standing.Instrument).Set(float64(standing.TrafficPercent) / 100)
	}
	if row != nil {
		m.showOther(row)
	}
}

// unplaced counts attempts of a mode that have no place of their own.
func (m *Metrics) unplaced(mode string, attempts int64) {
	m.mu.Lock()
	if !m.modes[mode] && len(m.modes) >= maxModes {
		mode = health.OtherName
	}
	m.mu.Unlock()
	m.others.WithLabelValues(mode).Add(float64(attempts))
}

// showOther sets what is known of the names of a mode that have no place. A counter that is not there says less than 0.
func (m *Metrics) showOther(row *health.ModeRow) {
	m.mu.Lock()
	named := m.modes[row.Mode]
	m.mu.Unlock()
	if named {
		m.others.WithLabelValues(row.Mode).Add(0)
		m.places.WithLabelValues(row.Mode).Set(float64(row.Unplaced()))
	}
}

// shows tells whether a mode is shown already.
func (m *Metrics) shows(mode string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.modes[mode]
}

// fits tells whether an instrument has its place among the labels; the first ones keep theirs.
func (m *Metrics) fits(mode, instrument string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := [2]string{mode, instrument}
	switch {
	case m.shown[at]:
		return true
	case len(m.shown) >= maxInstruments || !m.modes[mode] && len(m.modes) >= maxModes:
		return false
	}
	m.modes[mode], m.shown[at] = true, true
	return true
}
