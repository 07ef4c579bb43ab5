package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/worker"
)

// brokerVariable names a real Kafka to use instead of one in memory, as host:port.
const brokerVariable = "MILLRACE_KAFKA"

// patience is how long a test waits for a signal that has to come.
const patience = 60 * time.Second

// world is a deployment of one test: two topics, and whoever plays the group tasks.
type world struct {
	t             *testing.T
	brokers       []string
	runs, results string
	prefix        string
	client        *kgo.Client
	answers       chan *task.Answer
}

func newWorld(t *testing.T) *world { return newWorldOf(t, 2) }

func newWorldOf(t *testing.T, partitions int32) *world {
	t.Helper()
	w := &world{t: t, prefix: "w" + strconv.FormatInt(time.Now().UnixNano(), 36) + "-", answers: make(chan *task.Answer, 10_000)}
	w.runs, w.results = w.prefix+"task-runs", w.prefix+"task-results"
	if list := os.Getenv(brokerVariable); list != "" {
		w.brokers = strings.Split(list, ",")
	} else {
		b, err := embedded.Start(embedded.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := b.Close(); err != nil {
				t.Error("broker:", err)
			}
		})
		w.brokers = []string{b.Addr()}
	}
	admin, err := kgo.NewClient(kgo.SeedBrokers(w.brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if r, err := kadm.NewClient(admin).CreateTopics(t.Context(), partitions, 1, nil, w.runs, w.results); err != nil || r.Error() != nil {
		t.Fatal(err, r.Error())
	}
	w.client, err = kgo.NewClient(kgo.SeedBrokers(w.brokers...), kgo.ConsumeTopics(w.results),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.client.Close)
	go w.listen()
	return w
}

func (w *world) listen() {
	for {
		fetches := w.client.PollFetches(context.Background())
		if fetches.IsClientClosed() {
			return
		}
		for r := range fetches.RecordsAll() {
			a, err := taskcodec.Answer{}.Decode(r.Value)
			if err != nil {
				w.t.Error(err)
				return
			}
			w.answers <- a
		}
	}
}

// run makes a run of a kind.
func (w *world) run(kind, id string) *task.Run {
	now := instant.Of(time.Now())
	return &task.Run{
		Task:   task.Task{ID: id, Kind: kind, Key: "k-" + id, Payload: json.RawMessage(`{"n":1}`)},
		Number: 1, Attempt: 1, IdempotencyKey: id, At: now, Until: now.Add(task.Unclaimed),
	}
}

func (w *world) send(runs ...*task.Run) {
	w.t.Helper()
	for _, r := range runs {
		value, err := taskcodec.Run{}.Encode(r)
		if err != nil {
			w.t.Fatal(err)
		}
		w.sendRaw(r.Task.ID, value)
	}
}

func (w *world) sendRaw(key string, value []byte) {
	w.t.Helper()
	r := &kgo.Record{Topic: w.runs, Key: []byte(key), Value: value}
	if err := w.client.ProduceSync(w.t.Context(), r).FirstErr(); err != nil {
		w.t.Fatal(err)
	}
}

// next returns the next answer that is not Working, unless those are wanted, too.
func (w *world) next(working bool) *task.Answer {
	w.t.Helper()
	for {
		a := await(w.t, w.answers)
		if working || a.Outcome != task.Working {
			return a
		}
	}
}

// ended returns the last words about n runs, sorted, as id=outcome/code.
func (w *world) ended(n int) string {
	w.t.Helper()
	var out []string
	for range n {
		a := w.next(false)
		out = append(out, fmt.Sprintf("%s=%s/%s", a.TaskID, a.Outcome, a.Code))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func (w *world) config(kinds ...worker.Kind) worker.Config {
	return worker.Config{
		Client: engine.ClientConfig{Brokers: w.brokers}, Prefix: w.prefix, Runs: w.runs, Results: w.results, Kinds: kinds,
		Registerer: prometheus.NewRegistry(),
	}
}

// running is a worker under way.
type running struct {
	t    *testing.T
	stop context.CancelFunc
	done chan error
	once sync.Once
	err  error
}

func start(t *testing.T, c worker.Config) *running {
	t.Helper()
	w, err := worker.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	r := &running{t: t, stop: cancel, done: make(chan error, 1)}
	go func() { r.done <- w.Run(ctx) }()
	t.Cleanup(func() { _ = r.end() })
	return r
}

// end stops the worker and returns what it returned.
func (r *running) end() error {
	r.once.Do(func() {
		r.stop()
		r.err = await(r.t, r.done)
	})
	return r.err
}

func await[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func micro(name string, h worker.HandlerFunc) worker.Kind {
	return worker.Kind{Policy: task.DefaultKind(name), Handler: h}
}

// network is a way to the brokers that can be cut, as SIGKILL cuts it: nothing is said to them any more.
type network struct {
	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

var errCut = errors.New("the process is dead")

func (n *network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut {
		return nil, errCut
	}
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil {
		n.conns = append(n.conns, c)
	}
	return c, err
}

func (n *network) kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut = true
	for _, c := range n.conns {
		_ = c.Close() // it may be closed already
	}
}
