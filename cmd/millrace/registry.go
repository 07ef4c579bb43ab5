package main

import (
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// newRegistry returns a registry with what every process shows, whatever it does: what it was made of, the Go runtime,
// the process.
func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	info, _ := debug.ReadBuildInfo()
	r.MustRegister(buildInfo(buildOf(info)), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// buildInfo is always 1: what counts are its labels, which join other series by instance.
func buildInfo(b build) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "millrace_build_info", Help: "1, with the version, commit and Go version of this process as `millrace version` prints them.",
		ConstLabels: prometheus.Labels{"version": b.Version, "commit": b.Commit, "goversion": b.Go},
	})
	g.Set(1)
	return g
}
