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
	score, enabled, traffic, state *prometheus.GaugeVec
	others, changes, downtimes     *prometheus.CounterVec
	places, disrupted              *prometheus.GaugeVec

	mu    sync.Mutex
	modes map[string]bool    // that have a label of their own
	shown map[[2]string]bool // mode, instrument
}

// NewMetrics registers the metrics of the group; with a nil registerer they are kept but not shown.
func NewMetrics(r prometheus.Registerer) *Metrics {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return metric.Register(r, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, append([]string{"mode"}, labels...)))
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return metric.Register(r, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, append([]string{"mode"}, labels...)))
	}
	return &Metrics{
		score:   gauge("millrace_health_score_ratio", "Pooled technical success rate of an instrument, as last evaluated.", "instrument"),
		enabled: gauge("millrace_health_enabled", "1 if an instrument gets traffic, 0 if it is disabled.", "instrument"),
		traffic: gauge("millrace_health_traffic_ratio", "The share of its usual traffic that an instrument is to get, from 0 to 1.", "instrument"),
		state:   gauge("millrace_health_state", "1 for the state that an instrument is in, 0 for the others.", "instrument", "state"),
		others: counter("millrace_health_other_attempts_total",
			"Attempts counted in the place `other`, since their mode has no room for more names with so little traffic."),
		changes: counter("millrace_health_status_changes_total",
			"Changes of the state of a mode, an instrument or a gateway (level), by the state that it has come to.", "level", "state"),
		downtimes: counter("millrace_health_downtimes_total", "Records of downtimes, of instruments and gateways, by what they tell.", "status"),
		places:    gauge("millrace_health_other_places", "Names counted in the place `other` in the last window of their mode."),
		disrupted: gauge("millrace_health_downtimes_open", "Downtimes that have begun and are not over, of instruments and gateways."),
		modes:     map[string]bool{}, shown: map[[2]string]bool{},
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
		on := 0.0
		if standing.Enabled {
			on = 1
		}
		m.enabled.WithLabelValues(standing.Mode, standing.Instrument).Set(on)
		m.traffic.WithLabelValues(standing.Mode, standing.Instrument).Set(float64(standing.TrafficPercent) / 100)
		for _, state := range health.States() {
			in := 0.0
			if state == standing.State {
				in = 1
			}
			m.state.WithLabelValues(standing.Mode, standing.Instrument, state.String()).Set(in)
		}
	}
	if row != nil {
		m.showMode(row)
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

// showMode sets what is known of a mode as a whole. A counter that is not there says less than 0.
func (m *Metrics) showMode(row *health.ModeRow) {
	if !m.shows(row.Mode) {
		return
	}
	m.places.WithLabelValues(row.Mode).Set(float64(row.Unplaced()))
	open := 0
	for i := range row.Downtimes {
		if row.Downtimes[i].Begun && row.Downtimes[i].Status != health.Resolved {
			open++
		}
	}
	m.disrupted.WithLabelValues(row.Mode).Set(float64(open))
	m.others.WithLabelValues(row.Mode)
	for status := health.Scheduled; status <= health.Resolved; status++ {
		m.downtimes.WithLabelValues(row.Mode, status.String())
	}
	for _, level := range []string{levelMode, levelInstrument, levelGateway} {
		for _, state := range health.States() {
			m.changes.WithLabelValues(row.Mode, level, state.String())
		}
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
