package enginetest_test

import (
	"encoding/json"
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
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/enginetest"
	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/stream"
)

// pad is the row of the keeper: it is as large as its input says.
type pad struct {
	Text   string `json:"text"`
	Timers []int  `json:"timers"` // by how much each makes the row grow
}

func (p *pad) grow(n int) *pad {
	next := &pad{Timers: p.Timers}
	if size := len(p.Text) + n; n > 0 {
		next.Text = p.Text + strings.Repeat("x", n)
	} else {
		next.Text = p.Text[:max(0, size)]
	}
	return next
}

type pads struct{}

func (pads) Encode(p *pad) ([]byte, error) { return json.Marshal(p) }
func (pads) Decode(b []byte) (*pad, error) { p := new(pad); return p, json.Unmarshal(b, p) }

// order is "N verb=n ...": its number, and what to do.
type order struct {
	number int
	text   string
}

type orders struct{}

func (orders) Encode(o order) ([]byte, error) { return []byte(o.text), nil }
func (orders) Decode(b []byte) (order, error) {
	first, _, _ := strings.Cut(string(b), " ")
	n, err := strconv.Atoi(first)
	if err != nil {
		err = fmt.Errorf("order begins with %.5q", first)
	}
	return order{n, string(b)}, err
}

var keeperTopics = []string{"in", "out", "dead", "keeper-table", "keeper-loop", "keeper-timers"}

const timersDue = 9000

// keeper does as it is told: grow=n its row, emit=n bytes, loop=n lets the row "total" grow, timer=n sets a timer that
// emits n/100,000 bytes and lets the row grow by the rest, panic.
func keeper(prefix string, called func()) *goka.GroupGraph {
	in := stream.Topic[order]{Name: prefix + "in", Codec: orders{}, Time: stream.Watermarked}
	out := stream.Topic[string]{Name: prefix + "out", Codec: text{}}
	group := stream.Group[*pad]{Name: prefix + "keeper", Row: pads{}, DeadLetters: prefix + "dead"}
	row := func(c *stream.Context[*pad]) *pad {
		if p, ok := c.Row(); ok {
			return p
		}
		return new(pad)
	}
	emit := func(c *stream.Context[*pad], what string, n int) {
		stream.Emit(c, out, c.Key(), fmt.Sprintf("%-*s", n, what))
	}
	timer := func(c *stream.Context[*pad], n int) { c.SetTimer(time.Unix(timersDue, 0), strconv.Itoa(n)) }
	return goka.DefineGroup(group.Goka(),
		stream.Input(group, in, func(c *stream.Context[*pad], o order) {
			called()
			for _, word := range strings.Fields(o.text)[1:] {
				verb, count, _ := strings.Cut(word, "=")
				n, _ := strconv.Atoi(count)
				switch verb {
				case "grow":
					c.SetRow(row(c).grow(n))
				case "emit":
					emit(c, strconv.Itoa(o.number), n)
				case "loop":
					stream.Loopback(c, "total", strings.Repeat("x", n))
				case "timer":
					old := row(c)
					c.SetRow(&pad{Text: old.Text, Timers: append(slices.Clone(old.Timers), n)})
					timer(c, n)
				case "panic":
					panic("told to")
				}
			}
		}),
		stream.Loop(group, text{}, func(c *stream.Context[*pad], s string) { c.SetRow(row(c).grow(len(s))) }),
		stream.Timers(group, func(c *stream.Context[*pad], t stream.Timer) {
			n, _ := strconv.Atoi(t.Name)
			c.SetRow(row(c).grow(n % 100_000))
			emit(c, "timer", n/100_000)
		}),
		stream.Persist(group), stream.Output(out), stream.DeadLetters(group),
	)
}

// keeperLimit is the largest key and value with the configuration of keepers.
const keeperLimit = 63 << 10

func newKeeper(t *testing.T, c engine.Config) *enginetest.Harness {
	c.Client.MaxRecord = 64 << 10
	return enginetest.New(t, c, keeperTopics, keeper)
}

// keeperInput has something for each way to be too large.
func keeperInput() []string {
	perKey := map[string][]string{
		"first":   {"grow=70000", "grow=10 emit=2"},
		"third":   {"grow=10 emit=1", "grow=10 emit=2", "grow=70000 emit=3", "grow=5 emit=4"},
		"emit":    {"timer=300001 grow=10 emit=70000", "emit=3 grow=3"},
		"loop":    {"grow=2 loop=70000", "grow=1 loop=5", "loop=6"},
		"timer":   {"timer=70000 grow=3", "timer=7000000001", "timer=200005"},
		"unlucky": {"grow=4 emit=1", "grow=4 emit=1 loop=100 panic", "grow=4"},
		"garbage": {"grow=1", "!" + strings.Repeat("garbage", 15_000), "grow=1"},
	}
	for range 20 {
		perKey["slow"] = append(perKey["slow"], "grow=4000 emit=1")
	}
	perKey["slow"] = append(perKey["slow"], "grow=-40000", "grow=4000 emit=2", "grow=60000", "grow=7")
	for i := range 60 {
		perKey["calm"] = append(perKey["calm"], fmt.Sprintf("grow=%d emit=%d loop=1", i%5, 1+i%7))
	}
	var records []string
	for number := 0; len(perKey) > 0; number++ {
		for _, key := range slices.Sorted(maps.Keys(perKey)) {
			text := perKey[key][0]
			if !strings.HasPrefix(text, "!") {
				text = strconv.Itoa(number) + " " + text
			}
			records = append(records, key+"="+text)
			if perKey[key] = perKey[key][1:]; len(perKey[key]) == 0 {
				delete(perKey, key)
			}
		}
	}
	return append(records, enginetest.Watermark(time.Unix(10_000, 0))...) // lets the timers fire
}

func keeperTranscript(t *testing.T, h *enginetest.Harness) string {
	var b strings.Builder
	for _, row := range h.Rows("keeper-table") {
		key, value, _ := strings.Cut(row, "=")
		p, err := pads{}.Decode([]byte(value))
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintf(&b, "row %s: %d, timers %v\n", key, len(p.Text), p.Timers)
	}
	emitted := map[string][]string{}
	for _, r := range slices.Concat(h.Records("out")...) {
		emitted[string(r.Key)] = append(emitted[string(r.Key)], fmt.Sprintf("%s/%d", strings.TrimSpace(string(r.Value)), len(r.Value)))
	}
	for _, key := range slices.Sorted(maps.Keys(emitted)) {
		fmt.Fprintf(&b, "out %s: %s\n", key, strings.Join(emitted[key], " "))
	}
	for _, line := range h.DeadLetters("dead") {
		fmt.Fprintf(&b, "dead %s\n", line)
	}
	for _, r := range slices.Concat(h.Records("dead")...) {
		if n := sizeOf(r); n > keeperLimit {
			t.Errorf("a dead letter of %d bytes", n)
		}
	}
	return b.String()
}

func sizeOf(r *kgo.Record) int {
	n := len(r.Key) + len(r.Value)
	for _, x := range r.Headers {
		n += len(x.Key) + len(x.Value)
	}
	return n
}

func finishKeeper(t *testing.T, h *enginetest.Harness) {
	t.Helper()
	h.Start()
	h.Settle("in", "keeper-loop")
	h.Stop()
	golden := filepath.Join("testdata", "keeper.txt")
	got := keeperTranscript(t, h)
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

// What is too large is filed, and nothing but its own callback undone, whatever else its transaction holds.
func TestTooLarge(t *testing.T) {
	for name, c := range map[string]engine.Config{
		"one transaction": {CommitInterval: time.Second, Tick: 10 * time.Millisecond, IdleAfter: -1},
		"many":            small(),
		"singly":          {CommitInterval: time.Millisecond, Tick: 10 * time.Millisecond, IdleAfter: -1, MaxRecords: 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := newKeeper(t, c)
			h.Produce("in", keeperInput()...)
			finishKeeper(t, h)
			if name != "one transaction" {
				return
			}
			for key, n := range changes(h) { // one for input and timers, one more for the loop
				if n > 2 {
					t.Errorf("row %q was sent %d times", key, n)
				}
			}
		})
	}
}

// changes returns how often each row was sent.
func changes(h *enginetest.Harness) map[string]int {
	n := map[string]int{}
	for _, r := range slices.Concat(h.Records("keeper-table")...) {
		if !position.IsReserved(string(r.Key)) {
			n[string(r.Key)]++
		}
	}
	return n
}

func TestTooLargeWithCrashes(t *testing.T) {
	for i, p := range []enginetest.Point{
		{Call: 2}, {Call: 50}, {Key: kmsg.Produce}, {Key: kmsg.Produce, Applied: true, After: 3}, {Key: kmsg.TxnOffsetCommit, After: 1},
		{Key: kmsg.EndTxn}, {Key: kmsg.EndTxn, Applied: true}, {Key: kmsg.EndTxn, Applied: true, After: 2}, {Key: kmsg.EndTxn, After: 3},
	} {
		t.Run(p.String(), func(t *testing.T) {
			h := newKeeper(t, small())
			if i%2 == 0 {
				h.Disk()
			}
			h.Produce("in", keeperInput()...)
			h.CrashAt(p)
			finishKeeper(t, h)
		})
	}
}

// A row that has some size is measured at each write, so that what it holds does not depend on where transactions end.
func TestGrowsTooLargeAndShrinksInOneTransaction(t *testing.T) {
	c := small()
	c.CommitInterval, c.MaxRecords = time.Second, 1000
	h := newKeeper(t, c)
	h.Produce("in", "slow=0 grow=30000")
	h.Start()
	h.Settle("in")
	h.Produce("in", "slow=1 grow=30000", "slow=2 grow=30000 emit=1", "slow=3 grow=-50000", "slow=4 grow=1 emit=1")
	h.Settle("in")
	h.Stop()
	if n := changes(h)["slow"]; n != 2 {
		t.Fatalf("%d transactions", n)
	}
	want := fmt.Sprintf("row slow: 10001, timers []\nout slow: 4/1\n"+
		"dead in-%d-2 row_too_large: engine: row too large: keeper-table, key \"slow\" has 90029 bytes, at most %d\n",
		stream.Partition([]byte("slow"), enginetest.Partitions), keeperLimit)
	if d := cmp.Diff(want, keeperTranscript(t, h)); d != "" {
		t.Error(d)
	}
}
