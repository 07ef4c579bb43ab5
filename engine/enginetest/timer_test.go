package enginetest_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/enginetest"
	"github.com/millrace/millrace/engine/timer"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

var alarmTopics = []string{"in", "rang", "dead", "alarm-table", "alarm-timers"}

// next returns the timers that a timer sets when it is called, by its name: "early" 5 s before itself, "again-2"
// another one 7 s on, "same" itself, "both" two of other names.
func next(x timer.Timer) []timer.Timer {
	kind, rest, _ := strings.Cut(x.Name, "-")
	switch n, _ := strconv.Atoi(rest); kind {
	case "early":
		return []timer.Timer{{Due: x.Due - 5000, Key: x.Key, Name: "was early"}}
	case "again":
		if n > 0 {
			return []timer.Timer{{Due: x.Due + 7000, Key: x.Key, Name: fmt.Sprint("again-", n-1)}}
		}
	case "same":
		if n > 0 { // the same timer is one that fired
			return []timer.Timer{{Due: x.Due + 1000, Key: x.Key, Name: x.Name}, {Due: x.Due, Key: x.Key, Name: "once"}}
		}
	case "both":
		return []timer.Timer{{Due: x.Due, Key: x.Key, Name: "b"}, {Due: x.Due, Key: x.Key, Name: "a"}}
	}
	return nil
}

// asked reads the timers of a record: "10:early,3:x" are two, due after 10 s and 3 s.
func asked(key, value string) (all []timer.Timer) {
	for one := range strings.SplitSeq(value, ",") {
		due, name, _ := strings.Cut(one, ":")
		n, _ := strconv.Atoi(due)
		all = append(all, timer.Timer{Due: int64(n) * 1000, Key: key, Name: name})
	}
	return all
}

func ring(x timer.Timer, count, at int64) string {
	return fmt.Sprintf("%s=%d:%s, the %d. at %d", x.Key, x.Due, x.Name, count, at)
}

// lastRing bounds the timers that set themselves again.
const lastRing = 120_000

// alarm sets timers as it is asked to and tells when they are called: each call counts in its row.
func alarm(prefix string, called func()) *goka.GroupGraph {
	in := stream.Topic[string]{Name: prefix + "in", Codec: text{}, Time: stream.Watermarked}
	rang := stream.Topic[string]{Name: prefix + "rang", Codec: text{}}
	group := stream.Group[int]{Name: prefix + "alarm", Row: number{}, DeadLetters: prefix + "dead"}
	set := func(c *stream.Context[int], all []timer.Timer) {
		for _, x := range all {
			c.SetTimer(time.UnixMilli(x.Due), x.Name)
		}
	}
	return goka.DefineGroup(group.Goka(),
		stream.Input(group, in, func(c *stream.Context[int], value string) {
			called()
			set(c, asked(c.Key(), value))
		}),
		stream.Timers(group, func(c *stream.Context[int], due stream.Timer) {
			called()
			count, _ := c.Row()
			c.SetRow(count + 1)
			x := timer.Timer{Due: due.Due.UnixMilli(), Key: c.Key(), Name: due.Name}
			_, line, _ := strings.Cut(ring(x, int64(count+1), c.Watermark().UnixMilli()), "=")
			stream.Emit(c, rang, c.Key(), line)
			if x.Due < lastRing {
				set(c, next(x))
			}
		}),
		stream.Persist(group), stream.Output(rang), stream.DeadLetters(group),
	)
}

// alarms are records of several keys, and what their writer says of the time. Some timers are for the past, some for
// the same moment, some are asked for twice, a few hundred are behind all others.
func alarms() []string {
	names := []string{"early", "again-3", "", "x", "same-1", "both", "x"}
	var records []string
	for i := range 240 {
		due := i + i*37%29 - 6
		one := fmt.Sprintf("%d:%s", max(0, due), names[i%len(names)])
		two := fmt.Sprintf("%d:far", 300+i%50)
		records = append(records, fmt.Sprintf("key-%d=%s,%s,%s", i%11, one, two, one))
		if i%8 == 7 {
			records = append(records, enginetest.Watermark(time.Unix(int64(i), 0))...)
		}
	}
	return append(records, enginetest.Watermark(time.Unix(10_000, 0))...)
}

// rings is what must come out of each partition, in order: the model of one that never dies.
func rings(records []string) [][]string {
	out := make([][]string, enginetest.Partitions)
	pending := make([]map[timer.Timer]bool, enginetest.Partitions)
	for p := range pending {
		pending[p] = map[timer.Timer]bool{}
	}
	counts := map[string]int64{}
	for _, r := range records {
		key, value, _ := strings.Cut(r, "=")
		p := stream.Partition([]byte(key), enginetest.Partitions)
		w, err := watermark.Decode([]byte(value))
		if err != nil {
			for _, x := range asked(key, value) {
				pending[p][x] = true
			}
			continue
		}
		for {
			x, ok := first(pending[p], w.Time)
			if !ok {
				break
			}
			delete(pending[p], x)
			counts[x.Key]++
			out[p] = append(out[p], ring(x, counts[x.Key], w.Time))
			if x.Due < lastRing {
				for _, y := range next(x) {
					pending[p][y] = true
				}
			}
		}
	}
	return out
}

func first(pending map[timer.Timer]bool, at int64) (least timer.Timer, ok bool) {
	for x := range pending {
		if x.Due <= at && (!ok || x.Less(least)) {
			least, ok = x, true
		}
	}
	return least, ok
}

func finishAlarms(t *testing.T, h *enginetest.Harness) {
	t.Helper()
	h.Start()
	h.Settle("in")
	h.Rest()
	h.Stop()
	checkAlarms(t, h)
}

// checkAlarms compares what came out with the model, and finds no timer left in the topic.
func checkAlarms(t *testing.T, h *enginetest.Harness) {
	t.Helper()
	if d := cmp.Diff(rings(alarms()), h.Committed("rang")); d != "" {
		t.Error(d)
	}
	for p, lines := range h.Committed("alarm-timers") {
		left := map[string]bool{}
		for _, line := range lines {
			key, set := strings.CutSuffix(line, "="+string(timer.Value()))
			x, err := timer.ParseKey(key)
			if err != nil || stream.Partition([]byte(x.Key), enginetest.Partitions) != int32(p) {
				t.Errorf("partition %d has %q: %+v, %v", p, line, x, err)
			}
			if left[key] = set; !set {
				delete(left, key)
			}
		}
		if len(left) > 0 {
			t.Errorf("%d timers are left in partition %d", len(left), p)
		}
	}
}

// few makes transactions of a few records and timers.
func few() engine.Config {
	c := small()
	c.MaxRecords = 15
	return c
}

func TestAlarms(t *testing.T) {
	h := enginetest.New(t, few(), alarmTopics, alarm)
	h.Produce("in", alarms()...)
	finishAlarms(t, h)
	if all := slices.Concat(rings(alarms())...); len(all) < 500 {
		t.Errorf("only %d timers", len(all))
	}
}

// Each transaction sets timers or calls some. Killed at every step of one, each still fires once in effect, in its
// order.
func TestAlarmsWithCrashes(t *testing.T) {
	var points []enginetest.Point
	for _, key := range []kmsg.Key{kmsg.Produce, kmsg.TxnOffsetCommit, kmsg.EndTxn} {
		for _, applied := range []bool{false, true} {
			for _, after := range []int{0, 2, 9} {
				points = append(points, enginetest.Point{Key: key, Applied: applied, After: after})
			}
		}
	}
	points = append(points, enginetest.Point{Call: 1}, enginetest.Point{Call: 40}, enginetest.Point{Call: 333})
	for i, p := range points {
		for name, disk := range map[string]bool{"memory": false, "disk": true} {
			t.Run(p.String()+"/"+name, func(t *testing.T) {
				t.Parallel()
				h := enginetest.New(t, few(), alarmTopics, alarm)
				if disk {
					h.Disk()
				}
				h.Produce("in", alarms()...)
				h.CrashAt(p)
				if i%2 == 0 { // and once more, on the way back
					h.CrashAt(enginetest.Point{Key: kmsg.EndTxn, Applied: true, After: 1})
				}
				finishAlarms(t, h)
			})
		}
	}
}

// Timers go where their partition goes: to a second process and back.
func TestAlarmsMoveWithTheirPartition(t *testing.T) {
	for name, disk := range map[string]bool{"memory": false, "disk": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := alarms()
			half := len(all) / 2
			first := enginetest.New(t, few(), alarmTopics, alarm)
			second := first.Twin("1")
			if disk {
				first.Disk()
				second.Disk()
			}
			first.Produce("in", all[:half]...)
			first.Start()
			first.Settle("in")
			second.Start() // takes some over
			second.Ready()
			first.Produce("in", all[half:half+60]...)
			first.Drain()
			first.Stop()
			second.Settle("in")
			first.Start() // with what it had, where it was on disk
			first.Ready()
			first.Produce("in", all[half+60:]...)
			second.Drain()
			second.Stop()
			first.Settle("in")
			first.Rest()
			first.Stop()
			checkAlarms(t, first)
		})
	}
}
