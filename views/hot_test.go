package views

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/views/token"
)

// BenchmarkHotReads asks a server over loopback at 2,000 requests a second, whether or not it keeps up: half for the list of a mode
// with 20 instruments, half for one instrument with its gateways and the closed windows of 30 minutes. Latency counts from when a
// request was due, not from when it was sent.
func BenchmarkHotReads(b *testing.B) {
	const rate, clients = 2000, 64
	f := newFixture(b)
	f.putModes(6, 20)
	f.now = start.Add(31 * time.Minute)
	s := httptest.NewServer(f.handler)
	defer s.Close()
	bearer := f.token("a", token.Health)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	ask := func(i int) error {
		target := fmt.Sprintf("%s/v1/health?mode=mode%d", s.URL, i%6)
		if i%2 == 1 {
			target = fmt.Sprintf("%s/v1/health/mode%d/bank%d", s.URL, i%6, i%20)
		}
		return read(b, client, target, bearer)
	}
	steady(b, rate, clients, ask)
}

// read asks for a page and reads it to its end.
func read(b *testing.B, client *http.Client, target, bearer string) error {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, target, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %d, %w", target, resp.StatusCode, err)
	}
	return nil
}

// steady asks at a rate, whether or not the server keeps up, and reports latencies from when each request was due.
func steady(b *testing.B, rate time.Duration, clients int, ask func(i int) error) {
	b.Helper()
	due := make(chan int, b.N)
	took := make([]time.Duration, b.N)
	begin := time.Now()
	at := func(i int) time.Time { return begin.Add(time.Duration(i) * time.Second / rate) }
	var work sync.WaitGroup
	for range clients {
		work.Go(func() {
			for i := range due {
				if err := ask(i); err != nil {
					b.Error(err)
				}
				took[i] = time.Since(at(i))
			}
		})
	}
	b.ResetTimer()
	begin = time.Now()
	for i := range b.N {
		<-time.After(time.Until(at(i)))
		due <- i
	}
	close(due)
	work.Wait()
	b.StopTimer()
	slices.Sort(took)
	for name, of := range map[string]int{"p50-ms": 50, "p99-ms": 99} {
		b.ReportMetric(float64(took[(len(took)-1)*of/100].Microseconds())/1000, name)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
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
						closed, _ := health.Take(s, nil, e.To)
						put(f, f.tables.health, f.topology.Health, e.To.Key(), closed)
					case health.Scored:
						mode, _ = mode.Take(s, e.Score, 0)
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
			series, effects = health.Settle(s, series, at(31*time.Minute))
			take(effects)
			put(f, f.tables.health, f.topology.Health, path.Key(), series)
		}
		mode, _ = mode.Settle(s, at(31*time.Minute))
		put(f, f.tables.routing, f.topology.Routing, mode.Mode, mode)
	}
}
