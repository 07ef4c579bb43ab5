package worker

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
)

// serveBatches gathers runs, each claimed at once, and calls the handler when a batch is complete. At the end it calls
// it with what it has.
func (l *lane) serveBatches(polling context.Context) {
	var calls sync.WaitGroup
	defer calls.Wait()
	b := &batcher{lane: l, calls: &calls}
	for polling.Err() == nil {
		b.gather(polling)
	}
	b.call()
}

type batcher struct {
	lane      *lane
	calls     *sync.WaitGroup
	gathering task.Gathering
}

// gather polls once, for no longer than the first run of the batch may wait.
func (b *batcher) gather(polling context.Context) {
	l, bounds := b.lane, b.lane.kind.Policy.Gather
	ctx, cancel := polling, context.CancelFunc(func() {})
	if due := b.gathering.Due(bounds); due != 0 {
		ctx, cancel = context.WithDeadline(polling, due.Time())
	}
	records := l.poll(ctx, int(bounds.MaxSize)-len(b.gathering.Runs))
	cancel()
	runs := make([]*task.Run, len(records))
	var claimed sync.WaitGroup
	for i, r := range records {
		run := l.read(r)
		if run == nil {
			continue
		}
		claimed.Go(func() {
			if l.claim(run) {
				r.Ack(kgo.AckAccept)
				runs[i] = run
			} else {
				r.Ack(kgo.AckRelease)
			}
		})
	}
	claimed.Wait()
	for _, run := range runs {
		if run == nil {
			continue
		}
		if !b.gathering.Add(*run, bounds, instant.Of(time.Now())) {
			b.call()
			b.gathering.Add(*run, bounds, instant.Of(time.Now()))
		}
	}
	if b.gathering.Ready(bounds, instant.Of(time.Now())) {
		b.call()
	}
}

// call hands the batch to the handler once a slot is free. Heartbeats go on while it waits.
func (b *batcher) call() {
	batch := b.gathering
	b.gathering = task.Gathering{}
	if len(batch.Runs) == 0 {
		return
	}
	l := b.lane
	if !l.slots.one(l.worker.calls) {
		l.finish(&batch, nil, l.overdue())
		return
	}
	b.calls.Go(func() {
		defer l.slots.give(1)
		l.callBatch(&batch)
	})
}

func (l *lane) callBatch(batch *task.Gathering) {
	flight := l.worker.metrics.inFlight.WithLabelValues(l.kind.Policy.Name)
	flight.Inc()
	defer flight.Dec()
	ctx, cancel := l.limit()
	defer cancel()
	done := make(chan Results, 1)
	began := time.Now()
	go func() {
		done <- guarded(func() Results { return l.kind.Batch.HandleBatch(ctx, batch.Runs) }, func(err error) Results {
			out := Results{}
			for i := range batch.Runs {
				out[batch.Runs[i].Task.ID] = panicked(err)
			}
			return out
		})
	}()
	results, late := awaitBatch(ctx, done)
	l.worker.metrics.seconds.WithLabelValues(l.kind.Policy.Name).Observe(time.Since(began).Seconds())
	missing := Result{}
	if late {
		missing = l.overdue()
	}
	l.finish(batch, results, missing)
	if late {
		select {
		case <-done:
		case <-l.worker.calls.Done():
		}
	}
}

func awaitBatch(ctx context.Context, done <-chan Results) (results Results, late bool) {
	select {
	case r := <-done:
		return r, false
	case <-ctx.Done():
	}
	over := time.NewTimer(grace)
	defer over.Stop()
	select {
	case r := <-done:
		return r, false
	case <-over.C:
		return nil, true
	}
}

// finish sends an answer for each run of a batch. missing is the result of those that have none.
func (l *lane) finish(batch *task.Gathering, results Results, missing Result) {
	var given []task.Result
	for i := range batch.Runs {
		id := batch.Runs[i].Task.ID
		r, ok := results[id]
		if !ok {
			r = missing
		}
		given = append(given, task.Result{TaskID: id, Answer: l.interrupted(r.checked()).answer})
	}
	var sent sync.WaitGroup
	for i, a := range batch.Answers(given) {
		sent.Go(func() { l.conclude(&batch.Runs[i], Result{a}) })
	}
	sent.Wait()
}
