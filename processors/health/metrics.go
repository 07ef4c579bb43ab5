package health

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/processors/metric"
)

// maxModes bounds the label values that input can make up: modes beyond it count as "other".
const maxModes = 64

// Metrics counts windows.
type Metrics struct {
	windows, lates, corrections *prometheus.CounterVec

	mu    sync.Mutex
	modes map[string]bool
}

// NewMetrics registers the metrics of the group; with a nil registerer they are kept but not shown.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string) *prometheus.CounterVec {
		return metric.Register(r, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"mode"}))
	}
	return &Metrics{
		windows:     counter("millrace_windows_closed_total", "Health windows closed and published."),
		lates:       counter("millrace_windows_late_events_total", "Attempts that came after their window had closed."),
		corrections: counter("millrace_windows_corrections_total", "Revisions of closed health windows."),
		modes:       map[string]bool{},
	}
}

func (m *Metrics) closed(mode string) { m.windows.WithLabelValues(m.label(mode)).Inc() }

func (m *Metrics) late(mode string) { m.lates.WithLabelValues(m.label(mode)).Inc() }

func (m *Metrics) corrected(mode string) { m.corrections.WithLabelValues(m.label(mode)).Inc() }

// label returns mode, or "other" once there are too many; the first ones stay.
func (m *Metrics) label(mode string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.modes[mode] {
		if len(m.modes) >= maxModes {
			return "other"
		}
		m.modes[mode] = true
	}
	return mode
}
