package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/test/smoke/fault"
)

// slow is what is told of a stop that takes longer.
const slow = 2 * time.Second

// armWithin bounds how long a worker that is to be armed may take to become ready before.
const armWithin = 5 * time.Second

// failpointWithin bounds how long an armed worker may take to come to its failpoint.
const failpointWithin = 30 * time.Second

// fencedWithin is the default of Fleet.FencedWithin.
const fencedWithin = 15 * time.Second

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
	case fault.Handler:
		return f.killHandler(ctx, what)
	case fault.Freeze:
		return f.freeze(ctx, what)
	case fault.Failpoint:
		return f.failpoint(ctx, what)
	case fault.Broker:
		if f.Broker.Restart == nil {
			return errors.New("this broker cannot be restarted")
		}
		f.brokerAway()
		err := f.Broker.Restart(ctx, what.Hard)
		f.brokerAway()
		if err != nil {
			return err
		}
		f.count(what.Kind)
		return nil
	default:
		return fmt.Errorf("unknown fault %v", what.Kind)
	}
}

func (f *Fleet) brokerAway() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.brokerAt = time.Now()
}

// calm is how long after the broker was away a stop tells nothing.
const calm = 10 * time.Second

// stop stops a worker gracefully and looks at what it leaves behind. One that was not ready yet may leave what its
// predecessor has left, and without a broker nobody can tidy up.
func (f *Fleet) stop(ctx context.Context, w *Worker) {
	ready := w.IsReady() == nil
	took := w.Stop()
	f.mu.Lock()
	ready = ready && took > 0 && time.Since(f.brokerAt) > calm+took
	if ready {
		f.stops = append(f.stops, took)
	}
	f.mu.Unlock()
	if took > slow {
		f.Report("%s took %v to stop; it was ready, and had a broker: %t", w.Name, took, ready)
	}
	if !ready || f.Stopped == nil || slices.Contains(f.Handlers, w) {
		return
	}
	if err := f.Stopped(ctx, w); err != nil {
		f.blame("%s: after its stop: %v", w.Name, err)
	}
}

func (f *Fleet) roll(ctx context.Context) error {
	for _, w := range f.all() {
		if !w.alive() { // frozen, or about to start anyway
			continue
		}
		f.stop(ctx, w)
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
		if i != what.Worker && w.alive() {
			f.stop(ctx, w)
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
	w := victim(f.Workers, what.Worker)
	if w == nil || !w.Kill() {
		return nil
	}
	f.count(fault.Kill)
	if what.Hold == 0 {
		return f.takeOver(w)
	}
	if err := pause(ctx, what.Hold); err != nil {
		return err
	}
	return w.Start()
}

func (f *Fleet) killHandler(ctx context.Context, what fault.Fault) error {
	w := victim(f.Handlers, what.Worker)
	if w == nil || !w.Kill() {
		return nil
	}
	f.count(fault.Handler)
	if err := pause(ctx, what.Hold); err != nil {
		return err
	}
	return w.Start()
}

// takeOver starts a worker that was killed just now.
func (f *Fleet) takeOver(w *Worker) error {
	t := Takeover{Slot: w.Slot, Killed: w.lastStrike(), Started: time.Now()}
	if err := w.Start(); err != nil {
		return err
	}
	for _, other := range f.Workers {
		if other != w && !other.alive() { // its open transactions hold up readers
			return nil
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.takeovers = append(f.takeovers, t)
	return nil
}

// victim is the worker of that number, or the next one that lives.
func victim(workers []*Worker, n int) *Worker {
	for i := range workers {
		if w := workers[(n+i)%len(workers)]; w.alive() {
			return w
		}
	}
	return nil
}

// freeze holds one worker at a time, since somebody has to take its partitions; other faults go on meanwhile.
func (f *Fleet) freeze(ctx context.Context, what fault.Fault) error {
	f.thaws.Wait()
	w := victim(f.Workers, what.Worker)
	if w == nil || !w.Freeze() {
		return nil
	}
	var twin *Worker
	if what.Replace {
		var err error
		if twin, err = f.Twin(w); err == nil {
			err = twin.Start()
		}
		if err != nil {
			return err
		}
		f.mu.Lock()
		f.twins = append(f.twins, twin)
		f.mu.Unlock()
	}
	ctx = context.WithoutCancel(ctx) // events may be all sent by then
	f.thaws.Go(func() {
		if pause(ctx, what.Hold) == nil {
			f.thaw(ctx, w, twin)
		}
	})
	return nil
}

// thaw lets a zombie go. One that was replaced must end; one that was not may join again if it had no transaction open.
func (f *Fleet) thaw(ctx context.Context, w, twin *Worker) {
	f.mu.Lock()
	f.wakes = append(f.wakes, time.Now())
	f.mu.Unlock()
	f.Report("%s goes on", w.Name)
	within := f.FencedWithin
	if within == 0 {
		within = fencedWithin
	}
	fenced := w.Wake(twin != nil, within, engine.ErrFenced.Error())
	f.count(fault.Freeze)
	if fenced {
		f.mu.Lock()
		f.fenced++
		f.mu.Unlock()
	}
	if twin == nil {
		return
	}
	if !fenced {
		f.blame("%s did not end by %q within %v after it was replaced", w.Name, engine.ErrFenced, within)
		w.Kill()
	}
	if f.Broker.Hard {
		f.stop(ctx, twin)
	} else {
		// kfake takes what a fenced producer sends as the begin of a transaction of its successor's, and only then
		// refuses it.
		twin.Stop()
	}
	if err := w.Start(); err != nil {
		f.blame("%v", err)
	}
}

func (f *Fleet) failpoint(ctx context.Context, what fault.Fault) error {
	w := victim(f.Workers, what.Worker)
	if w == nil {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, armWithin)
	_ = until(bounded, w.IsReady) // else it is stopped in the middle of its start
	cancel()
	f.stop(ctx, w)
	if err := w.startArmed(what.Point, what.Count); err != nil {
		return err
	}
	switch {
	case w.died(failpointWithin):
		f.mu.Lock()
		f.applied[fault.Failpoint]++
		f.points[what.Point]++
		f.mu.Unlock()
	case w.Kill():
		f.Report("%s did not come to its failpoint within %v; killed", w.Name, failpointWithin)
	default:
		return w.Start()
	}
	f.count(fault.Kill)
	return f.takeOver(w)
}
