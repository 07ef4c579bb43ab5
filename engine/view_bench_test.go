package engine

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/stream"
)

const (
	benchPartitions = 12
	benchRowBytes   = 200
)

func benchKey(i int) string { return fmt.Sprintf("usr_%07d", i) }

// benchView returns a view with so many rows, as if it had read them.
func benchView(b *testing.B, stores store.Opener, rows int) *View {
	b.Helper()
	v, err := NewView(ViewConfig{Client: ClientConfig{Brokers: []string{"127.0.0.1:1"}}, Table: "t", Partitions: benchPartitions, Stores: stores})
	if err != nil {
		b.Fatal(err)
	}
	if err := v.openStores(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := v.close(); err != nil {
			b.Error(err)
		}
	})
	chunks := make([][]*kgo.Record, benchPartitions)
	for i := range rows {
		key := benchKey(i)
		p := v.Partition(key)
		chunks[p] = append(chunks[p], &kgo.Record{Key: []byte(key), Value: make([]byte, benchRowBytes), Offset: int64(i)})
		if len(chunks[p]) == 10_000 || i >= rows-benchPartitions*10 {
			if err := v.parts[p].apply(chunks[p], int64(i+1), kadm.TopicID{1}); err != nil {
				b.Fatal(err)
			}
			chunks[p] = nil
		}
	}
	for p, chunk := range chunks {
		if err := v.parts[p].apply(chunk, int64(rows), kadm.TopicID{1}); err != nil {
			b.Fatal(err)
		}
	}
	return v
}

// BenchmarkView reads from tables small and large, whose costs must not part.
func BenchmarkView(b *testing.B) {
	for _, rows := range []int{1_000, 1_000_000} {
		b.Run(fmt.Sprintf("memory/%d", rows), func(b *testing.B) { benchReads(b, benchView(b, store.Memory{}, rows), rows) })
		b.Run(fmt.Sprintf("disk/%d", rows), func(b *testing.B) {
			disk, err := store.NewDisk(store.DiskConfig{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = disk.Close() })
			benchReads(b, benchView(b, disk, rows), rows)
		})
	}
}

func benchReads(b *testing.B, v *View, rows int) {
	keys := make([]string, 4096) // all over the table
	for i := range keys {
		keys[i] = benchKey(i * 7919 % (rows - 100))
	}
	i := 0
	b.Run("get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if value, err := v.Get(keys[i%len(keys)]); err != nil || value == nil {
				b.Fatal(err)
			}
			i++
		}
	})
	b.Run("page", func(b *testing.B) { // of 50 rows
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			if err := v.Ascend(keys[i%len(keys)], func(string, []byte) bool { n++; return n < 50 }); err != nil || n != 50 {
				b.Fatal(n, err)
			}
			i++
		}
	})
}

// BenchmarkViewKnown asks what a partition reflects.
func BenchmarkViewKnown(b *testing.B) {
	v := benchView(b, store.Memory{}, 1_000)
	b.ReportAllocs()
	for b.Loop() {
		if v.Known(3).Next == 0 {
			b.Fatal("nothing")
		}
	}
}

// BenchmarkViewRestore reads a changelog of 100,000 rows, written in transactions, from a broker in this process.
func BenchmarkViewRestore(b *testing.B) {
	const rows, transaction = 100_000, 10_000
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(benchPartitions, "t"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(cluster.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.TransactionalID("fill"),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedRecords(2*transaction))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.Close)
	for from := 0; from < rows; from += transaction {
		if err := client.BeginTransaction(); err != nil {
			b.Fatal(err)
		}
		for i := from; i < from+transaction; i++ {
			key := []byte(benchKey(i))
			client.Produce(b.Context(), &kgo.Record{Topic: "t", Partition: stream.Partition(key, benchPartitions), Key: key, Value: make([]byte, benchRowBytes)}, nil)
		}
		if err := errors.Join(client.Flush(b.Context()), client.EndTransaction(b.Context(), kgo.TryCommit)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		v, err := NewView(ViewConfig{Client: ClientConfig{Brokers: cluster.ListenAddrs()}, Table: "t", Partitions: benchPartitions})
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error, 1)
		go func() { done <- v.Run(ctx) }()
		if err := v.WaitRecovered(ctx); err != nil {
			b.Fatal(err)
		}
		cancel()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
