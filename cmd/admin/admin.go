// Package admin is the admin port of a long-running process: metrics and probes. They are kept off the port that
// strangers reach, because metrics need no token and show what the business does.
package admin

import (
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/millrace/millrace/views/serve"
)

// Port is an admin port: /metrics, /livez and /readyz. It accepts connections from Listen on and answers from Serve on.
type Port struct {
	listener net.Listener
	http     *http.Server
	failed   chan error
}

// Listen takes the address, so that a process whose port is taken ends before it has done anything. Close gives it
// back.
func Listen(addr string) (*Port, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("admin port: %w (each process of a machine needs its own: http.admin or MILLRACE_HTTP_ADMIN)", err)
	}
	return &Port{listener: listener, failed: make(chan error, 1)}, nil
}

// Addr returns the address listened on.
func (p *Port) Addr() string { return p.listener.Addr().String() }

// Serve answers in the background: /metrics with what g gathers, /readyz by ready, and /livez with 200. Call it once.
func (p *Port) Serve(g prometheus.Gatherer, ready http.Handler) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(g, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("GET /readyz", ready)
	p.http = serve.NewHTTPServer(p.Addr(), mux)
	go func() {
		if err := p.http.Serve(p.listener); !errors.Is(err, http.ErrServerClosed) {
			p.failed <- fmt.Errorf("admin port: %w", err)
		}
	}()
}

// Failed yields what ended the port, if anything but Close did.
func (p *Port) Failed() <-chan error { return p.failed }

// Close ends the port at once.
func (p *Port) Close() error {
	if p.http == nil {
		return p.listener.Close()
	}
	return p.http.Close()
}

// Ready answers 200 while isReady, and 503 with Retry-After otherwise.
func Ready(isReady func() bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !isReady() {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
}
