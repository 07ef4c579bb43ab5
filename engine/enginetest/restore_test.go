package enginetest_test

import (
	"context"
	"flag"
	"strconv"
	"testing"
	"time"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/enginetest"
	"github.com/millrace/millrace/stream"
)

// bytesKeeper is a plain graph with a table.
func bytesKeeper(prefix string, called func()) *goka.GroupGraph {
	return goka.DefineGroup(goka.Group(prefix+"keeper"),
		goka.Input(goka.Stream(prefix+"in"), new(codec.Bytes), func(c goka.Context, m any) {
			called()
			c.SetValue(m)
		}),
		goka.Persist(new(codec.Bytes)))
}

// fill writes a row of 100 bytes for each of n keys to the keeper's changelog.
func fill(b *testing.B, h *enginetest.Harness, n int) {
	b.Helper()
	opts := []kgo.Opt{
		kgo.SeedBrokers(h.Brokers...), kgo.TransactionalID(h.Prefix + "fill"), kgo.MaxBufferedRecords(100_000), kgo.RecordPartitioner(kgo.ManualPartitioner()),
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	value := make([]byte, 100)
	for i := range value {
		value[i] = byte(i * 7)
	}
	for from := 0; from < n; from += 50_000 {
		if err := client.BeginTransaction(); err != nil {
			b.Fatal(err)
		}
		for i := from; i < min(n, from+50_000); i++ {
			key := []byte("key-" + strconv.Itoa(i))
			r := &kgo.Record{Topic: h.Prefix + "keeper-table", Partition: stream.Partition(key, enginetest.Partitions), Key: key, Value: value}
			client.Produce(context.Background(), r, nil) // an error fails the commit
		}
		if err := client.Flush(context.Background()); err != nil {
			b.Fatal(err)
		}
		if err := client.EndTransaction(context.Background(), kgo.TryCommit); err != nil {
			b.Fatal(err)
		}
	}
}

var rows = flag.Int("rows", 10_000, "rows that benchmarks restore, or records of their backlog")

// BenchmarkRestore fills a table from its changelog, in memory and on disk, and starts again with what is on disk.
//
//	go test -run '^$' -bench Restore -benchtime 3x ./engine/enginetest -rows 1000000
func BenchmarkRestore(b *testing.B) {
	start := func(h *enginetest.Harness) time.Duration {
		began := time.Now()
		h.Start()
		h.Ready()
		return time.Since(began)
	}
	for _, kind := range []string{"memory", "disk", "restart"} {
		b.Run(kind, func(b *testing.B) {
			h := enginetest.New(b, engine.Config{Tick: engine.NoTick}, []string{"in", "keeper-table"}, bytesKeeper)
			fill(b, h, *rows)
			if kind == "restart" {
				h.Disk()
				start(h)
				h.Stop()
			}
			var took time.Duration
			n := 0
			for b.Loop() {
				n++
				if kind == "disk" {
					h.Disk()
				}
				took += start(h)
				h.Stop()
			}
			b.ReportMetric(took.Seconds()/float64(n), "s/start")
			b.ReportMetric(float64(*rows*n)/took.Seconds(), "rows/s")
		})
	}
}
