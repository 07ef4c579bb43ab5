// Package topicsink writes runs of tasks to a topic, for programs that read Kafka.
package topicsink

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/worker"
)

// The headers of a record. Its key is the task's ordering key, its value the payload, or null where there is none.
const (
	headerKind = "mr-task-kind"
	headerID   = "mr-task-id"
	// headerKey is the same on every record of one task: by it a reader knows a repetition.
	headerKey = "mr-idempotency-key"
)

// The error codes. NonRetryable has the first two.
const (
	codeUnknownTopic = "unknown_topic"
	codeTooLarge     = "too_large"
	codeTimeout      = "timeout"
	codeUnavailable  = "unavailable"
)

// NonRetryable returns the codes after which another attempt is of no use.
func NonRetryable() []string { return []string{codeUnknownTopic, codeTooLarge} }

// topicName is what Kafka accepts.
var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

// CheckTopic returns what is wrong with the name of a topic.
func CheckTopic(name string) error {
	switch {
	case !topicName.MatchString(name), name == ".", name == "..":
		return fmt.Errorf("topic %q: write up to 249 letters, digits, '.', '_' and '-'", name)
	case strings.HasPrefix(name, "__"):
		return fmt.Errorf("topic %q: it is one of Kafka's own, write another", name)
	default:
		return nil
	}
}

// Config says where to write.
type Config struct {
	// Client says how to reach Kafka. Client.MaxRecord bounds a record.
	Client engine.ClientConfig
	// Topic is not created: its owner chooses partitions and retention.
	Topic string
}

// Validate returns every problem of c, joined. Nothing is dialled.
func (c Config) Validate() error { return errors.Join(c.Client.Validate(), CheckTopic(c.Topic)) }

// Handler writes each run to a topic, and succeeds once all in-sync replicas have the record.
type Handler struct {
	config Config

	mu     sync.Mutex
	client *kgo.Client // nil before the first run
}

var (
	_ worker.Handler      = (*Handler)(nil)
	_ worker.BatchHandler = (*Handler)(nil)
)

// New returns a handler of c. It dials nobody before the first run.
func New(c Config) (*Handler, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("topicsink: %w", err)
	}
	return &Handler{config: c}, nil
}

// Close lets go of the brokers. The worker calls it.
func (h *Handler) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.client != nil {
		h.client.Close()
	}
	return nil
}

func (h *Handler) producer() (*kgo.Client, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.client != nil {
		return h.client, nil
	}
	opts, err := h.config.Client.Options()
	if err != nil {
		return nil, err
	}
	h.client, err = kgo.NewClient(append(opts, kgo.RequiredAcks(kgo.AllISRAcks()), kgo.ProducerLinger(0))...)
	return h.client, err
}

// Handle implements worker.Handler.
func (h *Handler) Handle(ctx context.Context, run *task.Run) worker.Result {
	return h.HandleBatch(ctx, []task.Run{*run})[run.Task.ID]
}

// HandleBatch implements worker.BatchHandler: each record succeeds or fails by itself.
func (h *Handler) HandleBatch(ctx context.Context, runs []task.Run) worker.Results {
	out := make(worker.Results, len(runs))
	client, err := h.producer()
	if err != nil {
		for i := range runs {
			out[runs[i].Task.ID] = h.failed(err)
		}
		return out
	}
	records := make([]*kgo.Record, len(runs))
	ids := make(map[*kgo.Record]string, len(runs))
	for i := range runs {
		records[i] = h.record(&runs[i])
		ids[records[i]] = runs[i].Task.ID
	}
	for _, r := range client.ProduceSync(ctx, records...) {
		result := worker.OK(nil)
		if r.Err != nil {
			result = h.failed(r.Err)
		}
		out[ids[r.Record]] = result
	}
	return out
}

func (h *Handler) record(run *task.Run) *kgo.Record {
	value := run.Task.Payload
	if len(value) == 0 {
		value = []byte("null") // a record without a value would delete the key of a compacted topic
	}
	return &kgo.Record{
		Topic: h.config.Topic, Key: []byte(run.Task.Key), Value: value,
		Headers: []kgo.RecordHeader{
			{Key: headerKind, Value: []byte(run.Task.Kind)}, {Key: headerID, Value: []byte(run.Task.ID)},
			{Key: headerKey, Value: []byte(run.IdempotencyKey)},
		},
	}
}

// failed returns what an error means for a run. One that timed out may have been written: its repetition has the same
// idempotency key.
func (h *Handler) failed(err error) worker.Result {
	code := codeUnavailable
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		code = codeUnknownTopic
	case errors.Is(err, kerr.MessageTooLarge), errors.Is(err, kerr.RecordListTooLarge):
		code = codeTooLarge
	case errors.Is(err, context.DeadlineExceeded):
		code = codeTimeout
	}
	return worker.Fail(code, fmt.Errorf("topic %s: %w", h.config.Topic, h.config.Client.Explain(err)))
}
