package fleet

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/cmd/config"
)

// Command says how to start a process.
type Command struct {
	Path string
	Args []string
	// Env is added to our own environment.
	Env []string
	// Dir is its working directory, kept over restarts; its log is Dir + ".log".
	Dir string
	// Ready answers 200 once the process is ready.
	Ready string
}

// Worker is a process that is there until it is stopped: when it ends by itself it is started again.
type Worker struct {
	Name string
	// Slot is what the processes that follow one another have in common.
	Slot     int
	command  Command
	patience time.Duration
	report   func(format string, args ...any)

	mu       sync.Mutex
	now      *process
	wanted   bool        // it shall run
	armed    bool        // it will kill itself
	frozen   bool        // or about to show whether it was fenced
	failures []string    // how it ended without being asked to
	strikes  []time.Time // when it was stopped, or killed
	clumsy   []string    // stops that were not graceful
}

// NewWorker returns a worker that does not run yet. It may take patience to stop; report tells of what it does by
// itself.
func NewWorker(name string, slot int, c Command, patience time.Duration, report func(string, ...any)) *Worker {
	return &Worker{Name: name, Slot: slot, command: c, patience: patience, report: report}
}

// Start starts it; it is no error if it runs.
func (w *Worker) Start() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wanted, w.armed = true, false
	return w.start()
}

// startArmed starts it so that it kills itself where it comes to point for the count-th time. It must not run.
func (w *Worker) startArmed(point string, count int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wanted, w.armed = true, true
	return w.start(fmt.Sprintf("%s=%s:%d", config.Failpoint, point, count))
}

// start is called with the lock held.
func (w *Worker) start(env ...string) error {
	if w.now != nil && w.now.alive() {
		return nil
	}
	if err := os.MkdirAll(w.command.Dir, 0o755); err != nil {
		return err
	}
	cmd := exec.Command(w.command.Path, w.command.Args...)
	cmd.Dir, cmd.Env = w.command.Dir, append(append(inherited(), w.command.Env...), env...)
	p, err := launch(cmd, w.command.Dir+".log")
	if err != nil {
		return fmt.Errorf("%s: %w", w.Name, err)
	}
	w.now = p
	go w.watch(p)
	return nil
}

// inherited is our environment but for what configures the run and not the program.
func inherited() []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "MILLRACE_") {
			env = append(env, e)
		}
	}
	return env
}

// maxFailures bounds how often a worker that ends by itself is started again.
const maxFailures = 1000

// A worker that ended by itself is started again after restartAfter, one that had barely begun after restartLater.
const restartAfter, restartLater, barely = 500 * time.Millisecond, 2 * time.Second, 2 * time.Second

// watch starts the worker again if it ends without being asked to.
func (w *Worker) watch(p *process) {
	<-p.done
	w.mu.Lock()
	again := w.wanted && !w.armed && w.now == p && len(w.failures) < maxFailures
	if again {
		w.failures = append(w.failures, fmt.Sprintf("%s ended by itself: %v", w.Name, p.err))
		w.report("%s ended by itself: %v; its log ends with\n%s", w.Name, p.err, tail(w.command.Dir+".log", 5))
	}
	wait := restartAfter
	if p.ended.Sub(p.began) < barely { // it would only keep others from what it waits for
		wait = restartLater
	}
	w.mu.Unlock()
	if !again {
		return
	}
	time.Sleep(wait)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wanted && w.now == p {
		if err := w.start(); err != nil {
			w.report("%v", err)
		}
	}
}

func tail(file string, lines int) string {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(raw), "\n"), "\n")
	return strings.Join(all[max(len(all)-lines, 0):], "\n")
}

// alive tells whether it runs and is not frozen.
func (w *Worker) alive() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wanted && w.now != nil && w.now.alive() && !w.frozen
}

// Stop ends it gracefully, and returns how long it took. One that does not run stays so.
func (w *Worker) Stop() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wanted = false
	if w.now == nil || !w.now.alive() {
		return 0
	}
	w.strikes = append(w.strikes, time.Now())
	took, err := w.now.stop(w.patience)
	if err != nil {
		w.clumsy = append(w.clumsy, fmt.Sprintf("%s: %v", w.Name, err))
		w.report("%s: %v; its log ends with\n%s", w.Name, err, tail(w.command.Dir+".log", 5))
	}
	return took
}

// Kill ends it by SIGKILL. It returns false if it did not run.
func (w *Worker) Kill() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wanted = false
	w.strikes = append(w.strikes, time.Now())
	return w.now != nil && w.now.alive() && w.now.kill()
}

// Freeze holds it; Thaw lets it go on. Freeze returns false if it does not run.
func (w *Worker) Freeze() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.now == nil || !w.now.alive() || suspend(w.now.cmd.Process) != nil {
		return false
	}
	w.frozen = true
	return true
}

// Thaw lets a frozen process go on. It returns false if it was not frozen.
func (w *Worker) Thaw() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.frozen {
		return false
	}
	w.frozen = false
	return resume(w.now.cmd.Process) == nil
}

// Wake lets a frozen process go on, and tells whether it ended by itself within patience, with last among its last
// words. It is not struck meanwhile, and not started again if it is replaced.
func (w *Worker) Wake(replaced bool, patience time.Duration, last string) (ended bool) {
	w.mu.Lock()
	p := w.now
	w.wanted = w.wanted && !replaced
	ok := w.frozen && resume(p.cmd.Process) == nil
	w.mu.Unlock()
	if !ok {
		return false
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.done:
		ended = strings.Contains(tail(w.command.Dir+".log", lastWords), last)
	case <-timer.C:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frozen = false
	return ended
}

// lastWords is how many lines a process may end with.
const lastWords = 50

// died waits until the armed process has killed itself, and tells whether it has.
func (w *Worker) died(patience time.Duration) bool {
	w.mu.Lock()
	p := w.now
	w.mu.Unlock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.done:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.strikes = append(w.strikes, p.ended)
		return p.killed()
	case <-timer.C:
		return false
	}
}

// lastStrike returns when it was last stopped or killed.
func (w *Worker) lastStrike() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.strikes[len(w.strikes)-1]
}

// IsReady returns why the worker is not ready, or nil.
func (w *Worker) IsReady() error {
	client := http.Client{Timeout: 2 * time.Second}
	resp, err := client.Get(w.command.Ready)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // so that the connection can be used again
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", w.Name, resp.Status)
	}
	return nil
}

// struckAfter returns when it was first stopped or killed after t; zero if it was not.
func (w *Worker) struckAfter(t time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.strikes {
		if s.After(t) {
			return s
		}
	}
	return time.Time{}
}
