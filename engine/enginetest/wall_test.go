package enginetest_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/enginetest"
	"github.com/millrace/millrace/engine/timer"
	"github.com/millrace/millrace/stream"
)

var sleeperTopics = []string{"in", "woke", "dead", "sleeper-table", "sleeper-timers"}

// sleeper goes by the wall clock. A record "n:name" asks to be woken n ms from now; each call counts in the row and
// says when it was due and what time it was. A record without a time is told at once.
func sleeper(prefix string, called func()) *goka.GroupGraph {
	in := stream.Topic[string]{Name: prefix + "in", Codec: text{}}
	woke := stream.Topic[string]{Name: prefix + "woke", Codec: text{}}
	group := stream.Group[int]{Name: prefix + "sleeper", Row: number{}, DeadLetters: prefix + "dead", Clock: stream.WallClock}
	tell := func(c *stream.Context[int], what string, due time.Time) {
		count, _ := c.Row()
		c.SetRow(count + 1)
		stream.Emit(c, woke, c.Key(), fmt.Sprintf("%s,%d,%d,%d", what, due.UnixMilli(), c.Watermark().UnixMilli(), count+1))
	}
	return goka.DefineGroup(group.Goka(),
		stream.Input(group, in, func(c *stream.Context[int], value string) {
			called()
			after, name, timed := strings.Cut(value, ":")
			if !timed {
				tell(c, value, c.Watermark())
				return
			}
			n, _ := strconv.Atoi(after)
			c.SetTimer(c.Watermark().Add(time.Duration(n)*time.Millisecond), name)
		}),
		stream.Timers(group, func(c *stream.Context[int], due stream.Timer) {
			called()
			tell(c, due.Name, due.Due)
		}),
		stream.Persist(group), stream.Output(woke), stream.DeadLetters(group),
	)
}

// creeping is a clock that goes on by itself, a little each time it is read.
type creeping struct{ ms atomic.Int64 }

func (c *creeping) now() time.Time { return time.UnixMilli(c.ms.Add(1)) }

const sleepers = 120

func sleeps() []string {
	var records []string
	for i := range sleepers {
		if i%5 == 4 {
			records = append(records, fmt.Sprintf("key-%d=name-%d", i%7, i))
		} else {
			records = append(records, fmt.Sprintf("key-%d=%d:name-%d", i%7, i*37%200, i))
		}
	}
	return records
}

// newSleeper returns a processor of few records a transaction, and its clock.
func newSleeper(t *testing.T) (*enginetest.Harness, *creeping) {
	clock := new(creeping)
	clock.ms.Store(1_000_000)
	c := engine.Config{CommitInterval: 5 * time.Millisecond, Tick: 5 * time.Millisecond, MaxRecords: 15, Clock: clock.now}
	return enginetest.New(t, c, sleeperTopics, sleeper), clock
}

// checkWoken finds every record told once, none before its time, and time that never goes back.
func checkWoken(t *testing.T, h *enginetest.Harness) {
	t.Helper()
	told := map[string]int{}
	counts := map[string]int64{}
	for p, lines := range h.Committed("woke") {
		last := int64(0)
		for _, line := range lines {
			key, value, _ := strings.Cut(line, "=")
			part := strings.Split(value, ",")
			numbers := make([]int64, 3)
			for i := range numbers {
				numbers[i], _ = strconv.ParseInt(part[i+1], 10, 64)
			}
			due, at, count := numbers[0], numbers[1], numbers[2]
			told[part[0]]++
			counts[key]++
			if at < due || at < last || count != counts[key] {
				t.Errorf("partition %d: %s after %d and %d calls", p, line, last, counts[key]-1)
			}
			last = at
		}
	}
	for i := range sleepers {
		if n := told[fmt.Sprintf("name-%d", i)]; n != 1 {
			t.Errorf("name-%d was told %d times", i, n)
		}
	}
	left := map[string]bool{}
	for _, line := range slices.Concat(h.Committed("sleeper-timers")...) {
		key, set := strings.CutSuffix(line, "="+string(timer.Value()))
		if left[key] = set; !set {
			delete(left, key)
		}
	}
	if len(left) > 0 {
		t.Errorf("%d timers are left", len(left))
	}
}

// Killed at any step of a transaction that sets timers or calls them, and started again by a clock that is behind.
func TestWallTimersWithCrashes(t *testing.T) {
	var points []enginetest.Point
	for _, key := range []kmsg.Key{kmsg.Produce, kmsg.TxnOffsetCommit, kmsg.EndTxn} {
		for _, applied := range []bool{false, true} {
			for _, after := range []int{0, 7} {
				points = append(points, enginetest.Point{Key: key, Applied: applied, After: after})
			}
		}
	}
	points = append(points, enginetest.Point{Call: 40}, enginetest.Point{Call: 150})
	for i, p := range points {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			h, clock := newSleeper(t)
			if i%2 == 0 {
				h.Disk()
			}
			h.Produce("in", sleeps()...)
			h.CrashAt(p)
			clock.ms.Add(-100)
			h.CrashAt(enginetest.Point{Key: kmsg.EndTxn, Applied: true})
			clock.ms.Add(-50)
			h.Start()
			h.Settle("in")
			h.Await("woke", sleepers)
			h.Stop()
			checkWoken(t, h)
		})
	}
}

// What nobody was there to call is called once, by whoever takes the partitions over.
func TestWallTimersMoveWithTheirPartition(t *testing.T) {
	first, clock := newSleeper(t)
	second := first.Twin("1")
	all := sleeps()
	first.Produce("in", all[:60]...)
	first.Start()
	first.Settle("in")
	second.Start() // takes some over
	second.Ready()
	first.Drain()
	first.Stop()
	first.Produce("in", all[60:]...)
	second.Settle("in")
	second.Drain()
	second.Stop()
	clock.ms.Add(3_600_000)
	first.Start()
	first.Await("woke", sleepers)
	first.Stop()
	checkWoken(t, first)
}
