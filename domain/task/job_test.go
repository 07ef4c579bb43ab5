package task_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
)

// every is a schedule that fires at each multiple of a duration.
type every time.Duration

func (e every) Next(t instant.Milli) instant.Milli {
	step := instant.Milli(time.Duration(e).Milliseconds())
	return (t/step + 1) * step
}

// minutes reads a number of minutes.
func minutes(s task.Spec) (task.Schedule, error) {
	n, err := strconv.Atoi(s.Cron)
	if err != nil {
		return nil, errors.New("cron: write a number of minutes")
	}
	return every(time.Duration(n) * time.Minute), nil
}

func newJob(t *testing.T) *world {
	w := newWorld(t, task.JobKey("sweep", "status"), plain("sweep"))
	w.policy.Parse = minutes
	return w
}

func (w *world) declare(cron string) {
	w.t.Helper()
	plan := task.Plan{Name: "status", Spec: task.Spec{Cron: cron, Zone: "UTC"}}
	w.command(task.Command{ID: w.now.String() + cron, Op: task.OpDeclare, Kind: "sweep", Plan: plan})
}

// fires returns the minutes after noon of the first runs of all tasks.
func (w *world) fires() (at []int) {
	seen := map[string]bool{}
	for _, r := range w.runs {
		if !seen[r.Task.ID] {
			seen[r.Task.ID] = true
			at = append(at, int(r.Task.At.Sub(noon)/time.Minute))
		}
	}
	return at
}

func (w *world) expectFires(want ...int) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.fires()); diff != "" {
		w.t.Fatalf("fires: %s", diff)
	}
}

// work advances by d, a minute at a time, and answers every run.
func (w *world) workFor(d time.Duration) {
	for end := w.now.Add(d); w.now < end; {
		w.advance(time.Minute)
		if h := w.queue.Head; h != nil && h.State == task.Running {
			w.answer(w.last(), ok)
		}
	}
}

func TestSchedulesFire(t *testing.T) {
	w := newJob(t)
	w.declare("10")
	w.declare("10") // each process declares it when it starts
	w.workFor(25 * time.Minute)
	w.declare("10")
	w.workFor(5 * time.Minute)
	w.expectFires(10, 20, 30)
	w.declare("7")
	if j := w.queue.Job; j.Fired != noon.Add(30*time.Minute) || j.Next != noon.Add(35*time.Minute) {
		t.Errorf("%+v", j)
	}
}

// Whatever was missed while nothing ran is one fire, and the next one comes at its time.
func TestAMissedFireRunsOnce(t *testing.T) {
	w := newJob(t)
	w.declare("10")
	w.now = w.now.Add(95 * time.Minute) // nobody is there
	w.declare("10")                     // a process starts
	w.expectFires(10)
	w.answer(w.last(), ok)
	w.workFor(10 * time.Minute)
	w.expectFires(10, 100)
}

// While workers are away fires do not pile up: at most one runs, and one waits.
func TestFiresDoNotPileUp(t *testing.T) {
	w := newJob(t)
	w.declare("1")
	w.policy.Paused = func(string) bool { return true }
	w.advance(30 * time.Minute)
	if w.queue.Depth() != 1 {
		t.Fatalf("%d tasks wait", w.queue.Depth())
	}
	w.policy.Paused = nil
	w.workFor(2 * time.Minute)
	w.expectFires(1, 32) // at 31 the first one still waited
	w.advance(4*time.Minute + time.Second)
	w.expectFires(1, 32, 33)
	if w.queue.Depth() != 2 { // of 34 to 36, while that of 33 does not succeed
		t.Fatalf("%d tasks", w.queue.Depth())
	}
}

// A schedule that is edited, withdrawn or comes back neither doubles nor vanishes.
func TestSchedulesThatChange(t *testing.T) {
	w := newJob(t)
	w.declare("10")
	w.workFor(5 * time.Minute)
	w.declare("3") // before its first fire
	w.workFor(2 * time.Minute)
	w.expectFires(6)
	w.declare("6") // fired at 6 by the old one
	w.workFor(5 * time.Minute)
	w.expectFires(6, 12)
	w.now = w.now.Add(7 * time.Minute) // 12 + 7 = 19: 18 was missed, and then the schedule changes
	w.declare("5")
	w.expectFires(6, 12, 18)
	w.answer(w.last(), ok)
	w.workFor(time.Minute)
	w.expectFires(6, 12, 18, 20)
	w.command(task.Command{ID: "away", Op: task.OpRetire})
	w.workFor(20 * time.Minute)
	w.expectFires(6, 12, 18, 20)
	w.declare("5") // back at 40: what fell into its absence stays away
	w.workFor(5 * time.Minute)
	w.expectFires(6, 12, 18, 20, 45)
	w.command(task.Command{ID: "away again", Op: task.OpRetire})
	w.declare("15") // at once: 45 was fired
	w.workFor(15 * time.Minute)
	w.expectFires(6, 12, 18, 20, 45, 60)
	ids := slices.Sorted(slices.Values(w.ids()))
	if n := len(slices.Compact(slices.Clone(ids))); n != len(ids) {
		t.Errorf("%d of %d ids differ", n, len(ids))
	}
}

// A clock that went back with a new process fires nothing twice.
func TestAClockThatGoesBack(t *testing.T) {
	w := newJob(t)
	w.declare("10")
	w.workFor(10 * time.Minute)
	w.now = w.now.Add(-5 * time.Minute)
	w.declare("5")
	w.workFor(10 * time.Minute)
	w.expectFires(10, 15)
}

// Exhausted, then succeeded: the next failure starts at the base delay again.
func TestAttemptsStartAnewWithEachFire(t *testing.T) {
	w := newJob(t)
	w.declare("10")
	failOnce := func() time.Duration {
		at := w.now
		w.answer(w.last(), failed)
		return w.queue.Head.Until.Sub(at)
	}
	w.advance(10 * time.Minute)
	first := w.last().Task.ID
	for len(w.letters) == 0 {
		if w.queue.Head.State == task.Running {
			w.answer(w.last(), failed)
		}
		w.advance(time.Second)
	}
	if w.letters[0].Entry.Task.ID != first {
		t.Fatalf("%+v", w.letters)
	}
	succeeded := func() bool {
		return slices.ContainsFunc(w.ids(), func(id string) bool { return slices.Equal(w.final[id], []task.State{task.Succeeded}) })
	}
	for !succeeded() {
		w.workFor(time.Minute)
	}
	for n := len(w.runs); len(w.runs) == n; {
		w.advance(time.Second)
	}
	if d := failOnce(); d != time.Second {
		t.Errorf("the first delay is %s", d)
	}
}

func TestSchedulesAreRefused(t *testing.T) {
	w := newJob(t)
	for want, c := range map[string]task.Command{
		"cron: write a number of minutes": {Op: task.OpDeclare, Kind: "sweep", Plan: task.Plan{Name: "status", Spec: task.Spec{Cron: "x", Zone: "UTC"}}},
		"key: write schedule:KIND/NAME":   {Op: task.OpDeclare, Kind: "sweep", Plan: task.Plan{Name: "other", Spec: task.Spec{Cron: "1", Zone: "UTC"}}},
		"unchanged":                       {Op: task.OpRetire},
	} {
		c.TaskID = want
		if got := w.result(c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if w.queue.Job != nil {
		t.Errorf("%+v", w.queue.Job)
	}
}
