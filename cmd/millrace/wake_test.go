package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A large replay to running groups first gives every partition a clock from before its events, and waits until it is
// read.
func TestReplayWakesPartitions(t *testing.T) {
	addr := broker(t)
	create(t, addr, "payments", 3)
	joined := make(chan struct{})
	intake, err := kgo.NewClient(kgo.OnPartitionsAssigned(func(context.Context, *kgo.Client, map[string][]int32) { close(joined) }),
		kgo.SeedBrokers(addr), kgo.ConsumerGroup("intake"), kgo.ConsumeTopics("payments"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())
	if err != nil {
		t.Fatal(err)
	}
	first := map[int32][]string{} // by partition, in order
	read, all := make(chan struct{}), make(chan int, 1)
	go func() {
		defer close(read)
		defer intake.Close()
		for n, want := 0, -1; want < 0 || n < want; {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			fetches := intake.PollFetches(ctx)
			cancel()
			for r := range fetches.RecordsAll() {
				first[r.Partition] = append(first[r.Partition], string(r.Value))
				n++
			}
			if err := intake.CommitUncommittedOffsets(t.Context()); err != nil {
				t.Error(err)
				return
			}
			select {
			case want = <-all:
			default:
			}
		}
	}()
	<-joined
	file := write(t, "events.jsonl", "not json\n"+`{"id":"1","transaction_id":"a","updated_at":"2026-03-02T10:00:00Z","note":"`+strings.Repeat("x", wokenFrom)+"\"}\n")
	got := millrace(t, 0, "replay", file, "--brokers", addr)
	all <- int(sent(t, addr, "payments"))
	<-read
	if got.out != "sent=2\n" || got.errs != "" {
		t.Errorf("replay said %q and %q", got.out, got.errs)
	}
	clocks, events := 0, 0
	for _, lines := range first {
		for i, line := range lines {
			switch {
			case strings.Contains(line, `"2026-03-01T10:00:00.000Z"`):
				clocks++
				if i > 0 && lines[i-1] != "not json" {
					t.Errorf("a clock after %s", lines[i-1])
				}
			default:
				events++
			}
		}
	}
	if clocks != 3 || events != 2 {
		t.Errorf("%d clocks and %d events, want 3 and 2: %v", clocks, events, first)
	}
}
