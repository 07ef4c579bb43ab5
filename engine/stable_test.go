package engine

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func TestStillOffsetsHaveAnAge(t *testing.T) {
	var s lastStable
	at, now := place{"t", 1}, time.Unix(1000, 0)
	after := func(d time.Duration) time.Time { return now.Add(d) }
	for i, step := range []struct {
		offset, end int64
		at, want    time.Duration
	}{
		{10, 10, 0, 0},
		{10, 12, time.Second, time.Second}, // it was at the end a second ago: records came since then
		{10, 15, 3 * time.Second, 3 * time.Second},
		{11, 15, 4 * time.Second, 0},
		{11, 15, 9 * time.Second, 5 * time.Second},
		{15, 15, 10 * time.Second, 0},
		{15, 15, 20 * time.Second, 0},
	} {
		if got := s.observe(at, step.offset, step.end, after(step.at)); got != step.want {
			t.Errorf("step %d: %s, not %s", i, got, step.want)
		}
	}
	if got := s.observe(place{"t", 2}, 1, 2, after(time.Minute)); got != 0 {
		t.Errorf("another partition: %s", got)
	}
}

// A transaction that stays open in an input shows.
func TestOpenTransactionShows(t *testing.T) {
	f := newFixture(t)
	producer, err := kgo.NewClient(kgo.SeedBrokers(f.brokers...), kgo.TransactionalID("hanging"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	if err := producer.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := producer.ProduceSync(deadline(t), &kgo.Record{Topic: "in", Partition: 2, Value: []byte("1")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	e, err := New(f.config())
	if err != nil {
		t.Fatal(err)
	}
	e.graph = readGraph(f.graph(), e.config)
	s := &session{engine: e, all: []*claim{
		{topic: "in", number: 1, offsets: new(Offsets)}, {topic: "in", number: 2, offsets: new(Offsets)},
	}}
	age := func(seen *look) float64 {
		seen.stable.measured = time.Time{}
		if _, err := s.checkEnds(deadline(t), seen, false); err != nil {
			t.Fatal(err)
		}
		return value(t, e.config.Metrics.stableAge.WithLabelValues("adder", "in"))
	}
	seen := newLook(f.client)
	if got := age(seen); got != 0 {
		t.Errorf("at first sight %v", got)
	}
	if got := age(seen); got <= 0 {
		t.Errorf("then %v", got)
	}
	if err := producer.EndTransaction(context.Background(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	if got := age(seen); got != 0 {
		t.Errorf("once it ended %v", got)
	}
}
