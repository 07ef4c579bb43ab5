package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

const viewTable = "other-table"

// followed is a running view.
type followed struct {
	*View
	cancel context.CancelFunc
	done   chan error
	once   sync.Once
}

func (f *fixture) viewConfig() ViewConfig {
	return ViewConfig{Client: ClientConfig{Brokers: f.brokers}, Table: viewTable, Group: "other", Partitions: testPartitions}
}

func (f *fixture) view(c ViewConfig) *followed {
	f.t.Helper()
	v, err := NewView(c)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &followed{View: v, cancel: cancel, done: make(chan error, 1)}
	go func() { w.done <- v.Run(ctx) }()
	f.t.Cleanup(func() { w.stop(f.t) })
	return w
}

func (w *followed) stop(t testing.TB) {
	t.Helper()
	w.once.Do(func() {
		w.cancel()
		if err := <-w.done; err != nil {
			t.Error(err)
		}
	})
}

func (f *fixture) recovered(w *followed) {
	f.t.Helper()
	if err := w.WaitRecovered(deadline(f.t)); err != nil {
		f.t.Fatal(err)
	}
}

// caughtUp waits for the ends that the table has now.
func (f *fixture) caughtUp(w *followed) {
	f.t.Helper()
	at := map[int32]position.Position{}
	for p, end := range f.ends(viewTable) {
		at[p] = position.Position{viewTable: end}
	}
	if err := w.Wait(deadline(f.t), at); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) rows(w *followed) map[string]string {
	f.t.Helper()
	rows, last := map[string]string{}, ""
	if err := w.Ascend("", func(key string, value []byte) bool {
		if len(rows) > 0 && key <= last {
			f.t.Errorf("%q after %q", key, last)
		}
		rows[key], last = string(value), key
		return true
	}); err != nil {
		f.t.Fatal(err)
	}
	return rows
}

// writer produces in transactions.
type writer struct {
	f      *fixture
	client *kgo.Client
}

func (f *fixture) writer(id string) *writer {
	f.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(f.brokers...), kgo.TransactionalID(id), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(client.Close)
	return &writer{f, client}
}

func (w *writer) begin() {
	w.f.t.Helper()
	if err := w.client.BeginTransaction(); err != nil {
		w.f.t.Fatal(err)
	}
}

// put writes within the transaction; the broker has it when put returns.
func (w *writer) put(key, value string) {
	w.f.t.Helper()
	w.at(stream.Partition([]byte(key), testPartitions), key, []byte(value))
}

func (w *writer) at(partition int32, key string, value []byte) {
	w.f.t.Helper()
	r := &kgo.Record{Topic: viewTable, Partition: partition, Key: []byte(key), Value: value}
	if err := w.client.ProduceSync(context.Background(), r).FirstErr(); err != nil {
		w.f.t.Fatal(err)
	}
}

func (w *writer) end(commit kgo.TransactionEndTry) {
	w.f.t.Helper()
	if err := w.client.EndTransaction(context.Background(), commit); err != nil {
		w.f.t.Fatal(err)
	}
}

// minKey has the FNV-1a hash 0x80000000, at which goka's View.find panics.
const minKey = "user-dwthxge"

func TestViewShowsWhatIsCommitted(t *testing.T) {
	f := newFixture(t)
	w := f.writer("w")
	w.begin()
	w.put("a", "1")
	w.put(minKey, "minimal")
	w.put("", "empty key")
	w.put("\x00pos-like", "the engine's")
	w.end(kgo.TryCommit)
	w.begin()
	w.put("a", "aborted")
	w.put("b", "aborted")
	w.end(kgo.TryAbort)
	v := f.view(f.viewConfig())
	f.recovered(v)
	want := map[string]string{"": "empty key", "a": "1", minKey: "minimal"}
	if d := cmp.Diff(want, f.rows(v)); d != "" {
		t.Error(d)
	}
	w.begin()
	w.put("a", "open")
	w.put("c", "open")
	if err := f.client.ProduceSync(deadline(t), &kgo.Record{Topic: viewTable, Key: []byte("d"), Value: []byte("plain")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	shown := f.rows(v)
	if delete(shown, "d"); !cmp.Equal(want, shown) { // d shows unless it lies behind an open transaction
		t.Errorf("while a transaction is open: %v", shown)
	}
	w.end(kgo.TryCommit)
	f.caughtUp(v) // the ends are those behind the commit markers
	want["a"], want["c"], want["d"] = "open", "open", "plain"
	if d := cmp.Diff(want, f.rows(v)); d != "" {
		t.Error(d)
	}
	for key, want := range map[string]string{minKey: "minimal", "": "empty key", "b": "", "none": "", "\x00pos-like": "", "\x00": ""} {
		if got, err := v.Get(key); string(got) != want || err != nil || (want == "") != (got == nil) {
			t.Errorf("%q is %q, %v", key, got, err)
		}
	}
	var keys []string
	if err := v.Ascend("b", func(key string, _ []byte) bool { keys = append(keys, key); return len(keys) < 2 }); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"c", "d"}, keys); d != "" {
		t.Error(d)
	}
	v.stop(t)
	if _, err := v.Get("a"); !errors.Is(err, ErrView) || v.Recovered() {
		t.Errorf("stopped: %v, recovered %v", err, v.Recovered())
	}
	if err := v.Ascend("", nil); !errors.Is(err, ErrView) {
		t.Errorf("stopped: %v", err)
	}
}

// settled returns the engine's own row for a watermark, as the engine writes it.
func settled(t *testing.T, at time.Time) []byte {
	t.Helper()
	p := watermark.New(watermark.DefaultConfig(), "g", 0, 1, false, watermark.Input{Topic: "in"})
	p.Observe("in", watermark.Record{Origin: "o", Sources: 1, Time: at.UnixMilli()})
	for p.Next(1<<62) != watermark.Read {
	}
	for _, row := range p.Changed() {
		if row.Key == watermark.RowPrefix {
			return row.Value
		}
	}
	t.Fatal("no own row")
	return nil
}

func TestViewKnowsItsPosition(t *testing.T) {
	f := newFixture(t)
	v := f.view(f.viewConfig())
	f.recovered(v)
	if k := v.Known(1); k.Inputs != nil || !k.Watermark.IsZero() {
		t.Errorf("an empty table knows %+v", k)
	}
	waited := make(chan error, 1)
	go func() {
		waited <- v.Wait(deadline(t), map[int32]position.Position{1: {"in": 42, viewTable: 4}, 0: {}})
	}()
	w, now := f.writer("w"), time.UnixMilli(1700000000123).UTC()
	tx := func(inputs position.Position, end kgo.TransactionEndTry) {
		w.begin()
		w.at(1, "k", []byte("row"))
		w.at(1, watermark.RowPrefix, settled(t, now))
		w.at(1, position.Key, inputs.Append(nil))
		w.end(end)
	}
	tx(position.Position{"in": 41}, kgo.TryCommit)
	f.caughtUp(v)
	select {
	case err := <-waited:
		t.Fatalf("waited for 41 only: %v", err)
	default:
	}
	tx(position.Position{"in": 99}, kgo.TryAbort)
	f.caughtUp(v)
	if k := v.Known(1); !cmp.Equal(k.Inputs, position.Position{"in": 41}) || !k.Watermark.Equal(now) || k.Next != f.ends(viewTable)[1] || k.Rows != 3 {
		t.Errorf("known %+v", k)
	}
	now = now.Add(time.Minute)
	tx(position.Position{"in": 42, "other": 7}, kgo.TryCommit)
	if err := <-waited; err != nil {
		t.Error(err)
	}
	f.caughtUp(v)
	if k := v.Known(1); !k.Watermark.Equal(now) || len(k.Inputs) != 2 {
		t.Errorf("known %+v", k)
	}
	late, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("time is up")
	cancel(reason)
	for name, at := range map[string]map[int32]position.Position{
		"ahead": {1: {"in": 43}}, "no such input": {1: {"none": 1}}, "says nothing": {2: {"in": 1}}, "no such partition": {7: {"in": 1}}, "negative": {-1: {"in": 1}},
	} {
		if err := v.Wait(late, at); !errors.Is(err, reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A row that cannot be read says nothing; the rows go on.
	w.begin()
	w.at(1, position.Key, []byte("junk"))
	w.at(1, watermark.RowPrefix, []byte("junk"))
	w.at(1, "k", []byte("after"))
	w.end(kgo.TryCommit)
	f.caughtUp(v)
	got, err := v.Get("k") // k may lie elsewhere by its hash
	if k := v.Known(1); k.Inputs != nil || !k.Watermark.IsZero() || err != nil {
		t.Errorf("known %+v, k is %q, %v", k, got, err)
	}
}

func TestViewTellsOfEveryChange(t *testing.T) {
	f := newFixture(t)
	w, changes := f.writer("w"), []string{} // calls are never concurrent: the race detector would see it
	c := f.viewConfig()
	var v *followed
	c.OnChange = func(key string, value []byte) {
		changes = append(changes, fmt.Sprintf("%s=%s", key, value))
	}
	w.begin()
	w.put("a", "1")
	w.at(0, "\x00own", []byte("x"))
	w.end(kgo.TryCommit)
	v = f.view(c)
	f.recovered(v)
	w.begin()
	w.put("a", "2")
	w.at(stream.Partition([]byte("a"), testPartitions), "a", nil)
	w.end(kgo.TryCommit)
	f.caughtUp(v)
	v.stop(t)
	if d := cmp.Diff([]string{"a=1", "a=2", "a="}, changes); d != "" {
		t.Error(d)
	}
}

func TestViewGoesOnFromItsStore(t *testing.T) {
	f := newFixture(t)
	dir := t.TempDir()
	var restored float64
	run := func(changes *[]string) *followed {
		disk, err := store.NewDisk(store.DiskConfig{Dir: dir, Cache: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = disk.Close() })
		c := f.viewConfig()
		c.Stores, c.Metrics = disk, NewMetrics(nil)
		c.OnChange = func(key string, value []byte) { *changes = append(*changes, key+"="+string(value)) }
		v := f.view(c)
		f.recovered(v)
		restored = 0
		for p := range testPartitions {
			restored += value(t, c.Metrics.restored.WithLabelValues(viewsLabel, viewTable, fmt.Sprint(p)))
		}
		return v
	}
	w := f.writer("w")
	w.begin()
	for i := range 100 {
		w.put(fmt.Sprintf("k%02d", i), "1")
	}
	w.at(2, position.Key, position.Position{"in": 5}.Append(nil))
	w.end(kgo.TryCommit)
	var first, second []string
	v := run(&first)
	if restored != 101 || len(first) != 100 {
		t.Errorf("restored %g records, told of %d", restored, len(first))
	}
	before := f.rows(v)
	v.stop(t)
	v = run(&second)
	if restored != 0 || len(second) != 100 {
		t.Errorf("restored %g records again, told of %d", restored, len(second))
	}
	if d := cmp.Diff(before, f.rows(v)); d != "" {
		t.Error(d)
	}
	if k := v.Known(2); k.Inputs["in"] != 5 {
		t.Errorf("known %+v", k)
	}
	v.stop(t)
	w.begin()
	w.put("k00", "2")
	w.end(kgo.TryCommit)
	if v = run(&second); restored != 1 || f.rows(v)["k00"] != "2" {
		t.Errorf("restored %g records; k00 is %q", restored, f.rows(v)["k00"])
	}
}

// remake deletes the table's topic and makes it anew.
func (f *fixture) remake(partitions int32, then func()) {
	f.t.Helper()
	admin := kadm.NewClient(f.client)
	if _, err := admin.DeleteTopic(f.t.Context(), viewTable); err != nil {
		f.t.Fatal(err)
	}
	then()
	if _, err := admin.CreateTopic(f.t.Context(), partitions, 1, nil, viewTable); err != nil {
		f.t.Fatal(err)
	}
}

func TestViewOfATopicMadeAnewIsRebuilt(t *testing.T) {
	f := newFixture(t)
	for _, key := range []string{"a", "b", "c", "d"} {
		f.write(viewTable, key, []byte("old"))
	}
	f.flush()
	removed := make(chan string, 10)
	c := f.viewConfig()
	c.OnChange = func(key string, value []byte) {
		if value == nil {
			removed <- key
		}
	}
	v := f.view(c)
	f.recovered(v)
	f.remake(testPartitions, func() {
		if got, err := v.Get("a"); err != nil || string(got) != "old" || !v.Recovered() {
			t.Errorf("without its topic: %q, %v, recovered %v", got, err, v.Recovered())
		}
	})
	gone := map[string]bool{}
	for range 4 {
		gone[receive(t, removed)] = true
	}
	w := f.writer("w") // f.client still believes in the old topic
	w.begin()
	w.put("a", "new")
	w.end(kgo.TryCommit)
	f.caughtUp(v)
	f.recovered(v)
	if d := cmp.Diff(map[string]string{"a": "new"}, f.rows(v)); d != "" || len(gone) != 4 {
		t.Error(d, gone)
	}
}

func TestViewRefusesTopics(t *testing.T) {
	f := newFixture(t)
	for name, change := range map[string]func(*ViewConfig){
		"missing": func(c *ViewConfig) { c.Table = "no-such-table" }, "other partitions": func(c *ViewConfig) { c.Partitions = 12 },
	} {
		c := f.viewConfig()
		change(&c)
		v, err := NewView(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Run(deadline(t)); !errors.Is(err, ErrTopic) {
			t.Errorf("%s: %v", name, err)
		}
		if err := v.Run(deadline(t)); err == nil || !strings.Contains(err.Error(), "once") {
			t.Errorf("%s, again: %v", name, err)
		}
	}
	c := f.viewConfig()
	v, err := NewView(c)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- v.Run(deadline(t)) }()
	if err := v.WaitRecovered(deadline(t)); err != nil {
		t.Fatal(err)
	}
	f.remake(testPartitions+1, func() {})
	if err := <-done; !errors.Is(err, ErrTopic) {
		t.Errorf("more partitions: %v", err)
	}
	if err := (ViewConfig{FarBehind: -1}).Validate(); err == nil || !strings.Contains(err.Error(), "brokers") ||
		!strings.Contains(err.Error(), "table") || !strings.Contains(err.Error(), "partitions") || !strings.Contains(err.Error(), "far behind") {
		t.Errorf("%v", err)
	}
	if _, err := NewView(ViewConfig{}); err == nil {
		t.Error("NewView took it")
	}
}

func TestViewSaysHowItRestores(t *testing.T) {
	f := newFixture(t)
	for i := range 50 {
		f.write(viewTable, fmt.Sprint(i), []byte("x"))
	}
	f.flush()
	var log bytes.Buffer
	c := f.viewConfig()
	registry := prometheus.NewRegistry()
	c.Metrics, c.Logger = NewMetrics(registry), slog.New(slog.NewTextHandler(&log, nil))
	c.Metrics.setRecovered("other", true) // its processor's word
	v := f.view(c)
	f.recovered(v)
	f.caughtUp(v)
	if got := value(t, c.Metrics.recovered.WithLabelValues("other")); got != 1 {
		t.Errorf("recovered is %g", got)
	}
	for p := range testPartitions {
		labels := []string{viewsLabel, viewTable, fmt.Sprint(p)}
		if got := value(t, c.Metrics.restoring.WithLabelValues(labels...)); got != 0 {
			t.Errorf("%g are left of partition %d", got, p)
		}
		if got := value(t, c.Metrics.consumerLag.WithLabelValues(labels...)); got != 0 {
			t.Errorf("partition %d lags by %g", p, got)
		}
	}
	c.Metrics.setRecovered("other", false)
	if got := value(t, c.Metrics.recovered.WithLabelValues("other")); got != 0 {
		t.Errorf("recovered is %g without the processor", got)
	}
	v.stop(t)
	if text := log.String(); !strings.Contains(text, "table restored") || !strings.Contains(text, "records=") || !strings.Contains(text, "rate=") {
		t.Errorf("log %s", text)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if name := family.GetName(); name == "millrace_consumer_lag_records" || name == "millrace_table_restore_lag_records" {
			t.Errorf("%s outlives the view", name)
		}
	}
}
