// Package feed sends payment events, as lines of JSON, to the payments topic: keyed by transaction id, in input order
// per key, acknowledged by all replicas. The record timestamp is left to the send time.
package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/stream"
)

// Config says where to send.
type Config struct {
	Client engine.ClientConfig
	Topic  string
}

// Feed is an open producer. Its methods must be called from one goroutine.
type Feed struct {
	client     *kgo.Client
	topic      string
	partitions int32
	latest     time.Time

	mu     sync.Mutex
	queued int64
	acked  int64
	moved  time.Time // when a record was last acknowledged, or queued while none was
	ends   map[int32]int64
	sent   map[int32][]span
	err    error
	// events is how many of what was sent are no clock events.
	events int64
}

// Open connects to the brokers and checks that the topic is there.
func Open(ctx context.Context, cfg Config) (*Feed, error) {
	opts, err := cfg.Client.Options()
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(append(opts, kgo.RequiredAcks(kgo.AllISRAcks()), kgo.ProducerBatchMaxBytes(2<<20),
		kgo.MaxBufferedRecords(50_000), kgo.ProducerLinger(5*time.Millisecond),
		kgo.RecordPartitioner(engine.Partitioner()))...)
	if err != nil {
		return nil, err
	}
	topics, err := kadm.NewClient(client).ListTopics(ctx, cfg.Topic)
	if err != nil {
		client.Close()
		return nil, fmt.Errorf("cannot reach Kafka at %v: %w", cfg.Client.Brokers, cfg.Client.Explain(err))
	}
	detail := topics[cfg.Topic]
	if detail.Err != nil {
		client.Close()
		return nil, fmt.Errorf("topic %s: %w (create the topics with `millrace topics apply`)", cfg.Topic, detail.Err)
	}
	return &Feed{client: client, topic: cfg.Topic, partitions: int32(len(detail.Partitions)), ends: map[int32]int64{},
		sent: map[int32][]span{}}, nil
}

// envelope is what the feed itself looks at; everything else is for intake to judge.
type envelope struct {
	TransactionID string          `json:"transaction_id"`
	UpdatedAt     json.RawMessage `json:"updated_at"`
	Type          string          `json:"type"`
	At            json.RawMessage `json:"at"`
}

// clock is the type of an event that moves time and does nothing else.
const clock = "clock"

// IsClock reports whether an event moves time and does nothing else.
func IsClock(line []byte) bool {
	var e envelope
	return json.Unmarshal(line, &e) == nil && e.Type == clock
}

// time returns the event time of an event, or of a clock event.
func (e *envelope) time() (time.Time, bool) {
	if e.Type == clock {
		return eventTime(e.At)
	}
	return eventTime(e.UpdatedAt)
}

// Send queues one event. A line that is no JSON object is sent as it is, without a key, so that it becomes a dead
// letter.
func (f *Feed) Send(ctx context.Context, line []byte) error {
	r := &kgo.Record{Topic: f.topic, Value: append([]byte(nil), line...)}
	var e envelope
	if json.Unmarshal(line, &e) == nil {
		if e.TransactionID != "" {
			r.Key = []byte(e.TransactionID)
		}
		if t, ok := e.time(); ok && t.After(f.latest) && t.Before(time.Now().Add(5*time.Minute)) {
			f.latest = t
		}
	}
	if r.Key == nil {
		r.Partition = stream.Partition(line, f.partitions)
	}
	if e.Type != clock {
		f.events++
	}
	f.produce(ctx, r)
	return f.Err()
}

// Clock sends a clock event to every partition. It must follow Flush, so that it comes after everything sent before.
func (f *Feed) Clock(ctx context.Context, at time.Time) error {
	value := fmt.Appendf(nil, `{"type":"clock","at":%q}`, at.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
	for p := range f.partitions {
		f.produce(ctx, &kgo.Record{Topic: f.topic, Partition: p, Value: value})
	}
	return f.Flush(ctx)
}

// Latest returns the largest event time among the events sent that is not in the future; zero if there is none.
func (f *Feed) Latest() time.Time { return f.latest }

func (f *Feed) produce(ctx context.Context, r *kgo.Record) {
	f.mu.Lock()
	if f.queued == f.acked {
		f.moved = time.Now()
	}
	f.queued++
	f.mu.Unlock()
	f.client.Produce(ctx, r, func(r *kgo.Record, err error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if err == nil {
			f.acked++
			f.moved = time.Now()
			f.ends[r.Partition] = max(f.ends[r.Partition], r.Offset+1)
			f.sent[r.Partition] = extend(f.sent[r.Partition], r.Offset)
		} else if f.err == nil {
			f.err = err
		}
	})
}

// Flush waits until everything sent is acknowledged.
func (f *Feed) Flush(ctx context.Context) error {
	if err := f.client.Flush(ctx); err != nil {
		return err
	}
	return f.Err()
}

// Err returns the first failure to deliver.
func (f *Feed) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return fmt.Errorf("events were not delivered: %w", f.err)
	}
	return nil
}

// Stalled returns how long brokers have acknowledged nothing although records wait; 0 if none waits. Any goroutine may
// call it.
func (f *Feed) Stalled() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.queued == f.acked {
		return 0
	}
	return time.Since(f.moved)
}

// Acked returns how many records, clock events included, are acknowledged.
func (f *Feed) Acked() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.acked
}

// Events returns how many events were sent, clock events not counted.
func (f *Feed) Events() int64 { return f.events }

// Sent reports whether the record at an offset is one that this feed has sent and that is acknowledged.
func (f *Feed) Sent(partition int32, offset int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	spans := f.sent[partition]
	i := sort.Search(len(spans), func(i int) bool { return spans[i].end > offset })
	return i < len(spans) && spans[i].begin <= offset
}

// span is a run of offsets, without its end.
type span struct{ begin, end int64 }

// extend adds an offset to runs; they come in order within a partition.
func extend(spans []span, offset int64) []span {
	if n := len(spans); n > 0 && spans[n-1].end == offset {
		spans[n-1].end++
		return spans
	}
	return append(spans, span{offset, offset + 1})
}

// Close gives up the connection; call Flush before.
func (f *Feed) Close() { f.client.Close() }

// EventTime returns the updated_at of an event, and false if it has none that can be read.
func EventTime(line []byte) (time.Time, bool) {
	var e envelope
	if json.Unmarshal(line, &e) != nil {
		return time.Time{}, false
	}
	return e.time()
}

func eventTime(raw json.RawMessage) (time.Time, bool) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw) // a number, as written
	}
	at, err := instant.Parse(text)
	return at.Time(), err == nil && at >= instant.Earliest
}

// ErrNoEvents is returned where an operation needs event time and nothing with a usable one was sent.
var ErrNoEvents = errors.New("no event with a usable updated_at was sent")

// Advance sends clock events at min(largest event time + by, now) to every partition, after everything sent is
// acknowledged.
func (f *Feed) Advance(ctx context.Context, by time.Duration) error {
	if err := f.Flush(ctx); err != nil {
		return err
	}
	if f.latest.IsZero() {
		return ErrNoEvents
	}
	at := f.latest.Add(by)
	if now := time.Now(); at.After(now) {
		at = now
	}
	return f.Clock(ctx, at)
}
