// Package steadytest sends requests to a server over loopback at a steady rate, for benchmarks of latency.
package steadytest

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// Clients is how many requests are in hand at once, at most.
const Clients = 64

// Client returns an HTTP client that keeps its connections.
func Client() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: Clients}}
}

// Read asks for a page and reads it to its end. Anything but 200 is an error.
func Read(b *testing.B, client *http.Client, target, bearer string) error {
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

// Ask asks b.N times, so many times a second whether or not the server keeps up. It reports latencies from when each
// request was due, not from when it was sent, and the cycles that the collector made meanwhile: beside its own one
// every second, since a process that holds much would meet none while a benchmark runs.
func Ask(b *testing.B, rate time.Duration, ask func(i int) error) {
	b.Helper()
	due := make(chan int, b.N)
	took := make([]time.Duration, b.N)
	begin := time.Now()
	at := func(i int) time.Time { return begin.Add(time.Duration(i) * time.Second / rate) }
	var work sync.WaitGroup
	for range Clients {
		work.Go(func() {
			for i := range due {
				if err := ask(i); err != nil {
					b.Error(err)
				}
				took[i] = time.Since(at(i))
			}
		})
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	defer func() { close(stop); <-stopped }()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	go func() { defer close(stopped); collect(stop) }()
	begin = time.Now()
	for i := range b.N {
		<-time.After(time.Until(at(i)))
		due <- i
	}
	close(due)
	work.Wait()
	b.StopTimer()
	runtime.ReadMemStats(&after)
	slices.Sort(took)
	for name, of := range map[string]int{"p50-ms": 500, "p99-ms": 990, "p99.9-ms": 999} {
		b.ReportMetric(float64(took[(len(took)-1)*of/1000].Microseconds())/1000, name)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(after.NumGC-before.NumGC), "collections")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N)/1024, "KiB/request")
}

// collect starts a cycle of the collector every second.
func collect(stop <-chan struct{}) {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		select {
		case <-every.C:
			runtime.GC()
		case <-stop:
			return
		}
	}
}
