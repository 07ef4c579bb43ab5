package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/test/smoke/fault"
)

// Fleet is all workers with their broker, and what has befallen them.
type Fleet struct {
	Workers []*Worker
	Broker  *Broker
	Report  func(format string, args ...any)

	mu      sync.Mutex
	applied map[fault.Kind]int
	wakes   []time.Time
	unready []string
	thaws   sync.WaitGroup
}

// readyWithin bounds how long a worker may take to start.
const readyWithin = time.Minute

// failpointWithin bounds how long an armed worker may take to come to its failpoint.
const failpointWithin = 30 * time.Second

// Start starts all workers and returns when they are ready.
func (f *Fleet) Start(ctx context.Context) error {
	f.mu.Lock()
	if f.applied == nil {
		f.applied = map[fault.Kind]int{}
	}
	f.mu.Unlock()
	for _, w := range f.Workers {
		if err := w.Start(); err != nil {
			return err
		}
	}
	return f.ready(ctx, f.Workers...)
}

func (f *Fleet) ready(ctx context.Context, workers ...*Worker) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyWithin, fmt.Errorf("not ready within %v", readyWithin))
	defer cancel()
	for _, w := range workers {
		if err := until(ctx, w.IsReady); err != nil {
			return fmt.Errorf("%s: %w; its log ends with\n%s", w.Name, err, tail(w.command.Dir+".log", 5))
		}
	}
	return nil
}

// settle waits for workers in the middle of a run, which goes on also if they are not ready in time.
func (f *Fleet) settle(ctx context.Context, workers ...*Worker) error {
	err := f.ready(ctx, workers...)
	if err == nil || ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f.Report("%v", err)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unready = append(f.unready, err.Error())
	return nil
}

// Apply brings a fault about. A fault that finds no worker to strike is not counted. An error ends the run.
func (f *Fleet) Apply(ctx context.Context, what fault.Fault) error {
	f.Report("%v", what)
	switch what.Kind {
	case fault.Roll:
		return f.roll(ctx)
	case fault.Scale:
		return f.scale(ctx, what)
	case fault.Kill:
		return f.kill(ctx, what)
	case fault.Freeze:
		f.freeze(what)
		return nil
	case fault.Failpoint:
		return f.failpoint(what)
	case fault.Broker:
		if f.Broker.Restart == nil {
			return errors.New("this broker cannot be restarted")
		}
		if err := f.Broker.Restart(ctx); err != nil {
			return err
		}
		f.count(what.Kind)
		return nil
	default:
		return fmt.Errorf("unknown fault %v", what.Kind)
	}
}

func (f *Fleet) count(k fault.Kind) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.applied[k]++
}

// Applied returns how many faults of a kind have struck. A kill is one whoever did it.
func (f *Fleet) Applied(k fault.Kind) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.applied[k]
}

// Wakes returns when frozen workers were let go.
func (f *Fleet) Wakes() []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]time.Time(nil), f.wakes...)
}

func (f *Fleet) roll(ctx context.Context) error {
	for _, w := range f.Workers {
		if !w.Alive() { // frozen, or about to start anyway
			continue
		}
		w.Stop()
		if err := w.Start(); err != nil {
			return err
		}
		if err := f.settle(ctx, w); err != nil {
			return err
		}
	}
	f.count(fault.Roll)
	return nil
}

func (f *Fleet) scale(ctx context.Context, what fault.Fault) error {
	var away []*Worker
	for i, w := range f.Workers {
		if i != what.Worker && w.Alive() {
			w.Stop()
			away = append(away, w)
		}
	}
	if err := pause(ctx, what.Hold); err != nil {
		return err
	}
	for _, w := range away {
		if err := w.Start(); err != nil {
			return err
		}
	}
	if len(away) > 0 {
		f.count(fault.Scale)
	}
	return f.settle(ctx, away...)
}

func (f *Fleet) kill(ctx context.Context, what fault.Fault) error {
	w := f.victim(what.Worker)
	if w == nil || !w.Kill() {
		return nil
	}
	f.count(fault.Kill)
	if err := pause(ctx, what.Hold); err != nil {
		return err
	}
	return w.Start()
}

// victim is the worker of that number, or the next one that lives.
func (f *Fleet) victim(n int) *Worker {
	for i := range f.Workers {
		if w := f.Workers[(n+i)%len(f.Workers)]; w.Alive() {
			return w
		}
	}
	return nil
}

// freeze holds one worker at a time, since somebody has to take its partitions; other faults go on meanwhile.
func (f *Fleet) freeze(what fault.Fault) {
	f.thaws.Wait()
	w := f.victim(what.Worker)
	if w == nil || !w.Freeze() {
		return
	}
	f.thaws.Add(1)
	go func() {
		defer f.thaws.Done()
		time.Sleep(what.Hold)
		f.mu.Lock()
		f.wakes = append(f.wakes, time.Now())
		f.mu.Unlock()
		if w.Thaw() {
			f.count(fault.Freeze)
			f.Report("%s goes on after %v", w.Name, what.Hold)
		}
	}()
}

func (f *Fleet) failpoint(what fault.Fault) error {
	w := f.victim(what.Worker)
	if w == nil {
		return nil
	}
	w.Stop()
	if err := w.StartArmed(what.Point, what.Count); err != nil {
		return err
	}
	if w.Died(failpointWithin) {
		f.count(fault.Failpoint)
		f.count(fault.Kill)
	} else {
		f.Report("%s did not come to its failpoint within %v", w.Name, failpointWithin)
		w.Stop()
	}
	return w.Start()
}

// Heal lets everybody go on, starts who is away, and returns when all are ready.
func (f *Fleet) Heal(ctx context.Context) error {
	f.thaws.Wait()
	return f.Start(ctx)
}

// Stop ends all workers. Frozen ones go on first.
func (f *Fleet) Stop() {
	var all sync.WaitGroup
	for _, w := range f.Workers {
		w.Thaw()
		all.Go(w.Stop)
	}
	all.Wait()
}

// Unasked returns how workers ended by themselves.
func (f *Fleet) Unasked() (out []string) {
	for _, w := range f.Workers {
		w.mu.Lock()
		out = append(out, w.failures...)
		w.mu.Unlock()
	}
	return out
}

// Clumsy returns which stops were not graceful, and which starts took too long.
func (f *Fleet) Clumsy() []string {
	f.mu.Lock()
	out := append([]string(nil), f.unready...)
	f.mu.Unlock()
	for _, w := range f.Workers {
		w.mu.Lock()
		out = append(out, w.clumsy...)
		w.mu.Unlock()
	}
	return out
}

// Slowest returns how long the slowest stop took.
func (f *Fleet) Slowest() (d time.Duration) {
	for _, w := range f.Workers {
		w.mu.Lock()
		d = max(d, w.slowest)
		w.mu.Unlock()
	}
	return d
}

// Summary tells all that has struck.
func (f *Fleet) Summary() string {
	var parts []string
	for _, k := range fault.Kinds() {
		parts = append(parts, fmt.Sprintf("%v=%d", k, f.Applied(k)))
	}
	return strings.Join(parts, " ")
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
