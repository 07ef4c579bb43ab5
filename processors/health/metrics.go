package health

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/processors/metric"
)

// maxModes bounds the label values that input can make up: modes beyond it count as "other".
const maxModes = 64

// Metrics counts windows, and tells how far behind the watermark attempts are.
type Metrics struct {
	windows, lates, corrections *prometheus.CounterVec
	lateness                    *prometheus.HistogramVec

	mu    sync.Mutex
	modes map[string]bool
}

// NewMetrics registers the metrics of the group; with a nil registerer they are kept but not shown.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string) *prometheus.CounterVec {
		return metric.Register(r, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help},
			[]string{"mode"}))
	}
	return &Metrics{
		windows:     counter("millrace_windows_closed_total", "Health windows closed and published."),
		lates:       counter("millrace_windows_late_events_total", "Attempts that came after their window had closed."),
		corrections: counter("millrace_windows_corrections_total", "Revisions of closed health windows."),
		lateness: metric.Register(r, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "millrace_health_lateness_seconds",
			Help:    "How far behind the watermark attempts arrive; 0 for those that are not.",
			Buckets: latenessBuckets(),
		}, []string{"mode"})),
		modes: map[string]bool{},
	}
}

// latenessBuckets are bounds in seconds: on time, within the grace of windows (10 s), within what people would wait
// for, and up to the correction horizon (24 h), beyond which attempts are dead letters.
func latenessBuckets() []float64 {
	return []float64{0, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400}
}

// arrived takes an attempt of event time at, judged against the watermark w. Without a watermark nothing is behind.
func (m *Metrics) arrived(mode string, at, w time.Time) {
	behind := time.Duration(0)
	if !w.IsZero() {
		behind = max(0, w.Sub(at))
	}
	m.lateness.WithLabelValues(m.label(mode)).Observe(behind.Seconds())
}

// closed also shows that nothing of the mode was late or corrected so far: a counter that is not there says less than
// 0.
func (m *Metrics) closed(mode string) {
	label := m.label(mode)
	m.windows.WithLabelValues(label).Inc()
	m.lates.WithLabelValues(label).Add(0)
	m.corrections.WithLabelValues(label).Add(0)
}

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
