package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
)

// pollPause follows a poll that failed.
const pollPause = time.Second

// maxFetch bounds the records of one fetch.
const maxFetch = 500

// shareFetchWait is how long a broker may hold a fetch that finds nothing. Acks wait as long, so the brokers' default
// lock of 30 s is far away.
const shareFetchWait = 500 * time.Millisecond

// lane serves one kind, with a client and goroutines of its own: no kind waits for another.
type lane struct {
	worker *Worker
	kind   Kind
	client *kgo.Client
	log    *slog.Logger
	slots  slots
	held   held
}

func (w *Worker) newLane(k Kind, opts []kgo.Opt) (*lane, error) {
	group := groupOf(w.config.Prefix, k.Policy.Name)
	fetch := k.Concurrency
	if k.Policy.Mode == task.Batch {
		fetch = int(k.Policy.Gather.MaxSize)
	}
	client, err := kgo.NewClient(append(opts[:len(opts):len(opts)],
		kgo.ShareGroup(group), kgo.ConsumeTopics(w.config.Runs), kgo.FetchMaxWait(shareFetchWait),
		kgo.ShareMaxRecords(int32(min(fetch, maxFetch))), kgo.ShareMaxRecordsStrict(), //nolint:gosec // at most 500
	)...)
	if err != nil {
		return nil, fmt.Errorf("worker: share group %s: %w", group, err)
	}
	return &lane{worker: w, kind: k, client: client, log: w.config.Log.With("kind", k.Policy.Name),
		slots: newSlots(k.Concurrency), held: held{runs: map[heldKey]*task.Run{}}}, nil
}

// serve returns when polling has ended and all calls have.
func (l *lane) serve(polling context.Context) {
	beating, end := context.WithCancel(context.WithoutCancel(polling))
	var beats sync.WaitGroup
	beats.Go(func() { l.beat(beating) })
	if l.kind.Policy.Mode == task.Batch {
		l.serveBatches(polling)
	} else {
		l.serveMicro(polling)
	}
	end()
	beats.Wait()
}

// silent kinds keep nothing: nobody waits for claims and answers.
func (l *lane) silent() bool { return l.kind.Policy.Persist == task.Never }

// answer sends what is said about a run; a silent kind says nothing.
func (l *lane) answer(run *task.Run, a task.Answer) bool {
	return l.silent() || l.worker.answer(run, a)
}

// poll returns at most n records, none when ctx ends. What a poll returned has to be settled before the next one, which
// accepts it otherwise.
func (l *lane) poll(ctx context.Context, n int) []*kgo.Record {
	fetches := l.client.PollRecords(ctx, n)
	for _, e := range fetches.Errors() {
		switch {
		case ctx.Err() != nil || errors.Is(e.Err, context.Canceled) || errors.Is(e.Err, context.DeadlineExceeded):
		case isFinal(e.Err):
			l.worker.fail(fmt.Errorf("worker: share group %s cannot read %s: %w",
				groupOf(l.worker.config.Prefix, l.kind.Policy.Name), l.worker.config.Runs, e.Err))
		default:
			l.log.Warn("cannot read runs, trying again", "error", l.worker.config.Client.Explain(e.Err))
			select {
			case <-ctx.Done():
			case <-time.After(pollPause):
			}
		}
	}
	return fetches.Records()
}

// isFinal tells errors that no repetition mends.
func isFinal(err error) bool {
	for _, e := range []error{kerr.GroupAuthorizationFailed, kerr.TopicAuthorizationFailed,
		kerr.SaslAuthenticationFailed, kerr.ClusterAuthorizationFailed, kerr.UnsupportedVersion, kgo.ErrClientClosed} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// read returns the run of a record, nil if it is none for this lane: of another kind, unreadable, over, or no longer
// held. Such a record is accepted.
func (l *lane) read(r *kgo.Record) *task.Run {
	if until := r.AcquisitionDeadline(); !until.IsZero() && !time.Now().Before(until) {
		return nil // it waited here until the brokers gave it to another
	}
	name, err := taskcodec.KindOfRun(r.Value)
	if err == nil && name != l.kind.Policy.Name {
		r.Ack(kgo.AckAccept)
		return nil
	}
	var run *task.Run
	if err == nil {
		run, err = taskcodec.Run{}.Decode(r.Value)
	}
	switch now := instant.Of(time.Now()); {
	case err != nil:
		l.log.Error("a run cannot be read and is passed over", "topic", r.Topic, "partition", r.Partition,
			"offset", r.Offset, "error", err)
	case now.Sub(run.At) >= task.Unclaimed || run.Until != 0 && now >= run.Until:
		l.log.Info("a run whose time is over is dropped", "task", run.Task.ID, "run", run.Number)
	default:
		if r.DeliveryCount() > 1 {
			l.worker.metrics.redeliveries.WithLabelValues(name).Inc()
		}
		return run
	}
	l.worker.metrics.runs.WithLabelValues(l.kind.Policy.Name, dropped).Inc()
	r.Ack(kgo.AckAccept)
	return nil
}

// claim tells the group that a worker has the run, and keeps it alive from then on.
func (l *lane) claim(run *task.Run) bool {
	if !l.answer(run, working()) {
		return false
	}
	l.worker.metrics.claims.WithLabelValues(l.kind.Policy.Name).Inc()
	l.held.add(run)
	return true
}

// conclude sends the answer about a run, and counts it.
func (l *lane) conclude(run *task.Run, r Result) bool {
	l.held.remove(run)
	if !l.answer(run, r.answer) {
		return false
	}
	l.worker.metrics.runs.WithLabelValues(l.kind.Policy.Name, string(r.Outcome())).Inc()
	return true
}

// drainSnooze is the answer about a call that the end of the worker interrupted: another worker may have it at once.
const drainSnooze = time.Second

// grace is how long a handler may take to return once its context has ended.
const grace = time.Second

// limit makes the context of a call.
func (l *lane) limit() (context.Context, context.CancelFunc) {
	return context.WithTimeout(l.worker.calls, l.kind.Longest)
}

// overdue returns the result of a call that did not return in time.
func (l *lane) overdue() Result {
	if errors.Is(context.Cause(l.worker.calls), errDrained) {
		return Snooze(drainSnooze)
	}
	return Fail(task.CodeTimeout, fmt.Errorf("the handler took longer than %s", l.kind.Longest))
}

// interrupted puts a snooze in place of the failure of a handler that the end of the worker interrupted.
func (l *lane) interrupted(r Result) Result {
	if r.Outcome() == task.Fail && errors.Is(context.Cause(l.worker.calls), errDrained) {
		return Snooze(drainSnooze)
	}
	return r
}
