package health

import (
	"cmp"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/health"
)

// The bounds on label values that input can make up.
const (
	maxShownModes       = 64
	maxShownInstruments = 512 // over all modes; those without traffic and those with the lowest scores come first
)

// Gauges are read from the tables as Prometheus asks: how instruments stand, as the API says it. They are there
// after a restart, without any payment, and a process that lost a mode to another one in a rebalance shows nothing of
// it. Of a deployment with several servers each shows them all.
type Gauges struct {
	server *Routes

	score, enabled, traffic, state, places, downtimes, hidden *prometheus.Desc
}

// NewGauges returns the gauges of the tables behind s.
func NewGauges(s *Routes) *Gauges {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &Gauges{
		server: s,
		score: desc("millrace_health_score_ratio",
			"Pooled technical success rate of an instrument, as last evaluated.", "mode", "instrument"),
		enabled: desc("millrace_health_enabled", "1 if an instrument gets traffic, 0 if it is disabled.", "mode",
			"instrument"),
		traffic: desc("millrace_health_traffic_ratio",
			"The share of its usual traffic that an instrument is to get, from 0 to 1.", "mode", "instrument"),
		state: desc("millrace_health_state", "1 for the state that an instrument is in, 0 for the others.", "mode",
			"instrument", "state"),
		places: desc("millrace_health_other_places",
			"Names counted in the place `other` in the last window of their mode.", "mode"),
		downtimes: desc("millrace_health_downtimes_open",
			"Downtimes that have begun and are not over, of instruments and gateways.", "mode"),
		hidden: desc("millrace_health_instruments_hidden",
			"Instruments beyond the 512, and of modes beyond the 64, that have rows of their own: those with traffic and the best scores."),
	}
}

// Describe implements prometheus.Collector.
func (g *Gauges) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.score, g.enabled, g.traffic, g.state, g.places, g.downtimes, g.hidden} {
		c <- d
	}
}

// shownInstrument is how an instrument stands in the table, and what the API says of its traffic.
type shownInstrument struct {
	health.Standing
	told HealthRow
}

// Collect implements prometheus.Collector. While a table is loaded there is nothing to show. A row that cannot be read
// is as good as none.
func (g *Gauges) Collect(c chan<- prometheus.Metric) {
	s := g.server
	if !s.Sources.Routing.Recovered() || !s.Sources.Health.Recovered() {
		return
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	modes, err := s.Modes("")
	if err != nil {
		return
	}
	var all []shownInstrument
	hidden := 0
	for i, mode := range modes {
		row, err := s.Mode(mode)
		if err != nil {
			continue
		}
		if i >= maxShownModes {
			hidden += len(row.Instruments)
			continue
		}
		g.showMode(row, gauge)
		for _, st := range row.Standings(s.Config.Settings) {
			all = append(all, shownInstrument{st, s.HealthRow(row, st)})
		}
	}
	slices.SortStableFunc(all, func(a, b shownInstrument) int { // modes and instruments are in order
		return cmp.Or(cmp.Compare(a.told.TrafficPercent, b.told.TrafficPercent), cmp.Compare(a.worth(), b.worth()))
	})
	gauge(g.hidden, float64(hidden+max(0, len(all)-maxShownInstruments)))
	for _, x := range all[:min(len(all), maxShownInstruments)] {
		g.show(x, gauge)
	}
}

// worth is the score, 1 without one.
func (x shownInstrument) worth() float64 {
	if !x.Scored {
		return 1
	}
	return x.Score
}

func (g *Gauges) show(x shownInstrument, gauge func(*prometheus.Desc, float64, ...string)) {
	is := map[bool]float64{true: 1}
	if x.Scored {
		gauge(g.score, x.Score, x.Mode, x.Instrument)
	}
	gauge(g.enabled, is[x.told.Enabled], x.Mode, x.Instrument)
	gauge(g.traffic, float64(x.told.TrafficPercent)/100, x.Mode, x.Instrument)
	for _, state := range health.States() {
		gauge(g.state, is[x.State == state], x.Mode, x.Instrument, state.String())
	}
}

func (g *Gauges) showMode(row *health.ModeRow, gauge func(*prometheus.Desc, float64, ...string)) {
	open := 0
	for i := range row.Downtimes {
		if row.Downtimes[i].Begun && row.Downtimes[i].Status != health.Resolved {
			open++
		}
	}
	gauge(g.places, float64(row.Unplaced()), row.Mode)
	gauge(g.downtimes, float64(open), row.Mode)
}
