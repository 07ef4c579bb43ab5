package worker_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/worker"
)

func TestEachOutcomeIsAnswered(t *testing.T) {
	w := newWorld(t)
	w.send(w.run("tell", "a"), w.run("other", "foreign"), w.run("tell", "b"), w.run("tell", "c"), w.run("tell", "d"),
		w.run("tell", "e"), w.run("tell", "f"), w.run("tell", "g")) // before the first worker: none is missed
	start(t, w.config(micro("tell", func(_ context.Context, r *task.Run) worker.Result {
		switch r.Task.ID {
		case "a":
			return worker.OK([]byte(`{"x":1}`))
		case "b":
			return worker.Fail("down", errors.New("it is away"))
		case "c":
			return worker.Snooze(time.Minute)
		case "d":
			panic("a bug")
		case "e":
			return worker.Result{}
		case "f":
			return worker.OK(make([]byte, task.MaxOutput+1))
		default:
			return worker.OK([]byte("no json"))
		}
	})))
	want := "a=ok/ b=fail/down c=snooze/ d=fail/panic e=fail/no_result f=fail/output_too_large g=fail/invalid_output"
	if got := w.ended(7); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAnswersNameTheRun(t *testing.T) {
	w := newWorld(t)
	start(t, w.config(micro("tell", func(context.Context, *task.Run) worker.Result { return worker.OK([]byte(`{"x":1}`)) })))
	r := w.run("tell", "a")
	r.Number = 7
	w.send(r)
	if a := w.next(false); a.TaskID != "a" || a.Kind != "tell" || a.Run != 7 || string(a.Output) != `{"x":1}` {
		t.Errorf("%+v", a)
	}
}

func TestRunsWhoseTimeIsOverAreDropped(t *testing.T) {
	w := newWorld(t)
	now := instant.Of(time.Now())
	old, past, good := w.run("tell", "old"), w.run("tell", "past"), w.run("tell", "good")
	old.At, old.Until = now.Add(-task.Unclaimed), 0
	past.Until = now.Add(-time.Millisecond)
	w.sendRaw("bad", []byte("no run at all"))
	w.send(old, past, good)
	var called atomic.Int64
	start(t, w.config(micro("tell", func(context.Context, *task.Run) worker.Result {
		called.Add(1)
		return worker.OK(nil)
	})))
	if got := w.ended(1); got != "good=ok/" || called.Load() != 1 {
		t.Errorf("%s, %d calls", got, called.Load())
	}
}

// A worker that is killed before it claimed a run has done nothing: another gets it at once, and claims it first, since
// the run may be what killed the worker.
func TestRunOfAKilledWorkerIsTakenOver(t *testing.T) {
	w := newWorldOf(t, 1) // both workers read it
	nets, began, never := make([]network, 2), make(chan int, 2), make(chan struct{})
	defer close(never)
	var taken atomic.Bool
	for i := range nets {
		c := w.config(micro("tell", func(context.Context, *task.Run) worker.Result {
			if taken.CompareAndSwap(false, true) {
				began <- i
				<-never
			}
			return worker.OK(nil)
		}))
		c.Client.Dial, c.ClaimAfter, c.Drain = nets[i].dial, time.Hour, time.Millisecond
		start(t, c)
	}
	w.send(w.run("tell", "a"))
	nets[await(t, began)].kill()
	if a := w.next(true); a.TaskID != "a" || a.Outcome != task.Working {
		t.Errorf("the run that came again was not claimed at once: %+v", a)
	}
	if got := w.ended(1); got != "a=ok/" {
		t.Error(got)
	}
}

// A slow run is claimed, and kept alive by heartbeats.
func TestSlowRunsAreClaimedAndKeptAlive(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	k := micro("tell", func(context.Context, *task.Run) worker.Result {
		<-release
		return worker.OK(nil)
	})
	k.Policy.Timeout, k.Longest = 150*time.Millisecond, time.Minute
	c := w.config(k)
	c.ClaimAfter = time.Millisecond
	start(t, c)
	w.send(w.run("tell", "a"))
	for range 4 {
		if a := w.next(true); a.Outcome != task.Working {
			t.Fatalf("%+v", a)
		}
	}
	close(release)
	if got := w.ended(1); got != "a=ok/" {
		t.Error(got)
	}
}

func TestHandlerThatTakesTooLongHasFailed(t *testing.T) {
	w := newWorld(t)
	k := micro("tell", func(ctx context.Context, r *task.Run) worker.Result {
		<-ctx.Done()
		if r.Task.ID == "b" {
			<-t.Context().Done() // it does not look at its context
		}
		return worker.Fail("gave_up", ctx.Err())
	})
	k.Policy.Timeout = 20 * time.Millisecond
	start(t, w.config(k))
	w.send(w.run("tell", "a"), w.run("tell", "b"))
	if got := w.ended(2); got != "a=fail/gave_up b=fail/timeout" {
		t.Error(got)
	}
}

func TestSlowKindDelaysNoOther(t *testing.T) {
	w := newWorld(t)
	began, release := make(chan struct{}, 10), make(chan struct{})
	slow := micro("slow", func(context.Context, *task.Run) worker.Result {
		began <- struct{}{}
		<-release
		return worker.OK(nil)
	})
	slow.Concurrency = 1
	start(t, w.config(slow, micro("quick", func(context.Context, *task.Run) worker.Result { return worker.OK(nil) })))
	w.send(w.run("slow", "s1"), w.run("slow", "s2"))
	await(t, began)
	w.send(w.run("quick", "q1"), w.run("quick", "q2"))
	if got := w.ended(2); got != "q1=ok/ q2=ok/" {
		t.Error(got)
	}
	close(release)
	if got := w.ended(2); got != "s1=ok/ s2=ok/" {
		t.Error(got)
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	w := newWorld(t)
	var now, most atomic.Int64
	k := micro("tell", func(context.Context, *task.Run) worker.Result {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		defer now.Add(-1)
		return worker.OK(nil)
	})
	k.Concurrency = 3
	const n = 100
	for i := range n {
		w.send(w.run("tell", fmt.Sprint(i)))
	}
	start(t, w.config(k))
	if got := w.ended(n); strings.Count(got, "=ok/") != n || most.Load() > 3 {
		t.Errorf("%d calls at once; %s", most.Load(), got)
	}
}

// At the end of its context a worker takes no more and finishes what it has; what is not finished in time another
// worker may have at once, without an attempt spent.
func TestDrain(t *testing.T) {
	w := newWorld(t)
	began, release := make(chan struct{}, 2), make(chan struct{})
	h := func(ctx context.Context, r *task.Run) worker.Result {
		began <- struct{}{}
		if r.Task.ID == "stuck" {
			<-ctx.Done()
			return worker.Fail("interrupted", ctx.Err())
		}
		<-release
		return worker.OK(nil)
	}
	c := w.config(micro("tell", h))
	c.Drain = time.Second
	r := start(t, c)
	w.send(w.run("tell", "stuck"), w.run("tell", "a"))
	await(t, began)
	await(t, began)
	r.stop()
	close(release)
	if err := r.end(); err != nil {
		t.Error(err)
	}
	if got := w.ended(2); got != "a=ok/ stuck=snooze/" {
		t.Error(got)
	}
	w.send(w.run("tell", "later"))
	start(t, w.config(micro("tell", func(context.Context, *task.Run) worker.Result { return worker.OK(nil) })))
	if got := w.ended(1); got != "later=ok/" {
		t.Error("a run was done twice, or not at all:", got)
	}
}

func batchKind(size int64, age time.Duration, h worker.BatchHandlerFunc) worker.Kind {
	k := worker.Kind{Policy: task.DefaultBatch("pay"), Batch: h}
	k.Policy.Gather.MaxSize, k.Policy.Gather.MaxAge = size, age
	return k
}

// Of a batch with one bad record the others succeed; a batch is called when it is full, and at its age.
func TestBatchHasAResultForEveryRecord(t *testing.T) {
	w := newWorld(t)
	sizes := make(chan int, 10)
	start(t, w.config(batchKind(3, 500*time.Millisecond, func(_ context.Context, runs []task.Run) worker.Results {
		sizes <- len(runs)
		out := worker.Results{}
		for _, r := range runs {
			switch r.Task.ID {
			case "bad":
				out[r.Task.ID] = worker.Fail("bad", errors.New("it is bad"))
			case "lost":
			default:
				out[r.Task.ID] = worker.OK(nil)
			}
		}
		return out
	})))
	w.send(w.run("pay", "a"), w.run("tell", "foreign"), w.run("pay", "bad"), w.run("pay", "c"), w.run("pay", "lost"))
	if got := w.ended(4); got != "a=ok/ bad=fail/bad c=ok/ lost=fail/no_result" {
		t.Error(got)
	}
	if n, m := await(t, sizes), await(t, sizes); n > 3 || m > 3 || n+m != 4 {
		t.Errorf("batches of %d and %d", n, m)
	}
}

func TestBatchThatPanicsFailsAlone(t *testing.T) {
	w := newWorld(t)
	start(t, w.config(batchKind(2, time.Millisecond, func(_ context.Context, runs []task.Run) worker.Results {
		if runs[0].Task.ID == "a" {
			panic("a bug")
		}
		return worker.Results{"b": worker.OK(nil)}
	})))
	w.send(w.run("pay", "a"))
	if got := w.ended(1); got != "a=fail/panic" {
		t.Error(got)
	}
	w.send(w.run("pay", "b"))
	if got := w.ended(1); got != "b=ok/" {
		t.Error(got)
	}
}

// A batch that gathers at the end of the worker is called at once.
func TestBatchIsCalledAtTheEnd(t *testing.T) {
	w := newWorld(t)
	r := start(t, w.config(batchKind(100, time.Hour, func(_ context.Context, runs []task.Run) worker.Results {
		return worker.Results{runs[0].Task.ID: worker.OK(nil)}
	})))
	w.send(w.run("pay", "a"))
	if a := w.next(true); a.Outcome != task.Working {
		t.Fatalf("a run of a batch is claimed at once: %+v", a)
	}
	if err := r.end(); err != nil {
		t.Error(err)
	}
	if got := w.ended(1); got != "a=ok/" {
		t.Error(got)
	}
}

func TestKindsThatKeepNothingAreNotAnswered(t *testing.T) {
	w := newWorld(t)
	called := make(chan string, 10)
	k := micro("tell", func(_ context.Context, r *task.Run) worker.Result {
		called <- r.Task.ID
		return worker.OK(nil)
	})
	k.Policy.Persist, k.Policy.Retry.MaxAttempts = task.Never, 1
	start(t, w.config(k, micro("ask", func(context.Context, *task.Run) worker.Result { return worker.OK(nil) })))
	w.send(w.run("tell", "a"))
	await(t, called)
	w.send(w.run("ask", "b"))
	if a := w.next(true); a.TaskID != "b" {
		t.Errorf("%+v", a)
	}
}

func TestWrongConfigsAreRefused(t *testing.T) {
	w := worker.Config{Kinds: []worker.Kind{{Policy: task.DefaultBatch("pay"), Handler: worker.HandlerFunc(nil),
		Concurrency: -1, Longest: -1}, {Policy: task.DefaultKind("pay")}}, Drain: -1, ClaimAfter: -1}
	err := w.Validate()
	for _, want := range []string{"brokers:", "runs and results", "it needs Batch", "it needs Handler", "concurrency -1",
		"longest -1ns", "served twice", "drain", "claim after"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

// Where the topic of answers is away for good, the worker ends and says so.
func TestAnswersThatCannotBeWrittenEndTheWorker(t *testing.T) {
	w := newWorld(t)
	c := w.config(micro("tell", func(context.Context, *task.Run) worker.Result {
		return worker.Fail("big", errors.New(strings.Repeat("x", 2<<20)))
	}))
	r := start(t, c)
	w.send(w.run("tell", "a"))
	if err := await(t, r.done); err == nil || !strings.Contains(err.Error(), w.results) {
		t.Error(err)
	}
	r.once.Do(func() {})
}
