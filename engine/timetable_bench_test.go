package engine

import (
	"context"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/engine/timer"
	"github.com/millrace/millrace/stream"
)

const (
	million         = 1_000_000
	timerPartitions = 12
)

// writeMillion makes a million timers pending, 10 ms apart, spread over the partitions of a topic.
func (f *fixture) writeMillion(b *testing.B, topic string, partitions int) {
	b.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(f.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedRecords(million),
		kgo.ProducerLinger(20*time.Millisecond))
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	for i := range million {
		key := timer.AppendKey(nil, timer.Timer{Due: int64(i) * 10, Key: fmt.Sprintf("transaction-%07d", i), Name: "pending"})
		client.Produce(b.Context(), &kgo.Record{Topic: topic, Partition: int32(i % partitions), Key: key, Value: timer.Value()},
			func(_ *kgo.Record, err error) {
				if err != nil {
					b.Error(err)
				}
			})
	}
	if err := client.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// From the assignment of all partitions to the first timer of each, a million pending. The disk has them, or is to read
// them from the topic; memory always is.
func BenchmarkStartWithAMillionTimers(b *testing.B) {
	f := newFixture(b)
	if err := f.cluster.CreateTopic(rigTopic, timerPartitions, nil); err != nil {
		b.Fatal(err)
	}
	f.writeMillion(b, rigTopic, timerPartitions)
	kept := newDisk(b)
	startWithAMillion(b, f, kept) // fills it
	for name, opener := range map[string]func() store.Opener{
		"disk":       func() store.Opener { return kept },
		"empty-disk": func() store.Opener { return newDisk(b) },
		"memory":     func() store.Opener { return store.Memory{} },
	} {
		b.Run(name, func(b *testing.B) {
			var heap float64
			for range b.N {
				heap = startWithAMillion(b, f, opener())
			}
			b.ReportMetric(heap, "MB-heap")
		})
	}
}

// startWithAMillion returns by how much the heap grew, in MiB.
func startWithAMillion(b *testing.B, f *fixture, opener store.Opener) float64 {
	b.Helper()
	b.StopTimer()
	before := heapBytes()
	c := f.config()
	c.Stores = opener
	e, err := New(c)
	if err != nil {
		b.Fatal(err)
	}
	e.graph.group = "rig"
	if err := e.begin(); err != nil { // the connection is there at a rebalance
		b.Fatal(err)
	}
	numbers := make([]int32, timerPartitions)
	for n := range numbers {
		numbers[n] = int32(n)
	}
	b.StartTimer()
	all, err := e.openTimetables(context.Background(), numbers)
	if err != nil {
		b.Fatal(err)
	}
	for n, t := range all {
		if due, err := t.due(); err != nil || due != int64(n)*10 {
			b.Fatalf("partition %d: first is due %d, %v", n, due, err)
		}
	}
	b.StopTimer()
	grown := float64(heapBytes()-before) / (1 << 20)
	for _, t := range all {
		t.close()
	}
	if err := e.close(); err != nil {
		b.Fatal(err)
	}
	b.StartTimer()
	return grown
}

// The whole start of a processor with a million timers pending on disk: until it handles records.
func BenchmarkReadyWithAMillionTimers(b *testing.B) {
	f := newFixture(b)
	f.writeMillion(b, "adder-timers", testPartitions)
	f.stores = newDisk(b)
	f.run(f.config(), f.waking()).ready(b).stop(b)
	b.ResetTimer()
	for range b.N {
		r := f.run(f.config(), f.waking()).ready(b)
		b.StopTimer()
		r.stop(b)
		b.StartTimer()
	}
}

func (r *running) ready(t testing.TB) *running {
	t.Helper()
	select {
	case <-r.Ready():
	case err := <-r.result:
		t.Fatal(err)
	case <-deadline(t).Done():
		t.Fatal("not ready")
	}
	return r
}

// waking sets a timer for each record, which counts in the row.
func (f *fixture) waking() *goka.GroupGraph {
	f.in.Time, f.in.EventTime = stream.Watermarked, nil
	return goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(c *stream.Context[int], n int) { c.SetTimer(at(n), "wake") }),
		stream.Timers(f.group, func(c *stream.Context[int], _ stream.Timer) {
			n, _ := c.Row()
			c.SetRow(n + 1)
		}),
		stream.Persist(f.group), stream.DeadLetters(f.group))
}

// 100,000 timers become due at once: from the word of time to the last commit, with the reading and writing of a row
// each.
func BenchmarkFire100000Timers(b *testing.B) {
	const timers = 100_000
	f := newFixture(b)
	c := f.config()
	c.CommitInterval, c.IdleAfter = 100*time.Millisecond, -1
	f.stores = newDisk(b)
	r := f.run(c, f.waking())
	var cpu time.Duration
	for round := range b.N {
		b.StopTimer()
		due := (round + 1) * 1000
		for i := range timers {
			f.number(fmt.Sprintf("key-%d", i), due+i%7)
		}
		f.flush()
		r.handled(f, "in")
		began := cpuTime(b)
		b.StartTimer()
		f.says(0, 1, due+10)
		f.flush()
		r.handled(f, "in")
		for r.Tick() > 0 { // until none is left
		}
		cpu += cpuTime(b) - began
	}
	b.StopTimer()
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*timers), "us/timer")
	b.ReportMetric(float64(cpu.Microseconds())/float64(b.N*timers), "cpu-us/timer")
	r.stop(b)
	if n := len(f.table()); n != timers {
		b.Errorf("%d rows", n)
	}
}

// cpuTime is that of this process, with the broker in it.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heapBytes() int64 {
	runtime.GC()
	runtime.GC() // the first one may have been under way
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
