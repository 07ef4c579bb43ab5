package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/worker/webhook"
)

// hooked is a call of the receiver, which has its answer once it is let go.
type hooked struct {
	ID      string
	Run     int64
	Attempt int64
	key     string
	letGo   chan struct{}
}

// shift is a deployment with the group of tasks, workers that come and go, and the receiver that they call.
type shift struct {
	*deployment
	calls   chan *hooked
	client  *kgo.Client
	results string
	answers []*task.Answer // those that were read
}

func newShift(t *testing.T) *shift {
	t.Helper()
	s := &shift{deployment: deploy(t), calls: make(chan *hooked, 100)}
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		h := &hooked{key: r.Header.Get(webhook.IdempotencyHeader), letGo: make(chan struct{})}
		if err := json.NewDecoder(r.Body).Decode(h); err != nil {
			t.Error(err)
		}
		s.calls <- h
		select {
		case <-h.letGo:
		case <-s.ctx.Done():
		}
	}))
	t.Cleanup(receiver.Close)
	settings := fmt.Sprintf(`tasks:
  kinds: [{name: tell, timeout: 2s, retry: {base: 10ms}}]
  worker: {drain: 1m, handlers: {tell: {url: %q, timeout: 1m, allow_private: true}}}
`, receiver.URL)
	file := filepath.Join(s.dir, "tasks.yaml")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	s.globals = append(s.globals, "--config", file)
	s.do("topics", "apply")
	prefix := s.globals[3]
	s.results = prefix + "task-results"
	s.client = newClient(t, kgo.SeedBrokers(brokersOf(s.globals)...), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ConsumeTopics(s.results), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	admin := freeAddr(t)
	s.background("HTTP_ADMIN="+admin, "run", "tasks")
	s.until("http://" + admin + "/readyz")
	return s
}

func brokersOf(globals []string) []string { return strings.Split(globals[1], ",") }

// submit adds a task to the queue of a key.
func (s *shift) submit(key, id string) {
	s.t.Helper()
	value, err := taskcodec.Submission{}.Encode(&task.Submission{Task: task.Task{ID: id, Kind: "tell", Key: key, Payload: []byte(`{}`)}})
	if err == nil {
		err = s.client.ProduceSync(s.ctx, &kgo.Record{Topic: strings.TrimSuffix(s.results, "task-results") + "tasks", Key: []byte(key),
			Value: value, Partition: stream.Partition([]byte(key), 2)}).FirstErr()
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// worker starts a worker, which the test ends.
func (s *shift) worker() (*exec.Cmd, *lockedBuffer) {
	s.t.Helper()
	log := new(lockedBuffer)
	c := s.command(context.WithoutCancel(s.ctx), "worker", "tell")
	c.Env = append(c.Env, "MILLRACE_HTTP_ADMIN="+freeAddr(s.t))
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Process.Kill() }) // where the test failed
	return c, log
}

func (s *shift) call() *hooked {
	s.t.Helper()
	select {
	case h := <-s.calls:
		return h
	case <-s.ctx.Done():
		s.t.Fatal("nobody calls: ", context.Cause(s.ctx))
		return nil
	}
}

// answered waits for what workers say of a task.
func (s *shift) answered(id string, o task.Outcome) *task.Answer {
	s.t.Helper()
	for read := 0; ; {
		for ; read < len(s.answers); read++ {
			if a := s.answers[read]; a.TaskID == id && a.Outcome == o {
				return a
			}
		}
		fetches := s.client.PollFetches(s.ctx)
		if s.ctx.Err() != nil {
			s.t.Fatalf("nobody answers %s to %s: %v", o, id, context.Cause(s.ctx))
		}
		for r := range fetches.RecordsAll() {
			a, err := taskcodec.Answer{}.Decode(r.Value)
			if err != nil {
				s.t.Fatal(err)
			}
			s.answers = append(s.answers, a)
		}
	}
}

// A worker that is asked to stop ends the call that it has, and its answer counts; it begins no other. Of one that is
// killed another worker gets the run, under the same idempotency key.
func TestWorkersEndAndDieWithoutLosingARun(t *testing.T) {
	t.Parallel()
	s := newShift(t)
	first, log := s.worker()
	s.submit("tell/a", "a1")
	s.submit("tell/a", "a2")
	held := s.call()
	s.answered("a1", task.Working)
	if err := first.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.submit("tell/b", "b1") // nobody takes it now
	close(held.letGo)
	if err := first.Wait(); err != nil {
		t.Fatalf("the worker did not stop gracefully: %v\n%s", err, log)
	}
	if a := s.answered("a1", task.OK); held.ID != "a1" || held.key != "a1" || a.Run != 1 {
		t.Errorf("called for %+v, answered %+v", held, a)
	}
	if n := len(s.calls); n > 0 {
		t.Fatalf("%d calls after the worker was asked to stop", n)
	}

	second, _ := s.worker()
	doomed := map[string]*hooked{}
	for range 2 {
		h := s.call()
		doomed[h.ID] = h
	}
	for _, id := range []string{"a2", "b1"} {
		if h := doomed[id]; h == nil || h.key != id || h.Run != 1 {
			t.Fatalf("called for %v", doomed)
		}
		s.answered(id, task.Working)
	}
	if err := second.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = second.Wait() // it says that it was killed
	third, log := s.worker()
	// Each comes at least once more: as the run that follows the one which was given up, as that run itself, where the
	// brokers had not heard that it was accepted, or as both.
	again := map[string]bool{}
	for len(again) < 2 {
		h := s.call()
		before := doomed[h.ID]
		if before == nil || h.key != before.key || h.Run > 2 || h.Attempt != h.Run {
			t.Fatalf("after the kill: %+v, before it %+v", h, before)
		}
		again[h.ID] = true
		close(h.letGo)
	}
	go func() {
		for h := range s.calls {
			close(h.letGo)
		}
	}()
	s.answered("a2", task.OK)
	s.answered("b1", task.OK)
	if err := third.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := third.Wait(); err != nil {
		t.Errorf("%v\n%s", err, log)
	}
}
