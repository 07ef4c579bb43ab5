package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/test/smoke/fault"
)

// Fleet is all workers with their broker, and what has befallen them.
type Fleet struct {
	Workers []*Worker
	// Handlers are the processes that call handlers of tasks. They have no slot.
	Handlers []*Worker
	Broker   *Broker
	Report   func(format string, args ...any)
	// Twin makes another process of a worker's slot, which does not run yet.
	Twin func(of *Worker) (*Worker, error)
	// FencedWithin is how long a process that was frozen may take to find out that it has lost its slot. Defaults to 15
	// s.
	FencedWithin time.Duration
	// Stopped, if not nil, looks at what a worker that was stopped gracefully has left behind.
	Stopped func(ctx context.Context, w *Worker) error

	mu        sync.Mutex
	applied   map[fault.Kind]int
	points    map[string]int
	fenced    int
	wakes     []time.Time
	takeovers []Takeover
	wrong     []string
	stops     []time.Duration
	brokerAt  time.Time // when the broker was last away
	twins     []*Worker
	thaws     sync.WaitGroup
}

// Takeover is a kill that was followed by a start at once.
type Takeover struct {
	Slot int
	// Killed is when the process had ended, Started when the next one began.
	Killed, Started time.Time
	// Until is when the slot was struck next; zero if it was not.
	Until time.Time
}

// readyWithin bounds how long a worker may take to start.
const readyWithin = time.Minute

// Start starts all workers and returns when they are ready.
func (f *Fleet) Start(ctx context.Context) error {
	f.mu.Lock()
	if f.applied == nil {
		f.applied, f.points = map[fault.Kind]int{}, map[string]int{}
	}
	f.mu.Unlock()
	for _, w := range f.all() {
		if err := w.Start(); err != nil {
			return err
		}
	}
	return f.ready(ctx, f.all()...)
}

// all returns every process that is to be there.
func (f *Fleet) all() []*Worker { return slices.Concat(f.Workers, f.Handlers) }

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
	f.blame("%v", err)
	return nil
}

// blame notes what must not be.
func (f *Fleet) blame(format string, args ...any) {
	f.Report(format, args...)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wrong = append(f.wrong, fmt.Sprintf(format, args...))
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

// Struck returns how often workers killed themselves at a failpoint.
func (f *Fleet) Struck(point string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.points[point]
}

// Fenced returns how many frozen workers ended, when they went on, because they had lost their slot or their
// transaction.
func (f *Fleet) Fenced() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fenced
}

// Takeovers returns the kills that were followed by a start at once, without another worker frozen.
func (f *Fleet) Takeovers() []Takeover {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := append([]Takeover(nil), f.takeovers...)
	for i := range out {
		for _, w := range f.Workers {
			if w.Slot == out[i].Slot {
				out[i].Until = w.struckAfter(out[i].Started)
			}
		}
	}
	return out
}

// Wakes returns when frozen workers were let go.
func (f *Fleet) Wakes() []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]time.Time(nil), f.wakes...)
}

// Heal lets everybody go on, starts who is away, and returns when all are ready.
func (f *Fleet) Heal(ctx context.Context) error {
	f.thaws.Wait()
	return f.Start(ctx)
}

// Stop ends all workers. Frozen ones go on first.
func (f *Fleet) Stop() {
	var all sync.WaitGroup
	f.mu.Lock()
	workers := append(f.all(), f.twins...)
	f.mu.Unlock()
	for _, w := range workers {
		w.Thaw()
		all.Go(func() { w.Stop() })
	}
	all.Wait()
}

// Unasked returns how workers ended by themselves.
func (f *Fleet) Unasked() (out []string) {
	for _, w := range f.all() {
		w.mu.Lock()
		out = append(out, w.failures...)
		w.mu.Unlock()
	}
	return out
}

// Wrong returns what must not be: stops that were not graceful or left something behind, starts that took too long,
// zombies that went on.
func (f *Fleet) Wrong() []string {
	f.mu.Lock()
	out := append([]string(nil), f.wrong...)
	all := append(f.all(), f.twins...)
	f.mu.Unlock()
	for _, w := range all {
		w.mu.Lock()
		out = append(out, w.clumsy...)
		w.mu.Unlock()
	}
	return out
}

// Stops returns how long each graceful stop of a worker took that was ready, and had a broker.
func (f *Fleet) Stops() []time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]time.Duration(nil), f.stops...)
}

// Summary tells all that has struck.
func (f *Fleet) Summary() string {
	var parts []string
	for _, k := range fault.Kinds() {
		parts = append(parts, fmt.Sprintf("%v=%d", k, f.Applied(k)))
	}
	parts = append(parts, fmt.Sprintf("fenced=%d", f.Fenced()))
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
