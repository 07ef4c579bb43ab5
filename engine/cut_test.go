package engine

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

// More timers than a transaction calls: the rest, and the records behind, wait for the next ones, also if one is
// aborted or the processor starts anew in between.
func TestManyTimersAreCutIntoTransactions(t *testing.T) {
	t.Run("aborted", func(t *testing.T) {
		f := newFixture(t)
		seen := f.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.TransactionAbortable, TopLevel: true, When: func(kmsg.Request) bool {
			return f.calls.Load() > 300
		}})
		f.cutTimers(func(r *running) *running { return r })
		if seen.Hits() != 1 {
			t.Errorf("%d aborts", seen.Hits())
		}
	})
	t.Run("restarted", func(t *testing.T) {
		f := newFixture(t)
		reached := f.every(50)
		f.cutTimers(func(r *running) *running {
			<-reached
			r.stop(t)
			if n := f.calls.Load(); n > 1000 {
				t.Errorf("stopped after %d calls", n)
			}
			return f.run(r.config, f.bells())
		})
	})
}

// bells is a graph that calls once for each row; negative numbers go through.
func (f *fixture) bells() *goka.GroupGraph {
	return goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(c *stream.Context[int], n int) {
			if n < 0 {
				stream.Emit(c, f.out, "behind", n)
				return
			}
			c.SetRow(n)
			c.SetTimer(at(n), "")
		}),
		stream.Timers(f.group, func(c *stream.Context[int], x stream.Timer) {
			stream.Emit(c, f.out, "k", int(x.Due.Unix()))
			c.DeleteRow()
			if calls := f.calls.Add(1); f.onCall != nil {
				f.onCall(calls)
			}
		}),
		stream.Persist(f.group), stream.Output(f.out), stream.DeadLetters(f.group))
}

// cutTimers lets many timers of one partition become due at once, with a record behind them.
func (f *fixture) cutTimers(meanwhile func(*running) *running) {
	const rows = 1200
	f.in.Time, f.in.EventTime, f.out.Time = stream.Watermarked, nil, stream.Watermarked
	last := stream.KeysFor(testPartitions)[testPartitions-1]
	for n := range rows {
		f.number(keyIn(last, n), n)
	}
	f.says(0, 1, rows)
	f.number(last, -1)
	f.flush()
	c := f.config()
	c.MaxRecords, c.Tick = 100, time.Second // which nobody waits for
	r := meanwhile(f.run(c, f.bells()))
	r.handled(f, "in")
	r.stop(f.t)
	r = f.run(c, f.bells()) // goes on where that one was
	r.handled(f, "in")
	r.stop(f.t)
	var got, want []string
	told, behind := map[int32]int64{}, 0
	for _, rec := range f.committed("out") {
		w, err := watermark.Decode(rec.Value)
		switch {
		case err == nil && w.Source == testPartitions-1:
			told[rec.Partition] = w.Time
		case err == nil:
		case string(rec.Key) == "behind":
			behind++
		default:
			got = append(got, string(rec.Value))
			if told[rec.Partition] >= at(rows).UnixMilli() {
				f.t.Fatalf("%s came after word of %d", rec.Value, told[rec.Partition])
			}
		}
	}
	for n := range rows {
		want = append(want, strconv.Itoa(n))
	}
	if !slices.Equal(got, want) || behind != 1 {
		f.t.Errorf("%d calls, want %d, or in another order; %d records behind", len(got), len(want), behind)
	}
}

// keyIn returns the n-th key in the partition of another.
func keyIn(like string, n int) string {
	for i := n * 100; ; i++ {
		if key := "r" + strconv.Itoa(i); stream.Partition([]byte(key), testPartitions) == stream.Partition([]byte(like), testPartitions) {
			return key
		}
	}
}
