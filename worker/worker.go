// Package worker calls handlers for tasks: it reads runs from `task-runs`, calls the handler of their kind, and writes
// answers to `task-results`. It is a library for handlers of one's own.
//
// Each kind has a share group (KIP-932), so workers scale past partitions and one slow call delays nobody else. The
// record of a run is accepted once an answer about it, or a claim, is acknowledged by the brokers. Until then another
// worker gets it if this one dies. A claimed run is kept alive by heartbeats; without them the group tasks hands it
// out again after its kind's timeout. So a process may be killed at any time, and a handler must expect to see an
// IdempotencyKey again.
package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/engine"
)

// errDrained ends calls that are still under way when the time to drain is over.
var errDrained = errors.New("worker: the time to drain is over")

// answerPatience is how long answers may take to be acknowledged once the time to drain is over.
const answerPatience = 5 * time.Second

// Worker serves kinds of tasks.
type Worker struct {
	config  Config
	metrics *metrics
	// producer sends answers.
	producer *kgo.Client
	ready    atomic.Bool

	// calls is the context of handlers, answers that of their answers, which outlives it.
	calls, answers context.Context
	end            context.CancelCauseFunc // of polling, and so of everything
}

// New returns a worker of c. It dials nobody.
func New(c Config) (*Worker, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	m, err := newMetrics(c.Registerer, c.Kinds)
	if err != nil {
		return nil, fmt.Errorf("worker: metrics: %w", err)
	}
	return &Worker{config: c, metrics: m}, nil
}

// IsReady tells whether the worker has joined the groups of all its kinds.
func (w *Worker) IsReady() bool { return w.ready.Load() }

// Run serves until ctx ends, then takes no more runs, lets calls finish for at most Config.Drain, and returns nil. It
// returns an error when the brokers refuse for good. What was not finished another worker gets. At its end it closes
// the handlers that are an io.Closer. Call it once.
func (w *Worker) Run(ctx context.Context) error {
	defer w.closeHandlers()
	opts, err := w.config.Client.Options()
	if err != nil {
		return err
	}
	w.producer, err = kgo.NewClient(append(opts, kgo.RecordPartitioner(engine.Partitioner()), kgo.ProducerLinger(0))...)
	if err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	defer w.producer.Close()
	polling, end := context.WithCancelCause(ctx)
	defer end(nil)
	calls, endCalls := context.WithCancelCause(context.WithoutCancel(ctx))
	defer endCalls(nil)
	answers, endAnswers := context.WithCancel(context.WithoutCancel(ctx))
	defer endAnswers()
	w.calls, w.answers, w.end = calls, answers, end

	var lanes []*lane
	defer func() {
		for _, l := range lanes {
			l.client.Close() // releases what was not accepted
		}
	}()
	for _, k := range w.config.Kinds {
		if err := prepare(polling, w.producer, groupOf(w.config.Prefix, k.Policy.Name)); err != nil {
			return w.stopped(ctx, w.config.Client.Explain(err))
		}
		l, err := w.newLane(k, opts)
		if err != nil {
			return err
		}
		lanes = append(lanes, l)
	}
	w.serving(true)
	var served sync.WaitGroup
	for _, l := range lanes {
		served.Go(func() { l.serve(polling) })
	}
	<-polling.Done()
	w.serving(false)
	drain := time.AfterFunc(w.config.Drain, func() { endCalls(errDrained) })
	defer drain.Stop()
	last := time.AfterFunc(w.config.Drain+answerPatience, endAnswers)
	defer last.Stop()
	served.Wait()
	return w.stopped(ctx, context.Cause(polling))
}

// closeHandlers lets go of what handlers hold.
func (w *Worker) closeHandlers() {
	for _, k := range w.config.Kinds {
		for _, h := range []any{k.Handler, k.Batch} {
			if c, ok := h.(io.Closer); ok {
				if err := c.Close(); err != nil {
					w.config.Log.Warn("a handler cannot be closed", "kind", k.Policy.Name, "error", err)
				}
			}
		}
	}
}

// serving says whether the worker takes runs.
func (w *Worker) serving(yes bool) {
	w.ready.Store(yes)
	for _, k := range w.config.Kinds {
		slots := 0
		if yes {
			slots = k.Concurrency
		}
		w.metrics.slots.WithLabelValues(k.Policy.Name).Set(float64(slots))
	}
}

// stopped returns why the worker ended, nil if it was asked to.
func (w *Worker) stopped(ctx context.Context, err error) error {
	asked := ctx.Err() != nil || errors.Is(err, context.Canceled)
	if !asked {
		return err
	}
	return nil
}

// fail ends the worker: the brokers refuse for good.
func (w *Worker) fail(err error) { w.end(w.config.Client.Explain(err)) }

// answer sends what is said about a run and returns whether the brokers acknowledged it. The client repeats what may
// succeed later.
func (w *Worker) answer(run *task.Run, a task.Answer) bool {
	a.TaskID, a.Kind, a.Run = run.Task.ID, run.Task.Kind, run.Number
	value, err := taskcodec.Answer{}.Encode(&a)
	if err == nil {
		r := &kgo.Record{Topic: w.config.Results, Key: []byte(run.Task.Key), Value: value}
		err = w.producer.ProduceSync(w.answers, r).FirstErr()
	}
	switch {
	case err == nil:
		return true
	case w.answers.Err() == nil:
		w.fail(fmt.Errorf("worker: cannot write answers to %s: %w", w.config.Results, err))
	}
	return false
}

func working() task.Answer { return task.Answer{Outcome: task.Working} }
