//go:build unix

package enginetest_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/enginetest"
	"github.com/millrace/millrace/stream"
)

// pauseAt stops this process at a failpoint, "name:times". It has said so before.
func pauseAt(place string) func(string) {
	name, count, _ := strings.Cut(place, ":")
	times, _ := strconv.ParseInt(count, 10, 64)
	var seen atomic.Int64
	return func(at string) {
		if at == name && seen.Add(1) == times {
			fmt.Println("paused")
			_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP) // it cannot be refused
		}
	}
}

const tickLength = 20 * time.Millisecond

var tickerTopics = []string{"in", "out", "ticker-table", "ticker-timers"}

// ticker counts timers that set each other. Two records, of 1,000 s and 1,000,000 s, make so many due that there is
// work for days, in transactions without input.
func ticker(prefix string, _ func()) *goka.GroupGraph {
	start := func(n int) time.Time { return time.Unix(int64(n), 0) }
	in := stream.Topic[int]{Name: prefix + "in", Codec: number{}, Time: stream.OwnTime, EventTime: start}
	out := stream.Topic[int]{Name: prefix + "out", Codec: number{}}
	group := stream.Group[int]{Name: prefix + "ticker", Row: number{}}
	set := func(c *stream.Context[int], n int) {
		c.SetTimer(start(1000).Add(time.Duration(n+1)*tickLength), "tick")
	}
	return goka.DefineGroup(group.Goka(),
		stream.Input(group, in, func(c *stream.Context[int], _ int) {
			if _, ok := c.Row(); !ok {
				c.SetRow(0)
				set(c, 0)
			}
		}),
		stream.Timers(group, func(c *stream.Context[int], _ stream.Timer) {
			n, _ := c.Row()
			c.SetRow(n + 1)
			stream.Emit(c, out, c.Key(), n+1)
			set(c, n+1)
		}),
		stream.Persist(group), stream.Output(out),
	)
}

// mortal is a session timeout that a zombie outlives soon.
const mortal = 1200 * time.Millisecond

// untilLost returns when the group has given up its members.
func untilLost(t *testing.T, h *enginetest.Harness, group string) {
	t.Helper()
	for {
		groups, err := kadm.NewClient(h.Client).DescribeGroups(t.Context(), h.Prefix+group)
		if err != nil {
			t.Fatal(err)
		}
		if len(groups[h.Prefix+group].Members) == 0 {
			return
		}
	}
}

// A process that was paused past its timeouts, at any step of a transaction, and whose slot another has by then, ends
// once it goes on, and nothing of its transaction shows.
func TestZombieFenced(t *testing.T) {
	calm := enginetest.New(t, bulk(), topics, counter)
	calm.Produce("in", bulkInput(800)...)
	calm.Start()
	settle(t, calm)
	calm.Stop()
	for _, place := range engine.Failpoints() {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			h := enginetest.New(t, bulk(), topics, counter)
			h.Produce("in", bulkInput(800)...)
			zombie := startWorker(t, h, t.TempDir(), workerPause+"="+place+":7")
			zombie.expect(t, "paused")
			untilLost(t, h, "counter")
			h.Start()
			settle(t, h)
			if err := zombie.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			zombie.expect(t, "fenced")
			if err := zombie.Wait(); err == nil {
				t.Error("the zombie ended without an error")
			}
			h.Stop()
			if d := cmp.Diff(strings.Split(transcript(t, calm), "\n"), strings.Split(transcript(t, h), "\n")); d != "" {
				t.Error(d)
			}
		})
	}
}

// The same without input in the transaction: only timers, which no committed offset tells from those of the successor.
// In the second case its partitions went to another slot, so that no producer epoch stops it either.
func TestZombieOfTimers(t *testing.T) {
	for _, slot := range []string{"0", "1"} {
		for _, place := range []string{engine.AfterStateWrite, engine.BeforeCommit, engine.AfterCommitBeforeLocalFlush} {
			t.Run("slot-"+slot+"/"+place, func(t *testing.T) {
				t.Parallel()
				h := enginetest.New(t, bulk(), tickerTopics, ticker)
				for _, key := range stream.KeysFor(enginetest.Partitions) {
					h.Produce("in", key+"=1000", key+"=1000000")
				}
				zombie := startWorker(t, h, t.TempDir(), workerScript+"=ticker", workerPause+"="+place+":40")
				zombie.expect(t, "paused")
				untilLost(t, h, "ticker")
				next := h.Twin(slot)
				next.Start()
				next.Await("out", ticks(t, h)+100)
				if err := zombie.Process.Signal(syscall.SIGCONT); err != nil {
					t.Fatal(err)
				}
				if slot == "0" {
					zombie.expect(t, "fenced")
					_ = zombie.Wait() // it said why
				}
				next.Await("out", ticks(t, h)+100)
				if slot != "0" { // it joined again, as it may
					zombie.kill(t)
				}
				next.Stop()
				checkTicks(t, h)
			})
		}
	}
}

func ticks(t *testing.T, h *enginetest.Harness) int {
	t.Helper()
	n := 0
	for _, records := range h.Committed("out") {
		n += len(records)
	}
	return n
}

// checkTicks demands each number once, in order.
func checkTicks(t *testing.T, h *enginetest.Harness) {
	t.Helper()
	for p, records := range h.Committed("out") {
		for i, r := range records {
			if _, value, _ := strings.Cut(r, "="); value != strconv.Itoa(i+1) {
				t.Fatalf("partition %d: %s in place of %d", p, r, i+1)
			}
		}
	}
}
