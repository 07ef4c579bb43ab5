package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// journalEntry is like an entry of ledger-journal.
func journalEntry(i int) []byte {
	b, err := json.Marshal(map[string]any{
		"transaction_id": fmt.Sprintf("txn_%d", i*7919), "user_id": fmt.Sprintf("usr_%d", i*31%1000), "seq": 1, "event_id": fmt.Sprintf("evt_%d", i),
		"verdict": "applied", "net_before": 0, "net_after": 10000 + i, "currency": "INR", "at": fmt.Sprintf("2026-03-01T10:00:%02d.250Z", i%60),
	})
	if err != nil {
		panic(err)
	}
	return b
}

// TestCodecsOnTheWire: what others read is gzip, which every client can read, whatever the codec of the rest is.
func TestCodecsOnTheWire(t *testing.T) {
	tombstone := func(int) []byte { return nil }
	row := func(i int) []byte { return append([]byte{3}, bytes.Repeat([]byte{byte(i)}, 200)...) }
	for _, c := range []struct {
		compression string
		value       func(int) []byte
		want        kgo.CompressionCodecType
	}{
		{"snappy", journalEntry, kgo.CodecGzip},
		{"snappy", row, kgo.CodecSnappy},
		{"snappy", tombstone, kgo.CodecSnappy},
		{"snappy", func(i int) []byte {
			if i < 3 {
				return nil
			}
			return journalEntry(i)
		}, kgo.CodecGzip},
		{"zstd", journalEntry, kgo.CodecGzip},
		{"zstd", row, kgo.CodecZstd},
		{"none", journalEntry, kgo.CodecNone},
		{"none", row, kgo.CodecNone},
	} {
		if got := codecOnTheWire(t, c.compression, c.value); got != c.want {
			t.Errorf("%s, value %.20q: codec %d, want %d", c.compression, c.value(9), got, c.want)
		}
	}
}

// codecOnTheWire produces a batch and returns the codec in its attributes as the broker has them.
func codecOnTheWire(t *testing.T, compression string, value func(int) []byte) kgo.CompressionCodecType {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "t"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	opts, err := ClientConfig{Brokers: cluster.ListenAddrs(), Compression: compression}.Options()
	if err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(append(opts, kgo.ProducerLinger(0))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	codecs := make(chan kgo.CompressionCodecType, 99)
	cluster.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		var batch kmsg.RecordBatch
		if err := batch.ReadFrom(r.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Records); err != nil {
			t.Error(err)
		}
		codecs <- kgo.CompressionCodecType(batch.Attributes & 7)
		return nil, nil, false
	})
	var records []*kgo.Record
	for i := range 50 {
		records = append(records, &kgo.Record{Topic: "t", Key: []byte("key"), Value: value(i)})
	}
	if err := client.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	return <-codecs
}

// FuzzIsText: whatever the bytes, no panic.
func FuzzIsText(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x14, 0, 0, 0, 2, 'k', 2, '{', 0})
	f.Fuzz(func(_ *testing.T, b []byte) { isText(b) })
}

func BenchmarkCompress(b *testing.B) {
	var records []byte
	for i := range 200 {
		r := kmsg.Record{Key: []byte("key"), Value: journalEntry(i), OffsetDelta: int32(i)}
		r.Length = int32(len(r.AppendTo(nil)) - 1)
		records = r.AppendTo(records)
	}
	for _, name := range []string{"snappy", "lz4", "zstd"} {
		codec, _ := compression(name)
		c, err := kgo.DefaultCompressor(codec)
		if err != nil {
			b.Fatal(err)
		}
		compressAll(b, name, c, records)
	}
	for _, level := range []int{1, 6} {
		c, err := kgo.DefaultCompressor(kgo.GzipCompression().WithLevel(level))
		if err != nil {
			b.Fatal(err)
		}
		compressAll(b, fmt.Sprintf("gzip-%d", level), c, records)
	}
}

func compressAll(b *testing.B, name string, c kgo.Compressor, records []byte) {
	b.Run(name, func(b *testing.B) {
		b.SetBytes(int64(len(records)))
		var dst bytes.Buffer
		size := 0
		for b.Loop() {
			dst.Reset()
			out, _ := c.Compress(&dst, records)
			size = len(out)
		}
		b.ReportMetric(float64(size)/float64(len(records)), "ratio")
	})
}
