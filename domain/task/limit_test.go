package task_test

import (
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
)

// Over all partitions no interval has more runs than the limit allows, and a busy deployment gets all of it.
func TestSharesAddUpExactly(t *testing.T) {
	for _, c := range []struct {
		limit      task.Limit
		partitions int64
	}{
		{task.Limit{Runs: 1, Per: time.Second}, 12}, {task.Limit{Runs: 7, Per: time.Second}, 12}, {task.Limit{Runs: 100, Per: time.Minute, Burst: 5}, 4},
		{task.Limit{Runs: 2000, Per: time.Second, Burst: 50}, 12}, {task.Limit{Runs: 3, Per: time.Second, Burst: 30}, 1},
	} {
		for _, idle := range []bool{false, true} {
			rnd := rand.New(rand.NewSource(7))
			buckets := make([]task.Bucket, c.partitions)
			end := noon.Add(30 * c.limit.Per)
			var starts []instant.Milli
			for p := range buckets {
				for now := noon; now < end; {
					if idle {
						now = now.Add(time.Duration(rnd.Int63n(int64(3 * c.limit.Per))))
					}
					share := task.Share{Partition: int64(p), Partitions: c.partitions}
					next, at := buckets[p].Reserve(c.limit, share, now)
					if at < now {
						t.Fatalf("%+v: reserved %s at %s", c.limit, at, now)
					}
					buckets[p], now = next, at // the next one is asked for when this one has started
					if at < end {
						starts = append(starts, at)
					}
				}
			}
			slices.Sort(starts)
			for i := range starts {
				for j := i; j < len(starts) && j < i+400; j++ {
					d := int64(starts[j] - starts[i] + 1)
					allowed := (d*c.limit.Runs+c.limit.Per.Milliseconds()-1)/c.limit.Per.Milliseconds() + 1 + c.limit.Burst
					if n := int64(j - i + 1); n > allowed {
						t.Fatalf("%+v, %d partitions: %d runs in %d ms, allowed are %d", c.limit, c.partitions, n, d, allowed)
					}
				}
			}
			if want := 30 * c.limit.Runs; !idle && (int64(len(starts)) < want || int64(len(starts)) > want+c.limit.Burst+1) {
				t.Errorf("%+v, %d partitions: %d runs of %d", c.limit, c.partitions, len(starts), want)
			}
		}
	}
}

// What went unused may start at once, as far as the burst goes; each partition has its part of it.
func TestBursts(t *testing.T) {
	l := task.Limit{Runs: 10, Per: time.Second, Burst: 7}
	atOnce := 0
	for p := range int64(3) {
		b, at := task.Bucket{}, noon
		for n := -1; at == noon; n++ {
			b, at = b.Reserve(l, task.Share{Partition: p, Partitions: 3}, noon)
			atOnce += min(1, n+1)
		}
	}
	if atOnce < 7 || atOnce > 7+1 { // one may have its slot at noon
		t.Errorf("%d started at once", atOnce)
	}
}

// The largest numbers do not overflow.
func TestLimitsAtTheirBounds(t *testing.T) {
	for _, l := range []task.Limit{{Runs: task.MaxRuns, Per: time.Second, Burst: task.MaxRuns}, {Runs: task.MaxRuns, Per: task.MaxPeriod}, {Runs: 1, Per: task.MaxPeriod}} {
		now := instant.Latest - 1
		var b task.Bucket
		before := now
		for range 100 {
			next, at := b.Reserve(l, task.Share{Partition: 999, Partitions: 1000}, now)
			if most := 1000*l.Per.Milliseconds()/l.Runs + 1; at < before || at > before+instant.Milli(most) {
				t.Fatalf("%+v: %s after %s", l, at, before)
			}
			b, before = next, at
		}
	}
}

// A key asks once, waits without a call in between, and uses the token for its next run of the kind.
func TestKeysWaitForTheirToken(t *testing.T) {
	k := plain("call")
	k.Limit = task.Limit{Runs: 1, Per: time.Second}
	w := newWorld(t, "k", k)
	w.submit("call", "a", "b")
	w.submit("call", "c")
	if len(w.asked) != 1 || len(w.runs) > 0 || len(w.timers) > 0 {
		t.Fatalf("asked %v, ran %v, timers %v", w.asked, w.ids(), w.timers)
	}
	grant := func(d time.Duration) {
		w.apply(task.Grant(w.queue, w.key, task.Token{Kind: "call", At: w.now.Add(d)}, w.policy, w.now))
	}
	grant(5 * time.Second)
	grant(0) // nobody waits for a second one
	w.command(task.Command{Op: task.OpCancel, TaskID: "a"})
	w.advance(5*time.Second - time.Millisecond)
	if len(w.runs) > 0 {
		t.Fatalf("ran %v before the token's time", w.ids())
	}
	w.advance(time.Millisecond)
	if len(w.asked) != 1 || len(w.runs) != 1 || w.last().Task.ID != "b" {
		t.Fatalf("asked %v, ran %v", w.asked, w.ids())
	}
	w.answer(w.last(), failed)
	w.advance(time.Second)
	if len(w.asked) != 2 || len(w.runs) != 1 { // an attempt is a call like any other
		t.Fatalf("asked %v, ran %v", w.asked, w.ids())
	}
	grant(0)
	if len(w.runs) != 2 || w.last().Task.ID != "b" {
		t.Fatalf("ran %v", w.ids())
	}
	w.answer(w.last(), ok)
	grant(time.Second)
	w.policy.Paused = func(string) bool { return true }
	w.advance(time.Hour)
	w.policy.Paused = nil
	w.apply(task.AdvanceTo(w.queue, w.key, w.policy, w.now))
	if len(w.asked) != 4 || len(w.runs) != 2 {
		t.Errorf("a token of an hour ago was used: asked %v, ran %v", w.asked, w.ids())
	}
}

// A paused kind holds the keys whose turn it has, and asks for no timer; so does a kind that was withdrawn.
func TestPausedKinds(t *testing.T) {
	w := newWorld(t, "k", plain("call"), plain("other"))
	paused := map[string]bool{"call": true}
	w.policy.Paused = func(kind string) bool { return paused[kind] }
	w.submit("call", "a")
	w.submit("other", "b")
	w.advance(time.Hour)
	if len(w.runs) > 0 || len(w.timers) > 0 || w.queue.Stopped != "call" {
		t.Fatalf("ran %v, timers %v, stopped %q", w.ids(), w.timers, w.queue.Stopped)
	}
	paused["call"] = false
	w.apply(task.AdvanceTo(w.queue, w.key, w.policy, w.now))
	if w.last().Task.ID != "a" || w.queue.Stopped != "" {
		t.Fatalf("ran %v, stopped %q", w.ids(), w.queue.Stopped)
	}
	declared := w.policy.Kinds
	w.policy.Kinds = task.BuiltIn()
	w.answer(w.last(), ok)
	if len(w.runs) != 1 || w.queue.Stopped != "other" {
		t.Fatalf("ran %v, stopped %q", w.ids(), w.queue.Stopped)
	}
	w.policy.Kinds = declared
	w.apply(task.AdvanceTo(w.queue, w.key, w.policy, w.now))
	if w.last().Task.ID != "b" {
		t.Errorf("ran %v", w.ids())
	}
}
