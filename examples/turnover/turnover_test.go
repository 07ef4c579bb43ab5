package main

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/stream"
)

// TestTurnover runs the processor on a broker in this process, stops it in the middle, and reads what came of it.
func TestTurnover(t *testing.T) {
	broker, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(broker.Addr()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeTopics("turnover", "turnover-dead-letters"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopics(ctx, 1, 1, nil, "sales", "turnover", "turnover-dead-letters"); err != nil {
		t.Fatal(err)
	}
	sell := func(sales ...string) {
		t.Helper()
		for _, s := range sales {
			if err := client.ProduceSync(ctx, &kgo.Record{Topic: "sales", Key: []byte("shop-1"), Value: []byte(s)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	data := t.TempDir()
	life := func(during func()) {
		t.Helper()
		ctx, stop := context.WithCancel(ctx)
		ready, result := make(chan struct{}), make(chan error, 1)
		go func() { result <- run(ctx, []string{broker.Addr()}, "0", data, ready) }()
		select {
		case <-ready:
			during()
		case err := <-result:
			t.Fatal(err)
		}
		stop()
		if err := <-result; err != nil {
			t.Fatal(err)
		}
	}
	life(func() {
		sell(`{"amount":100,"at":"2026-03-01T10:00:05Z"}`, `{"amount":50,"at":"2026-03-01T10:01:02Z"}`, `no sale`)
		expect(t, ctx, client, "turnover-dead-letters", "no sale")
	})
	life(func() { // the window and its timer are still there
		sell(`{"amount":1,"at":"2026-03-01T10:00:59Z"}`, `{"amount":7,"at":"2026-03-01T10:01:10Z"}`)
		expect(t, ctx, client, "turnover", `{"from":"2026-03-01T10:00:00.000Z","to":"2026-03-01T10:01:00.000Z","amount":101}`)
		sell(`{"amount":1,"at":"2026-03-01T10:00:58Z"}`)
		expect(t, ctx, client, "turnover-dead-letters", `{"amount":1,"at":"2026-03-01T10:00:58Z"}`)
	})
}

func expect(t *testing.T, ctx context.Context, client *kgo.Client, topic, value string) {
	t.Helper()
	for {
		fetches := client.PollRecords(ctx, 1)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		for _, r := range fetches.Records() {
			if r.Topic != topic || string(r.Value) != value {
				t.Fatalf("%s has %s (%s), want %s on %s", r.Topic, r.Value, reason(r), value, topic)
			}
			return
		}
	}
}

func reason(r *kgo.Record) string {
	for _, h := range r.Headers {
		if h.Key == stream.HeaderReason {
			return string(h.Value)
		}
	}
	return ""
}
