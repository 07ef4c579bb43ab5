package enginetest_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/enginetest"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

var rewrite = flag.Bool("rewrite", false, "write golden files")

func TestMain(m *testing.M) {
	if os.Getenv(workerBrokers) != "" {
		work()
		return
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil { // they wait for brokers and clients, most of the time
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

const width = 10 // of a window, s

// windows is the row of a key: how many records each open window has, and the largest event time of all.
type windows struct {
	Open map[int]int `json:"open"`
	Seen int         `json:"seen"`
}

type asJSON struct{}

func (asJSON) Encode(w windows) ([]byte, error)       { return json.Marshal(w) }
func (asJSON) Decode(b []byte) (w windows, err error) { err = json.Unmarshal(b, &w); return w, err }

type number struct{}

func (number) Encode(n int) ([]byte, error)     { return strconv.AppendInt(nil, int64(n), 10), nil }
func (number) Decode(b []byte) (n int, _ error) { n, err := strconv.Atoi(string(b)); return n, err }

type text struct{}

func (text) Encode(s string) ([]byte, error) { return []byte(s), nil }
func (text) Decode(b []byte) (string, error) { return string(b), nil }

var topics = []string{"in", "closed", "dead", "counter-table", "counter-loop", "counter-timers"}

// counter counts records per window of event time: a window comes out once, when it closes, before any record that sees
// it closed. Each record is also counted under the key "total", by loop. The value 13 panics.
func counter(prefix string, called func()) *goka.GroupGraph {
	seconds := func(n int) time.Time { return time.Unix(int64(n), 0) }
	in := stream.Topic[int]{Name: prefix + "in", Codec: number{}, Time: stream.Watermarked}
	closed := stream.Topic[string]{Name: prefix + "closed", Codec: text{}, Time: stream.Watermarked}
	group := stream.Group[windows]{Name: prefix + "counter", Row: asJSON{}, DeadLetters: prefix + "dead"}
	load := func(c *stream.Context[windows]) windows {
		old, _ := c.Row()
		return windows{Open: maps.Clone(old.Open), Seen: old.Seen}
	}
	settle := func(c *stream.Context[windows], w *windows, how string) {
		for _, start := range slices.Sorted(maps.Keys(w.Open)) {
			if !seconds(start + width).After(c.Watermark()) {
				stream.Emit(c, closed, c.Key(), fmt.Sprintf("%d:%s%d", start, how, w.Open[start]))
				delete(w.Open, start)
			}
		}
	}
	timers := func(c *stream.Context[windows], w windows) {
		for start := range w.Open {
			c.SetTimer(seconds(start+width), "close")
		}
	}
	return goka.DefineGroup(group.Goka(),
		stream.Input(group, in, func(c *stream.Context[windows], n int) {
			called()
			w := load(c)
			settle(c, &w, "left open ")
			stream.Loopback(c, "total", 1)
			if n == 13 {
				panic("unlucky")
			}
			start := n / width * width
			if !seconds(start + width).After(c.Watermark()) {
				stream.Emit(c, closed, c.Key(), fmt.Sprintf("%d:late", n))
			} else {
				if w.Open == nil {
					w.Open = map[int]int{}
				}
				w.Open[start]++
			}
			w.Seen = max(w.Seen, n)
			c.SetRow(w)
			timers(c, w)
		}),
		stream.Loop(group, number{}, func(c *stream.Context[windows], n int) {
			w := load(c)
			w.Open = map[int]int{1 << 40: w.Open[1<<40] + n}
			c.SetRow(w)
		}),
		stream.Timers(group, func(c *stream.Context[windows], _ stream.Timer) {
			w := load(c)
			settle(c, &w, "")
			c.SetRow(w)
		}),
		stream.Persist(group), stream.Output(closed), stream.DeadLetters(group),
	)
}

// input is a few hundred records over several keys, out of order, some late, some that cannot be used, and what their
// writer says of the time.
func input() []string {
	var records []string
	for i := range 300 {
		n := i*2 + (i*37)%23 - (i%41/40)*35
		if n < 0 {
			n = 0
		}
		value := strconv.Itoa(n)
		if i%59 == 58 {
			value = "garbage"
		}
		records = append(records, fmt.Sprintf("key-%d=%s", i%7, value))
		if i%10 == 9 {
			records = append(records, enginetest.Watermark(time.Unix(int64(i*2), 0))...)
		}
	}
	records = append(records, "key-0=13")
	return append(records, enginetest.Watermark(time.Unix(10_000, 0))...) // closes what is open
}

// finals returns what came out of one partition, but the words on time, which must hold: one never goes back, and what
// its sender promises to be complete has come before it.
func finals(t *testing.T, records []string) []string {
	t.Helper()
	told := map[int32]int64{}
	var out []string
	for _, r := range records {
		key, value, _ := strings.Cut(r, "=")
		if w, err := watermark.Decode([]byte(value)); err == nil {
			if last, ok := told[w.Source]; ok && w.Time < last {
				t.Errorf("partition %d says %d after %d", w.Source, w.Time, last)
			}
			told[w.Source] = w.Time
			continue
		}
		out = append(out, r)
		if strings.HasSuffix(value, "late") {
			continue
		}
		first, _, _ := strings.Cut(value, ":")
		start, err := strconv.Atoi(first)
		if err != nil {
			t.Errorf("closed %q", r)
		}
		last, ok := told[stream.Partition([]byte(key), enginetest.Partitions)]
		if end := int64(start+width) * 1000; ok && end <= last {
			t.Errorf("%s, which ends at %d, came after word of %d", r, end, last)
		}
	}
	if len(told) != enginetest.Partitions {
		t.Errorf("words of %d partitions", len(told))
	}
	return out
}

func transcript(t *testing.T, h *enginetest.Harness) string {
	t.Helper()
	var b strings.Builder
	section := func(name string, lines []string) {
		fmt.Fprintf(&b, "%s\n", name)
		for _, line := range lines {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	section("rows", h.Rows("counter-table"))
	for _, topic := range []string{"closed", "dead"} {
		var all []string
		for _, records := range h.Committed(topic) {
			if topic == "closed" {
				records = finals(t, records)
			}
			all = append(all, records...)
		}
		slices.Sort(all) // two partitions write into one: their order is of no meaning
		section(topic, all)
	}
	return b.String()
}

// small makes many transactions of a few hundred records.
func small() engine.Config {
	return engine.Config{CommitInterval: 5 * time.Millisecond, Tick: 10 * time.Millisecond, MaxRecords: 40, IdleAfter: -1}
}

func newHarness(t *testing.T) *enginetest.Harness {
	return enginetest.New(t, small(), topics, counter)
}

// finish runs the processor until all is done, and compares what is left behind.
func finish(t *testing.T, h *enginetest.Harness) {
	t.Helper()
	h.Start()
	settle(t, h)
	h.Stop()
	check(t, h)
}

func settle(t *testing.T, h *enginetest.Harness) {
	t.Helper()
	h.Settle("in", "counter-loop", "in")
}

func check(t *testing.T, h *enginetest.Harness) {
	t.Helper()
	golden := filepath.Join("testdata", "counter.txt")
	got := transcript(t, h)
	if *rewrite {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Error(d)
	}
}

func TestScript(t *testing.T) {
	h := newHarness(t)
	h.Produce("in", input()...)
	finish(t, h)
}

// Killed at every step of a commit, and restored from memory or disk, the script ends as if nothing had happened.
func TestScriptWithCrashes(t *testing.T) {
	var points []enginetest.Point
	for _, key := range []kmsg.Key{kmsg.Produce, kmsg.TxnOffsetCommit, kmsg.EndTxn} {
		for _, applied := range []bool{false, true} {
			for _, after := range []int{0, 3} {
				points = append(points, enginetest.Point{Key: key, Applied: applied, After: after})
			}
		}
	}
	points = append(points, enginetest.Point{Call: 1}, enginetest.Point{Call: 77}, enginetest.Point{Key: kmsg.InitProducerID},
		enginetest.Point{Key: kmsg.JoinGroup, Applied: true})
	for i, p := range points {
		for _, disk := range []bool{false, true} {
			name := p.String() + "/memory"
			if disk {
				name = p.String() + "/disk"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				h := newHarness(t)
				if disk {
					h.Disk()
				}
				h.Produce("in", input()...)
				h.CrashAt(p)
				if i%2 == 0 { // and once more, on the way back
					h.CrashAt(enginetest.Point{Key: kmsg.EndTxn, Applied: true, After: 1})
				}
				finish(t, h)
			})
		}
	}
}
