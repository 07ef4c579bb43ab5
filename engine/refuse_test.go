package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/millrace/millrace/stream"
)

// end returns what a processor ends with by itself.
func (r *running) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.result:
		return err
	case <-deadline(t).Done():
		t.Fatal("still running")
		return nil
	}
}

func (f *fixture) nothingCommitted(topics ...string) {
	f.t.Helper()
	for _, topic := range topics {
		for _, r := range f.committed(topic) {
			if !strings.HasPrefix(string(r.Key), "\x00") {
				f.t.Errorf("%s has %q", topic, r.Key)
			}
		}
	}
}

// A plain graph ends with the record named, and nothing of the value.
func TestTooLargeEndsPlainGraph(t *testing.T) {
	long := strings.Repeat("secret", 300_000)
	headers := goka.WithCtxEmitHeaders(goka.Headers{"h": []byte(long)})
	for name, persist := range map[string]func(goka.Codec) goka.Edge{"goka": func(c goka.Codec) goka.Edge { return goka.Persist(c) }, "engine": Persist} {
		for what, callback := range map[string]func(goka.Context){
			"row":         func(c goka.Context) { c.SetValue(long) },
			"row headers": func(c goka.Context) { c.SetValue(long, goka.WithCtxEmitHeaders(goka.Headers{})) },
			"emit":        func(c goka.Context) { c.Emit("out", "k", long) },
			"loop":        func(c goka.Context) { c.Loopback("k", long) },
			"headers":     func(c goka.Context) { c.Emit("out", "k", "short", headers) },
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				f := newFixture(t)
				g := goka.DefineGroup("adder", persist(new(codec.String)), goka.Output("out", new(codec.String)),
					goka.Loop(new(codec.String), func(goka.Context, any) {}),
					goka.Input("in", new(codec.String), func(c goka.Context, m any) {
						c.SetValue("before")
						if m == "bad" {
							callback(c)
						}
					}))
				p := stream.Partition([]byte("k"), testPartitions)
				for range 2 {
					f.write("in", "k", []byte("good"))
				}
				f.write("in", "k", []byte("bad"))
				f.flush()
				for range 2 { // a restart meets it again
					err := f.run(f.config(), g).end(t)
					if want := fmt.Sprintf("callback of in-%d-2, key \"k\": engine: row too large", p); !errors.Is(err, ErrRowTooLarge) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
						t.Errorf("got %.1000v", err)
					}
				}
				f.nothingCommitted("out", "adder-table")
			})
		}
	}
}

// panicky refuses some rows, in each way that a codec can.
type panicky struct{}

func (panicky) Encode(n int) ([]byte, error) {
	switch n {
	case 1013:
		panic("unlucky")
	case 1014:
		return nil, errors.New("refused")
	}
	return number{}.Encode(n)
}

func (panicky) Decode(b []byte) (int, error) { return number{}.Decode(b) }

// A row that its codec cannot encode is its callback's fault, and a reserved key its record's.
func TestRowsThatCannotBeWritten(t *testing.T) {
	f := newFixture(t)
	f.group.Row = panicky{}
	r := f.run(f.config(), goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(c *stream.Context[int], n int) {
			stream.Emit(c, f.out, c.Key(), n)
			c.SetRow(1000 + n)
		}),
		stream.Persist(f.group), stream.Output(f.out), stream.DeadLetters(f.group)))
	for _, n := range []string{"1", "13", "2", "14", "3"} {
		f.write("in", "k"+n, []byte(n))
	}
	f.write("in", "\x00k", []byte("5"))
	f.flush()
	r.handled(f, "in")
	r.stop(t)
	if rows := f.table(); rows["k1"] != 1001 || rows["k2"] != 1002 || rows["k3"] != 1003 || len(rows) != 3 {
		t.Errorf("rows %v", rows)
	}
	if n := len(f.committed("out")); n != 3 {
		t.Errorf("%d emits", n)
	}
	reasons := map[string]int{}
	for _, r := range f.committed("dead") {
		for _, h := range r.Headers {
			if h.Key == stream.HeaderReason {
				reasons[string(h.Value)]++
			}
		}
	}
	if reasons[stream.ReasonCallbackPanic] != 2 || reasons[stream.ReasonMalformed] != 1 || len(reasons) != 2 {
		t.Errorf("dead letters: %v", reasons)
	}
}

func TestHaltPolicy(t *testing.T) {
	large := stream.Topic[string]{Name: "out", Codec: words{}}
	for name, test := range map[string]struct {
		value, reason string
		group, topic  stream.Policy
		halts         bool
	}{
		"malformed":      {"garbage", "malformed", stream.Halt, stream.ByGroup, true},
		"no value":       {"", "malformed", stream.ByGroup, stream.Halt, true},
		"panic":          {"13", "callback_panic", stream.ByGroup, stream.Halt, true},
		"too large":      {"14", "row_too_large", stream.Halt, stream.ByGroup, true},
		"topic goes on":  {"13", "callback_panic", stream.Halt, stream.ToDeadLetters, false},
		"files itself":   {"15", "over_reversal", stream.Halt, stream.Halt, false},
		"by default not": {"13", "callback_panic", stream.ByGroup, stream.ByGroup, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.group.OnError, f.in.OnError = test.group, test.topic
			graph := func() *goka.GroupGraph {
				return goka.DefineGroup(f.group.Goka(),
					stream.Input(f.group, f.in, func(c *stream.Context[int], n int) {
						c.SetRow(n)
						switch n {
						case 13:
							panic("unlucky")
						case 14:
							stream.Emit(c, large, "k", strings.Repeat("x", 2<<20))
						case 15:
							c.DeadLetter(stream.DeadLetter{Reason: "over_reversal"})
						}
					}),
					stream.Persist(f.group), stream.Output(large), stream.DeadLetters(f.group))
			}
			value := []byte(test.value)
			if test.value == "" {
				value = nil
			}
			f.write("in", "k", []byte("1"))
			f.write("in", "k", value)
			f.flush()
			if !test.halts {
				r := f.run(f.config(), graph())
				r.handled(f, "in")
				r.stop(t)
				if n := len(f.committed("dead")); n != 1 {
					t.Errorf("%d dead letters", n)
				}
				return
			}
			for range 2 {
				err := f.run(f.config(), graph()).end(t)
				want := fmt.Sprintf("in-%d-1 (key \"k\"): %s", stream.Partition([]byte("k"), testPartitions), test.reason)
				if !errors.Is(err, stream.ErrHalted) || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v", err)
				}
			}
			f.nothingCommitted("dead", "adder-table")
		})
	}
}

type words struct{}

func (words) Encode(s string) ([]byte, error) { return []byte(s), nil }
func (words) Decode(b []byte) (string, error) { return string(b), nil }

// What an aborted transaction filed is counted when it comes again, not twice.
func TestDeadLettersAreCountedOnce(t *testing.T) {
	f := newFixture(t)
	c := f.config()
	c.Metrics = NewMetrics(nil)
	f.write("in", "k", []byte("13"))
	for range 3 {
		f.write("in", "k", []byte("garbage"))
	}
	f.write("in", "k", []byte("14"))
	f.flush()
	f.group.Row = wide{}
	r := f.run(c, goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(c *stream.Context[int], n int) { c.SetRow(n) }),
		stream.Persist(f.group), stream.DeadLetters(f.group)))
	r.handled(f, "in")
	r.stop(t)
	if n := value(t, c.Metrics.deadLetters.WithLabelValues("adder", stream.ReasonMalformed)); n != 3 {
		t.Errorf("%g malformed", n)
	}
	if n := value(t, c.Metrics.deadLetters.WithLabelValues("adder", stream.ReasonRowTooLarge)); n != 1 {
		t.Errorf("%g too large", n)
	}
	if n := value(t, c.Metrics.transactions.WithLabelValues("adder", outcomeAborted)); n < 1 {
		t.Errorf("%g aborts", n)
	}
}

// What is finished is measured when it is committed: not where its callback fails, and once though its transaction is
// done over.
func TestWhatIsFinishedIsMeasuredOnce(t *testing.T) {
	f := newFixture(t)
	c := f.config()
	c.Metrics = NewMetrics(nil)
	now := time.Unix(2_000, 0)
	c.Clock = func() time.Time { return now }
	for _, n := range []string{"1", "0", "13", "5000", "14"} {
		f.write("in", "k", []byte(n))
	}
	f.flush()
	f.group.Row = wide{}
	r := f.run(c, goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(c *stream.Context[int], n int) {
			c.SetRow(n)
			if n > 0 {
				c.Finishes(now.Add(-time.Duration(n) * time.Second))
			}
			if n == 0 {
				c.Finishes(time.Time{}) // nobody knows
			}
			if n == 13 {
				panic("unlucky")
			}
			if n == 5000 {
				c.Finishes(now.Add(time.Hour)) // of a clock that is ahead
			}
		}),
		stream.Persist(f.group), stream.DeadLetters(f.group)))
	r.handled(f, "in")
	r.stop(t)
	var out dto.Metric
	if err := c.Metrics.endToEnd.WithLabelValues("adder").(prometheus.Metric).Write(&out); err != nil {
		t.Fatal(err)
	}
	if h := out.GetHistogram(); h.GetSampleCount() != 3 || h.GetSampleSum() != 5001 {
		t.Errorf("%d measured, %g s in all; want 1 s, 5,000 s and 0", h.GetSampleCount(), h.GetSampleSum())
	}
	if n := value(t, c.Metrics.transactions.WithLabelValues("adder", outcomeAborted)); n < 1 {
		t.Errorf("%g aborts", n)
	}
}

// wide makes 14 a large row.
type wide struct{ number }

func (wide) Encode(n int) ([]byte, error) {
	if n == 14 {
		return make([]byte, 2<<20), nil
	}
	return number{}.Encode(n)
}

// Processor.Get and visits read rows that are not encoded yet.
func TestReadersOfPendingRows(t *testing.T) {
	f := newFixture(t)
	read, done := make(chan any, 1), make(chan struct{})
	var p *goka.Processor
	g := goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(c *stream.Context[int], n int) {
			old, _ := c.Row()
			c.SetRow(old + n)
			if n == 2 { // the row of the record before is in the overlay
				v, err := p.Get(c.Key())
				read <- errors.Join(err, fmt.Errorf("%v", v))
				<-done
			}
		}),
		stream.Persist(f.group), stream.DeadLetters(f.group))
	e, err := New(f.config())
	if err != nil {
		t.Fatal(err)
	}
	if p, err = goka.NewProcessor(f.brokers, g, e.Options()...); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{Engine: e, cancel: cancel, result: make(chan error, 1)}
	f.write("in", "k", []byte("40"))
	f.write("in", "k", []byte("2"))
	f.flush()
	go func() { r.result <- e.Run(ctx, p) }()
	if got := fmt.Sprint(<-read); got != "40" {
		t.Errorf("read %s", got)
	}
	close(done)
	r.handled(f, "in")
	r.stop(t)
	if rows := f.table(); rows["k"] != 42 {
		t.Errorf("rows %v", rows)
	}
}

// goka's default headers are on every emit, whoever sends it.
func TestDefaultHeaders(t *testing.T) {
	plain := goka.DefineGroup("adder", goka.Output("out", new(codec.String)), goka.Loop(new(codec.String), func(goka.Context, any) {}),
		goka.Input("in", new(codec.String), func(c goka.Context, m any) {
			c.Emit("out", c.Key(), m, goka.WithCtxEmitHeaders(goka.Headers{"own": []byte("1")}))
			c.Emit("out", c.Key(), m)
			c.Loopback(c.Key(), m)
		}))
	f := newFixture(t)
	group := stream.Group[stream.NoRow]{Name: "adder", DeadLetters: "dead"}
	typed := goka.DefineGroup("adder", stream.Output(f.out), stream.DeadLetters(group),
		stream.Loop(group, number{}, func(*stream.Context[stream.NoRow], int) {}),
		stream.Input(group, f.in, func(c *stream.Context[stream.NoRow], n int) {
			stream.Emit(c, f.out, c.Key(), n)
			stream.Emit(c, f.out, c.Key(), n)
			stream.Loopback(c, c.Key(), n)
		}))
	for name, g := range map[string]*goka.GroupGraph{"plain": plain, "stream": typed} {
		for _, with := range []int{1, 0} {
			t.Run(fmt.Sprintf("%s/%d", name, with), func(t *testing.T) {
				f := newFixture(t)
				var opts []goka.ProcessorOption
				if with > 0 {
					opts = append(opts, goka.WithProducerDefaultHeaders(goka.Headers{"default": []byte("1")}))
				}
				r := f.run(f.config(), g, opts...)
				for range 10 {
					f.write("in", "k", []byte("1"))
				}
				f.flush()
				r.handled(f, "in", "adder-loop")
				r.stop(t)
				for topic, want := range map[string]int{"out": 20, "adder-loop": 10} {
					n, headers := 0, 0
					for _, r := range f.committed(topic) {
						if string(r.Key) != "k" {
							continue // word of time
						}
						n++
						for _, h := range r.Headers {
							if h.Key == "default" {
								headers++
							}
						}
					}
					if n != want || headers != with*want {
						t.Errorf("%d records in %s, %d default headers", n, topic, headers)
					}
				}
			})
		}
	}
}
