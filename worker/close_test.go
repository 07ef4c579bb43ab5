package worker_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/worker"
)

// holder is a handler that holds something until it is closed.
type holder struct {
	began   chan struct{}
	release chan struct{}
	closed  atomic.Bool
	early   atomic.Bool // it was closed under a call
}

func (h *holder) Handle(context.Context, *task.Run) worker.Result {
	close(h.began)
	<-h.release
	h.early.Store(h.closed.Load())
	return worker.OK(nil)
}

func (h *holder) Close() error {
	h.closed.Store(true)
	return nil
}

// A handler is closed when its worker has ended, and not under a call that is finished while the worker drains.
func TestHandlersAreClosedAtTheEnd(t *testing.T) {
	w := newWorld(t)
	h := &holder{began: make(chan struct{}), release: make(chan struct{})}
	r := start(t, w.config(worker.Kind{Policy: task.DefaultKind("tell"), Handler: h}))
	w.send(w.run("tell", "a"))
	await(t, h.began)
	r.stop()
	close(h.release)
	if err := r.end(); err != nil || !h.closed.Load() || h.early.Load() {
		t.Errorf("%v, closed %v, under a call %v", err, h.closed.Load(), h.early.Load())
	}
}
