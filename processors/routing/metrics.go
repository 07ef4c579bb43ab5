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

	mu    sync.Mutex
	modes map[string]bool
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
		modes:   map[string]bool{}, shown: map[[2]string]bool{},
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
