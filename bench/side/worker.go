package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/bench/workload"
)

// job is what a worker process is to do.
type job struct {
	Side   string
	Stage  workload.Stage
	Codec  string
	Broker string
	Dir    string
	// Interval is the engine's commit interval; 0: its default.
	Interval time.Duration
	Names    workload.Names
	Warm     int64  // events before the measurement begins
	All      int64  // events with these; 0: until it is stopped
	Profile  string // file without its ending; empty: none
}

// report is what a worker says at its end.
type report struct {
	Events int64
	CPU    time.Duration // user and system
	Wall   time.Duration
}

// perEvent is CPU time in microseconds.
func (r report) perEvent() float64 { return r.CPU.Seconds() * 1e6 / float64(r.Events) }

// work is the worker process.
func work(ctx context.Context, spec string, out io.Writer) error {
	var j job
	if err := json.Unmarshal([]byte(spec), &j); err != nil {
		return err
	}
	r, err := j.do(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r)
}

// do runs the processor until the last event is handled, and stops it in good order.
func (j job) do(ctx context.Context) (report, error) {
	m := &meter{warm: max(1, j.Warm), all: j.All, profile: j.Profile, done: make(chan struct{})}
	if err := j.run(ctx, m); err != nil {
		return report{}, err
	}
	return m.report()
}

func (j job) run(ctx context.Context, m *meter) error {
	codecs, err := workload.Named(j.Codec)
	if err != nil {
		return err
	}
	side, err := newPeer(j)
	if err != nil {
		return err
	}
	graph, err := workload.Graph(j.Stage, j.Names, codecs, side.persist, m.called)
	if err != nil {
		return err
	}
	p, err := goka.NewProcessor([]string{j.Broker}, graph, side.options...)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		<-m.done
		stop()
	}()
	if err := p.Run(ctx); err != nil {
		return fmt.Errorf("%s: %w", j.Side, err)
	}
	return side.closer.Close()
}

// meter counts events and takes the time between two of them.
type meter struct {
	warm, all int64
	profile   string
	n         atomic.Int64
	from      instant
	err       error
	done      chan struct{}
}

// called counts an event.
func (m *meter) called() {
	switch m.n.Add(1) {
	case m.warm:
		m.from = now()
		m.startProfile()
	case m.all:
		close(m.done)
	}
}

func (m *meter) startProfile() {
	if m.profile == "" {
		return
	}
	f, err := os.Create(m.profile + ".cpu.pprof")
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	m.err = err
}

func (m *meter) endProfile() {
	if m.profile == "" {
		return
	}
	pprof.StopCPUProfile()
	f, err := os.Create(m.profile + ".allocs.pprof")
	if err == nil {
		err = errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
	}
	m.err = errors.Join(m.err, err)
}

func (m *meter) report() (report, error) {
	to := now()
	m.endProfile()
	if n := m.n.Load(); m.all > 0 && n != m.all {
		return report{}, fmt.Errorf("%d events were handled, not %d", n, m.all)
	}
	return report{Events: m.n.Load() - m.warm, CPU: to.cpu - m.from.cpu, Wall: to.wall.Sub(m.from.wall)}, m.err
}

type instant struct {
	wall time.Time
	cpu  time.Duration
}

func now() instant {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it cannot fail for this process
	return instant{time.Now(), time.Duration(u.Utime.Nano() + u.Stime.Nano())}
}
