package main

import (
	"context"
	"fmt"
	"log"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/test/smoke/audit"
)

// tail reads all that the pipeline writes while the run goes on, as a read_committed reader sees it, onto a tape.
type tail struct {
	client  *kgo.Client
	log     *log.Logger
	done    chan struct{}
	commits *commits

	mu      sync.Mutex
	tape    *audit.Tape
	last    time.Time // when something came
	said    int
	changed chan struct{} // closed, and made anew, when something came
}

// follow reads until stop. It keeps control records, without which nobody knows that the end is reached.
func follow(ctx context.Context, brokers []string, tape *audit.Tape, logger *log.Logger) (*tail, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(tape.Topics()...),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(250*time.Millisecond), kgo.FetchMaxPartitionBytes(8<<20))
	if err != nil {
		return nil, err
	}
	t := &tail{client: client, log: logger, commits: newCommits(), done: make(chan struct{}), tape: tape,
		last: time.Now(), changed: make(chan struct{})}
	go t.read(ctx)
	return t, nil
}

func (t *tail) stop() {
	t.client.Close()
	<-t.done
}

// complaints bounds how many are logged while the run goes on; all of them count in the end.
const complaints = 20

func (t *tail) read(ctx context.Context) {
	defer close(t.done)
	for {
		fetches := t.client.PollFetches(ctx)
		if fetches.IsClientClosed() || ctx.Err() != nil {
			return
		}
		fetches.EachError(func(topic string, p int32, err error) { t.log.Printf("reading %s/%d: %v", topic, p, err) })
		if fetches.NumRecords() == 0 {
			continue
		}
		t.mu.Lock()
		now := time.Now()
		for r := range fetches.RecordsAll() {
			if r.Attrs.IsControl() {
				t.commits.observe(r, now)
			}
			for _, wrong := range t.tape.Add(r) {
				if t.said++; t.said <= complaints {
					t.log.Print("at once: ", wrong)
				}
			}
		}
		t.last = time.Now()
		close(t.changed)
		t.changed = make(chan struct{})
		t.mu.Unlock()
	}
}

// with gives the tape to fn, which must not keep it.
func (t *tail) with(fn func(*audit.Tape)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fn(t.tape)
}

// quiet tells for how long nothing has come.
func (t *tail) quiet() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Since(t.last)
}

// reach returns once the tape holds everything below ends.
func (t *tail) reach(ctx context.Context, ends cluster.Ends) error {
	for {
		t.mu.Lock()
		reached, changed := t.tape.Reached(ends), t.changed
		t.mu.Unlock()
		if reached {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the topics cannot be read to their ends: %w", context.Cause(ctx))
		case <-changed:
		}
	}
}
