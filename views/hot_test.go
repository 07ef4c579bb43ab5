package views

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/views/steadytest"
	"github.com/millrace/millrace/views/token"
)

// BenchmarkHotReads asks a server over loopback at 2,000 requests a second, whether or not it keeps up: half for the
// list of a mode with 20 instruments, half for one instrument with its gateways and the closed windows of 30 minutes.
// Latency counts from when a request was due, not from when it was sent.
func BenchmarkHotReads(b *testing.B) {
	const rate = 2000
	f := newFixture(b)
	f.putModes(6, 20)
	f.now = start.Add(31 * time.Minute)
	s := httptest.NewServer(f.handler)
	defer s.Close()
	bearer := f.token("a", token.Health)
	client := steadytest.Client()
	ask := func(i int) error {
		target := fmt.Sprintf("%s/v1/health?mode=mode%d", s.URL, i%6)
		if i%2 == 1 {
			target = fmt.Sprintf("%s/v1/health/mode%d/bank%d", s.URL, i%6, i%20)
		}
		return steadytest.Read(b, client, target, bearer)
	}
	steadytest.Ask(b, rate, ask)
}

// putModes stores modes with instruments that have two gateways each, and 30 closed windows.
func (f *fixture) putModes(modes, instruments int) {
	s := health.DefaultSettings()
	for m := range modes {
		var mode *health.ModeRow
		for i := range 2 * instruments {
			path := health.Path{Mode: fmt.Sprint("mode", m), Instrument: fmt.Sprint("bank", i/2), Gateway: fmt.Sprint("pg", i%2)}
			var series *health.Row
			take := func(effects []health.Effect) {
				for _, e := range effects {
					switch e := e.(type) {
					case health.Finished:
						closed, _ := health.ApplyClosed(s, nil, e.To)
						put(f, f.tables.health, f.topology.Health, e.To.Key(), closed)
					case health.Scored:
						mode, _ = mode.ObserveScore(s, e.Score, 0)
					}
				}
			}
			for n := range 60 {
				at := at(time.Duration(n) * 30 * time.Second)
				a := &ledger.Attempt{Mode: path.Mode, Instrument: path.Instrument, Gateway: path.Gateway, Outcome: ledger.Succeeded, At: at, LatencyMS: int64(40 + n)}
				var effects []health.Effect
				series, effects = health.Observe(s, series, a, health.Source{Topic: "attempts", Offset: int64(n)}, at)
				take(effects)
			}
			var effects []health.Effect
			series, effects = health.AdvanceTo(s, series, at(31*time.Minute))
			take(effects)
			put(f, f.tables.health, f.topology.Health, path.Key(), series)
		}
		mode, _ = mode.AdvanceTo(s, at(31*time.Minute))
		put(f, f.tables.routing, f.topology.Routing, mode.Mode, mode)
	}
}
