// Command watch runs Millrace and its monitoring as they are deployed, and proves that the alarms work: the processes
// are those of compose.yaml with its commands, variables, health checks and volumes, and Debian's Prometheus has the
// configuration, rules and alerts of deploy/prometheus. Only what a container has for itself is mapped to this machine,
// the broker is the embedded one, and times are shortened (rules.go says which).
//
// It fails unless every target is up, no alert fires while nothing is wrong, every alert fires by a fault that is
// really caused (faults.go: an alert without one is an error), every metric that a rule names was there, and every
// panel of every dashboard of deploy/grafana shows something.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/millrace/millrace/test/smoke/fleet"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == fleet.BrokerCommand { // we were started by ourselves
		if err := fleet.ServeBroker(os.Args[2], os.Args[3], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return
	}
	keep := flag.Bool("keep", false, "keep the folder with logs, configuration and data of Prometheus")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	logger := log.New(os.Stderr, "watch: ", log.Ltime)
	dir, err := os.MkdirTemp("", "millrace-watch-")
	if err == nil {
		err = watch(ctx, dir, logger)
	}
	stop()
	if err != nil {
		logger.Printf("failed; logs are in %s\n%v", dir, err)
		os.Exit(1)
	}
	if !*keep {
		if err := os.RemoveAll(dir); err != nil {
			logger.Print(err)
		}
	}
}

func watch(ctx context.Context, dir string, logger *log.Logger) (err error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("go env GOMOD: %w", err)
	}
	d, err := newDeployment(filepath.Dir(strings.TrimSpace(string(out))), dir, logger)
	if err != nil {
		return err
	}
	logger.Print("building as deploy/Dockerfile does")
	if err := d.build(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	logger.Print("starting the services of compose.yaml")
	if err := d.start(ctx); err != nil {
		return err
	}
	p, err := startPrometheus(ctx, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	w := &watcher{deployment: d, prometheus: p, seen: map[string][]alert{}, fired: map[string]bool{},
		faulty: map[string]bool{}}
	if err := uncovered(p.alerts(), faults()); err != nil {
		return err
	}
	if err := w.targets(ctx); err != nil {
		return err
	}
	defer func() { w.callers.stop() }()
	if err := w.faults(ctx); err != nil {
		return err
	}
	if err := errors.Join(w.targets(ctx), p.rulesAnswer(ctx)); err != nil {
		return err
	}
	n, err := panelsAnswer(ctx, p, filepath.Join(d.repository, "deploy", "grafana", "dashboards"))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.Stdout, "targets=%d alerts=%d fired=%d expressions_of_panels=%d\n", p.want, len(p.alerts()),
		len(w.fired), n)
	return err
}

// targets waits until every target is up.
func (w *watcher) targets(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return until(ctx, func() error { return w.prometheus.targetsUp(ctx) })
}

// until calls ready every so often until it returns nil, and then returns nil; the last error once the context ends.
func until(ctx context.Context, ready func() error) error {
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	last := errors.New("not tried")
	for {
		err := ready()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil { // err is of the end, not of what was waited for
			return fmt.Errorf("%w: %w", context.Cause(ctx), last)
		}
		last = err
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), last)
		case <-ticker.C:
		}
	}
}

func status(ctx context.Context, url string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
