package cluster

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// draining is a Drain under way.
type draining struct {
	k    *kafka
	done chan error
}

func (k *kafka) drain(ctx context.Context, stages ...Stage) *draining {
	d := &draining{k, make(chan error, 1)}
	go func() { d.done <- Drain(ctx, k.adm, stages, time.Millisecond) }()
	return d
}

// looks returns after Drain has asked for committed offsets n more times; it must not have ended.
func (d *draining) looks(n int) {
	d.k.t.Helper()
	for range n {
		select {
		case <-d.k.looked:
		case err := <-d.done:
			d.k.t.Fatal("Drain ended too early:", err)
		}
	}
}

func TestDrainWaitsForAGroupOfConsumers(t *testing.T) {
	k := newKafka(t)
	k.create("in", 2, nil)
	k.put("in", 0, 3)
	k.put("in", 1, 4)
	d := k.drain(t.Context(), Stage{"readers", []string{"in"}})
	reader := k.client(kgo.ConsumerGroup("readers"), kgo.ConsumeTopics("in"), kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	for read := 0; read < 7; {
		fetches := reader.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		read += fetches.NumRecords()
	}
	d.looks(2) // read, but not committed
	if err := reader.CommitUncommittedOffsets(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-d.done; err != nil {
		t.Error(err)
	}
}

// What the first group's records make in the second's input belongs to what is waited for, and so does what a loop
// makes in itself.
func TestDrainFollowsTheFlow(t *testing.T) {
	k := newKafka(t)
	for _, topic := range []string{"in", "middle", "loop"} {
		k.create(topic, 1, nil)
	}
	k.put("in", 0, 1)
	d := k.drain(t.Context(), Stage{"first", []string{"in"}}, Stage{"second", []string{"middle", "loop"}})
	d.looks(1)
	k.put("middle", 0, 2)
	k.commit("first", "in", 0, 1)
	d.looks(1)
	k.commit("second", "middle", 0, 1)
	d.looks(2)
	k.put("loop", 0, 1)
	k.commit("second", "middle", 0, 2)
	d.looks(2)
	k.commit("second", "loop", 0, 1)
	if err := <-d.done; err != nil {
		t.Error(err)
	}
}

func TestDrainTellsWhoIsBehindWhenTimeIsUp(t *testing.T) {
	k := newKafka(t)
	k.create("in", 2, nil)
	k.put("in", 0, 3)
	k.put("in", 1, 4)
	k.commit("readers", "in", 1, 2)
	tooLong := errors.New("waited long enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	d := k.drain(ctx, Stage{"readers", []string{"in"}})
	d.looks(2)
	cancel(tooLong)
	err := <-d.done
	if !errors.Is(err, tooLong) || !strings.Contains(err.Error(), "group readers is still 5 records behind, 3 of them in in/0") {
		t.Errorf("got %v", err)
	}
}
