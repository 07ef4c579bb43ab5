package worker

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/domain/task"
)

// serveMicro polls while at least half of the slots are free, so that a busy worker holds few runs that others could
// begin.
func (l *lane) serveMicro(polling context.Context) {
	var calls sync.WaitGroup
	defer calls.Wait()
	for polling.Err() == nil {
		free := l.slots.take(polling, (l.kind.Concurrency+1)/2)
		if free == 0 {
			return
		}
		var settled sync.WaitGroup
		for _, r := range l.poll(polling, free) {
			run := l.read(r)
			if run == nil {
				continue
			}
			free--
			settled.Add(1)
			c := &call{lane: l, record: r, run: run, settle: sync.OnceFunc(settled.Done)}
			calls.Go(func() {
				defer l.slots.give(1)
				c.do()
			})
		}
		l.slots.give(free)
		settled.Wait() // at most ClaimAfter, and the way to the brokers
	}
}

// call is one call of a micro handler.
type call struct {
	lane    *lane
	record  *kgo.Record
	run     *task.Run
	settle  func() // the record needs no more of this poll
	settled bool
}

func (c *call) do() {
	defer c.settle()
	l := c.lane
	flight := l.worker.metrics.inFlight.WithLabelValues(l.kind.Policy.Name)
	flight.Inc()
	defer flight.Dec()
	// Whoever had the run before may have died of it. Claimed first, such a run spends an attempt.
	if c.record.DeliveryCount() > 1 && !c.claim() {
		return
	}
	ctx, cancel := l.limit()
	defer cancel()
	done := make(chan Result, 1)
	began := time.Now()
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		done <- guarded(func() Result { return l.kind.Handler.Handle(ctx, c.run) }, panicked).checked()
	}()
	r, ok := c.await(ctx, done)
	if !ok {
		return
	}
	l.worker.metrics.seconds.WithLabelValues(l.kind.Policy.Name).Observe(time.Since(began).Seconds())
	if l.conclude(c.run, l.interrupted(r)) {
		c.accept()
	}
	c.settle()
	c.outlast(returned)
}

// outlast keeps the slot of a handler that goes on after its answer was given: calls stay bounded.
func (c *call) outlast(returned <-chan struct{}) {
	select {
	case <-returned:
	case <-c.lane.worker.calls.Done():
	}
}

// await returns the handler's result, or a failure when it takes too long. It claims the run on the way.
func (c *call) await(ctx context.Context, done <-chan Result) (r Result, ok bool) {
	claim := time.NewTimer(c.lane.worker.config.ClaimAfter)
	defer claim.Stop()
	late := ctx.Done()
	var over <-chan time.Time
	for {
		select {
		case r := <-done:
			return r, true
		case <-claim.C:
			if !c.settled && !c.claim() {
				return r, false
			}
		case <-late:
			late, over = nil, time.After(grace)
		case <-over:
			return c.lane.overdue(), true
		}
	}
}

// claim claims the run and accepts its record: from then on the group watches over it.
func (c *call) claim() bool {
	if !c.lane.claim(c.run) {
		return false
	}
	c.accept()
	return true
}

func (c *call) accept() {
	c.settled = true
	c.record.Ack(kgo.AckAccept)
	c.settle()
}
