package engine

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/engine/timer"
)

const (
	million         = 1_000_000
	timerPartitions = 12
)

// millionTimers are pending, 10 ms apart, spread over the partitions.
func millionTimers(b *testing.B) *fixture {
	b.Helper()
	f := newFixture(b)
	if err := f.cluster.CreateTopic(rigTopic, timerPartitions, nil); err != nil {
		b.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(f.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedRecords(million),
		kgo.ProducerLinger(20*time.Millisecond))
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	for i := range million {
		key := timer.AppendKey(nil, timer.Timer{Due: int64(i) * 10, Key: fmt.Sprintf("transaction-%07d", i), Name: "pending"})
		client.Produce(b.Context(), &kgo.Record{Topic: rigTopic, Partition: int32(i % timerPartitions), Key: key, Value: timer.Value()},
			func(_ *kgo.Record, err error) {
				if err != nil {
					b.Error(err)
				}
			})
	}
	if err := client.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	return f
}

// From the assignment of all partitions to the first timer of each, a million pending. The disk has them, or is to read them from
// the topic; memory always is.
func BenchmarkStartWithAMillionTimers(b *testing.B) {
	f := millionTimers(b)
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

func heapBytes() int64 {
	runtime.GC()
	runtime.GC() // the first one may have been under way
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
