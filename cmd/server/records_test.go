package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/views/serve"
)

const letters = "dead-letters"

// reader returns records of a topic with two partitions, on a broker in memory.
func reader(t *testing.T) (*records, string) {
	t.Helper()
	b, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	limit := "4194304"
	if _, err := kadm.NewClient(client).CreateTopic(t.Context(), 2, 1, map[string]*string{"max.message.bytes": &limit}, letters); err != nil {
		t.Fatal(err)
	}
	return &records{client, letters}, b.Addr()
}

// write appends values to a partition, as one batch.
func write(t *testing.T, addr string, partition int32, values ...string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(time.Minute),
		kgo.ProducerBatchMaxBytes(4<<20), kgo.ProducerBatchCompression(kgo.SnappyCompression()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, v := range values {
		client.Produce(t.Context(), &kgo.Record{Topic: letters, Partition: partition, Value: []byte(v)}, func(_ *kgo.Record, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	if err := client.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, r *records, places ...serve.Place) []string {
	t.Helper()
	values, err := r.Read(t.Context(), places)
	if err != nil {
		t.Fatal(err)
	}
	if len(values) != len(places) {
		t.Fatalf("%d values for %d places", len(values), len(places))
	}
	texts := make([]string, len(values))
	for i, v := range values {
		if texts[i] = "nil"; v != nil {
			texts[i] = string(v.Value)
		}
	}
	return texts
}

func TestReadReturnsTheValueAtEachPlace(t *testing.T) {
	r, addr := reader(t)
	write(t, addr, 0, "a0", "a1", "a2", "a3") // one batch: a fetch from its middle gets all of it
	write(t, addr, 0, "", "a5")
	write(t, addr, 1, "b0")
	got := read(t, r,
		serve.Place{Partition: 0, Offset: 2}, serve.Place{Partition: 1, Offset: 0}, serve.Place{Partition: 0, Offset: 5},
		serve.Place{Partition: 0, Offset: 0}, serve.Place{Partition: 0, Offset: 2}, serve.Place{Partition: 0, Offset: 4},
	)
	if diff := cmp.Diff([]string{"a2", "b0", "a5", "a0", "a2", ""}, got); diff != "" {
		t.Error(diff)
	}
	if got := read(t, r); len(got) != 0 {
		t.Errorf("no places, but %q", got)
	}
}

// Records as large as a dead letter may be, further apart than one fetch reaches.
func TestReadFindsPlacesFarApart(t *testing.T) {
	r, addr := reader(t)
	var want []string
	var places []serve.Place
	for i := range 6 {
		v := fmt.Sprint(i) + strings.Repeat(string(rune('a'+i)), 1100<<10)
		write(t, addr, 1, v)
		want = append([]string{v}, want...)
		places = append([]serve.Place{{Partition: 1, Offset: int64(i)}}, places...)
	}
	for i, got := range read(t, r, places...) {
		if got != want[i] {
			t.Errorf("place %v: %d bytes that begin with %.8q", places[i], len(got), got)
		}
	}
}

func TestReadGivesNilWhereARecordIsNoLonger(t *testing.T) {
	r, addr := reader(t)
	write(t, addr, 0, "a0", "a1")
	write(t, addr, 0, "a2", "a3")
	trim := kadm.Offsets{}
	trim.AddOffset(letters, 0, 2, -1)
	if _, err := kadm.NewClient(r.client).DeleteRecords(t.Context(), trim); err != nil {
		t.Fatal(err)
	}
	got := read(t, r,
		serve.Place{Partition: 0, Offset: 3}, serve.Place{Partition: 0, Offset: 1}, serve.Place{Partition: 0, Offset: 0},
		serve.Place{Partition: 0, Offset: 99}, serve.Place{Partition: 1, Offset: 0},
	)
	if diff := cmp.Diff([]string{"a3", "nil", "nil", "nil", "nil"}, got); diff != "" {
		t.Error(diff)
	}
}

// The topic is written in transactions: between its records stand aborted ones and markers.
func TestReadAmongTransactions(t *testing.T) {
	r, addr := reader(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.TransactionalID("w"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	transaction := func(value string) {
		if err := errors.Join(client.BeginTransaction(), client.ProduceSync(t.Context(), &kgo.Record{Topic: letters, Value: []byte(value)}).FirstErr()); err != nil {
			t.Fatal(err)
		}
	}
	end := func(commit kgo.TransactionEndTry) {
		if err := client.EndTransaction(t.Context(), commit); err != nil {
			t.Fatal(err)
		}
	}
	for i, commit := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit, kgo.TryAbort, kgo.TryCommit} {
		transaction(fmt.Sprint(i)) // at offset 2i, its marker behind it
		end(commit)
	}
	transaction("open")
	places := []serve.Place{{Offset: 0}, {Offset: 2}, {Offset: 4}, {Offset: 6}, {Offset: 7}, {Offset: 8}}
	if diff := cmp.Diff([]string{"nil", "1", "nil", "3", "nil", "nil"}, read(t, r, places...)); diff != "" {
		t.Error(diff)
	}
	end(kgo.TryCommit)
	if got := read(t, r, serve.Place{Offset: 8}); got[0] != "open" {
		t.Errorf("committed, but %q", got)
	}
}

func TestReadErrors(t *testing.T) {
	r, addr := reader(t)
	write(t, addr, 0, "a0")
	if _, err := r.Read(t.Context(), []serve.Place{{Partition: 0}, {Partition: 7}}); err == nil || !strings.Contains(err.Error(), "no partition 7") {
		t.Errorf("unknown partition: %v", err)
	}
	missing := &records{r.client, "none"}
	if _, err := missing.Read(t.Context(), []serve.Place{{}}); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("unknown topic: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Read(gone, []serve.Place{{}}); !errors.Is(err, context.Canceled) {
		t.Errorf("the caller has gone: %v", err)
	}
}
