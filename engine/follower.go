package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"
)

// follower reads on in tables that others write, all of them by one client: a broker answers the fetches of a
// connection one after the other, so fetches for single partitions would wait for each other.
type follower struct {
	engine *Engine

	mu       sync.Mutex // guards running and commands, and is held while the loop starts or ends
	commands chan func()
	count    int
	loops    sync.WaitGroup

	// The rest belongs to the loop.
	client *kgo.Client
	open   map[place]*partitionConsumer
}

// add begins to read at an offset.
func (f *follower) add(p *partitionConsumer, offset int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := map[string]map[int32]kgo.Offset{p.at.topic: {p.at.partition: kgo.NewOffset().At(offset)}}
	if f.count++; f.count > 1 {
		f.do(func() {
			f.open[p.at] = p
			f.client.AddConsumePartitions(at)
		})
		return nil
	}
	opts, err := f.engine.config.Client.Options()
	if err == nil {
		f.client, err = kgo.NewClient(append(opts, kgo.ConsumePartitions(at),
			kgo.ConsumeResetOffset(kgo.NoResetOffset()))...)
	}
	if err != nil {
		f.count--
		return fmt.Errorf("engine: %w", err)
	}
	f.open, f.commands = map[place]*partitionConsumer{p.at: p}, make(chan func())
	f.loops.Go(func() { f.run(f.client, f.commands) })
	return nil
}

// remove ends reading; p.ctx has ended.
func (f *follower) remove(p *partitionConsumer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.do(func() {
		delete(f.open, p.at)
		f.client.RemoveConsumePartitions(map[string][]int32{p.at.topic: {p.at.partition}})
	})
	if f.count--; f.count == 0 {
		close(f.commands)
	}
}

// do runs a command in the loop, where no record is on its way to anybody: one that was polled before a partition was
// given up must not reach whoever has it next.
func (f *follower) do(command func()) {
	done := make(chan struct{})
	f.commands <- func() { command(); close(done) }
	<-done
}

func (f *follower) run(client *kgo.Client, commands <-chan func()) {
	defer client.Close()
	for {
		ctx, cancel := context.WithCancel(context.Background())
		polled := make(chan kgo.Fetches, 1)
		go func() { polled <- client.PollFetches(ctx) }()
		var command func()
		open := true
		var fetches kgo.Fetches
		select {
		case fetches = <-polled:
		case command, open = <-commands:
			cancel()
			fetches = <-polled
		}
		cancel()
		f.deliver(fetches)
		if !open {
			return
		}
		if command != nil {
			command()
		}
	}
}

func (f *follower) deliver(fetches kgo.Fetches) {
	fetches.EachError(func(topic string, partition int32, err error) {
		if p := f.open[place{topic, partition}]; p != nil && !errors.Is(err, context.Canceled) {
			select {
			case p.errors <- &sarama.ConsumerError{Topic: topic, Partition: partition, Err: err}:
			default: // one is enough
			}
		}
	})
	fetches.EachRecord(func(r *kgo.Record) {
		p := f.open[place{r.Topic, r.Partition}]
		if p == nil {
			return
		}
		select {
		case p.messages <- fill(new(sarama.ConsumerMessage), r):
		case <-p.ctx.Done():
		}
	})
}
