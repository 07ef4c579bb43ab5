package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/stream"
)

// start runs a plain goka graph with nothing but Options.
func start(t *testing.T, c Config, g *goka.GroupGraph, more ...goka.ProcessorOption) (*goka.Processor, func() error) {
	t.Helper()
	p, err := goka.NewProcessor(c.Client.Brokers, g, append(Options(c), more...)...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- p.Run(ctx) }()
	return p, func() error { cancel(); return <-result }
}

func receive(t *testing.T, from <-chan string) string {
	t.Helper()
	select {
	case s := <-from:
		return s
	case <-deadline(t).Done():
		t.Fatal("nothing came")
		return ""
	}
}

// A plain graph: table, loop, output, join, look-up and deferred commits. goka's own topics are made where missing.
func TestPlainGokaGraph(t *testing.T) {
	f := newFixture(t)
	seen := make(chan string, 100)
	g := goka.DefineGroup("plain",
		goka.Input("in", new(codec.String), func(c goka.Context, m any) {
			n, _ := c.Value().(int64)
			c.SetValue(n+1, goka.WithCtxEmitHeaders(goka.Headers{"h": []byte(c.Key())}))
			c.SetValue(n + 1)
			c.Emit("out", c.Key(), m, goka.WithCtxEmitHeaders(goka.Headers{"h": []byte("v")}))
			c.Loopback(c.Key()+"!", m)
			done := c.DeferCommit()
			seen <- fmt.Sprint(c.Key(), " ", c.Join("other-table"), " ", c.Lookup("adder-table", "looked"))
			go done(nil)
		}),
		goka.Loop(new(codec.String), func(c goka.Context, m any) {
			c.SetValue(int64(1000))
			if m == "delete" {
				c.Delete()
			}
			seen <- "loop " + c.Key()
		}),
		goka.Join("other-table", new(codec.String)), goka.Lookup("adder-table", new(codec.String)),
		goka.Output("out", new(codec.String)), goka.Persist(new(codec.Int64)),
	)
	f.write("other-table", "a", []byte("joined"))
	f.write("adder-table", "looked", []byte("up"))
	f.flush()
	c := f.config()
	c.Partitions = 0
	p, stop := start(t, c, g)
	f.write("in", "a", []byte("x"))
	f.write("in", "a", nil) // goka leaves out records without a value
	f.flush()
	if got := receive(t, seen); got != "a joined up" {
		t.Errorf("got %q", got)
	}
	if got := receive(t, seen); got != "loop a!" {
		t.Errorf("got %q", got)
	}
	f.write("other-table", "a", []byte("again"))
	f.write("adder-table", "looked", []byte("down"))
	f.flush()
	for got := ""; got != "a again down"; { // both are followed
		f.write("in", "a", []byte("delete"))
		got = receive(t, seen)
		if loop := receive(t, seen); loop != "loop a!" {
			t.Errorf("got %q", loop)
		}
	}
	if err := p.VisitAll(t.Context(), "none", nil); err == nil {
		t.Error("a visit outside of transactions was let through")
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	last := map[string]*kgo.Record{}
	for _, r := range f.committed("plain-table") {
		last[string(r.Key)] = r
	}
	if n, err := strconv.Atoi(string(last["a"].Value)); err != nil || n < 2 || len(last["a"].Headers) != 0 {
		t.Errorf("row a is %q, %v", last["a"].Value, last["a"].Headers)
	}
	if last["a!"].Value != nil {
		t.Errorf("row a! is %q", last["a!"].Value)
	}
	out := f.committed("out")
	if len(out) < 2 || len(out[0].Headers) != 1 || string(out[0].Headers[0].Value) != "v" {
		t.Errorf("%d outputs", len(out))
	}
}

func TestStandbyFollowsAndTakesOver(t *testing.T) {
	f := newFixture(t)
	first := f.run(f.config(), f.graph(), goka.WithHotStandby())
	<-first.Ready()
	c := f.config()
	c.Slot = "1"
	second := f.run(c, f.graph(), goka.WithHotStandby(), goka.WithRecoverAhead())
	<-second.Ready()
	f.writeNumbers(0, 2000)
	first.Drain()
	first.stop(t)
	f.writeNumbers(2000, 3000)
	second.handled(f, "in", "adder-loop")
	second.stop(t)
	f.checkSums(3000)
}

func TestErrorsEndTheProcessor(t *testing.T) {
	tests := map[string]struct {
		callback func(c goka.Context)
		text     string
	}{
		"fail":            {func(c goka.Context) { c.Fail(errors.New("on purpose")) }, "on purpose"},
		"panic":           {func(goka.Context) { panic("by accident") }, "by accident"},
		"reserved key":    {func(c goka.Context) { c.SetValue("x") }, "reserved"},
		"deferred commit": {func(c goka.Context) { c.DeferCommit()(errors.New("too late")) }, "too late"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			g := goka.DefineGroup("adder", goka.Persist(new(codec.String)), goka.Output("out", new(codec.String)),
				goka.Input("in", new(codec.String), func(c goka.Context, m any) {
					c.Emit("out", "k", "before")
					test.callback(c)
				}))
			key := "k"
			if name == "reserved key" {
				key = "\x00k"
			}
			f.write("in", key, []byte("x"))
			f.flush()
			r := f.run(f.config(), g)
			select {
			case err := <-r.result:
				if err == nil || !strings.Contains(err.Error(), test.text) {
					t.Errorf("got %v", err)
				}
			case <-deadline(t).Done():
				t.Fatal("still running")
			}
			if n := len(f.committed("out")) + len(f.committed("adder-table")); n != 0 {
				t.Errorf("%d records were committed", n)
			}
		})
	}
}

func TestCallbackThatNeverEndsIsNoticed(t *testing.T) {
	f := newFixture(t)
	c := f.config()
	c.SessionTimeout, c.TransactionTimeout = 2*time.Second, 600*time.Millisecond
	release := make(chan func(error), 1)
	r := f.run(c, goka.DefineGroup("adder", goka.Input("in", new(codec.String), func(c goka.Context, _ any) { release <- c.DeferCommit() })))
	f.write("in", "k", []byte("x"))
	f.flush()
	done := <-release
	<-time.After(500 * time.Millisecond) // beyond its patience
	done(nil)
	if err := <-r.result; !errors.Is(err, ErrBatch) {
		t.Errorf("got %v", err)
	}
}

func TestLostInputHalts(t *testing.T) {
	f := newFixture(t)
	f.writeNumbers(0, 100)
	r := f.run(f.config(), f.graph())
	r.handled(f, "in", "adder-loop")
	r.stop(t)
	f.writeNumbers(100, 200)
	for p, end := range f.ends("in") {
		if err := f.cluster.DeleteRecords("in", p, end); err != nil {
			t.Fatal(err)
		}
	}
	f.writeNumbers(200, 300)
	r = f.run(f.config(), f.graph())
	select {
	case err := <-r.result:
		if !errors.Is(err, ErrDataLoss) {
			t.Errorf("got %v", err)
		}
	case <-deadline(t).Done():
		t.Error("still running")
	}
}

func TestRecreatedAndShortenedTablesAreRebuilt(t *testing.T) {
	f := newFixture(t)
	disk, err := store.NewDisk(store.DiskConfig{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = disk.Close() }()
	f.stores = disk
	f.writeNumbers(0, 500)
	r := f.run(f.config(), f.graph())
	r.handled(f, "in", "adder-loop")
	r.stop(t)
	if err := f.cluster.DeleteTopic("adder-table"); err != nil {
		t.Fatal(err)
	}
	if err := f.cluster.CreateTopic("adder-table", testPartitions, nil); err != nil {
		t.Fatal(err)
	}
	f.write("adder-table", "k1", []byte("1000000"))
	f.flush()
	r = f.run(f.config(), f.graph())
	f.write("in", "k1", []byte("5"))
	f.write("in", "k2", []byte("6"))
	f.flush()
	r.handled(f, "in", "adder-loop")
	r.stop(t)
	if rows := f.table(); rows["k1"] != 1000005 || rows["k2"] != 6 {
		t.Errorf("k1 is %d, k2 is %d", rows["k1"], rows["k2"])
	}
}

// A table that no broker hands out in one answer, with a transaction under way at its end.
func TestRestoreReadsToTheEnd(t *testing.T) {
	f := newFixture(t)
	big := strings.Repeat("0", 100<<10)
	for i := range 300 {
		f.write("adder-table", fmt.Sprintf("row%d", i), []byte(big+strconv.Itoa(i)))
	}
	f.flush()
	open, err := kgo.NewClient(kgo.SeedBrokers(f.brokers...), kgo.TransactionalID("other"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if err := open.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	own := stream.Partition([]byte("row7"), testPartitions)
	if err := open.ProduceSync(t.Context(), &kgo.Record{Topic: "adder-table", Partition: own, Key: []byte("row7"), Value: []byte("70")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	r := f.run(f.config(), f.graph())
	for i := range 300 {
		f.write("in", fmt.Sprintf("row%d", i), []byte("1"))
	}
	f.flush()
	select {
	case <-r.Ready():
		t.Error("ready before the open transaction was decided")
	case <-time.After(200 * time.Millisecond):
	}
	if err := open.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	r.handled(f, "in", "adder-loop")
	r.stop(t)
	rows := f.table()
	for i := range 300 {
		want := i + 1
		if i == 7 {
			want = 71
		}
		if key := fmt.Sprintf("row%d", i); rows[key] != want {
			t.Errorf("%s is %d, not %d", key, rows[key], want)
		}
	}
}

func TestConfigListsEveryProblem(t *testing.T) {
	err := Config{Partitions: -1, SessionTimeout: time.Second, TransactionTimeout: time.Second, CommitInterval: time.Minute, MaxRecords: -1, Tick: -7}.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range []string{"brokers", "partitions -1", "session timeout", "commit interval 1m", "-1 records", "tick"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in:\n%v", part, err)
		}
	}
	if _, err := goka.NewProcessor(nil, goka.DefineGroup("g", goka.Input("in", new(codec.String), func(goka.Context, any) {})), Options(Config{})...); err == nil {
		t.Error("Options hid the problem")
	}
}
