package streamtest

import (
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

// Message is one record for Consume.
type Message struct {
	Topic     string
	Key       string
	Value     []byte    // nil: a tombstone
	Partition int32     // negative: the key decides
	Timestamp time.Time // zero: the wall clock
	Headers   map[string]string
}

// Consume gives the processor records and, where their topics carry event time, the watermark that the group before it
// would send along: the largest event time so far. Of several records watermarks come after the last.
func (h *Harness) Consume(records ...Message) {
	h.t.Helper()
	h.act(func() {
		for _, m := range records {
			h.produce(m)
		}
		for _, m := range records {
			h.pass(m)
		}
	})
}

// ConsumeText is Consume of a value as scripts write it, placed by its key.
func (h *Harness) ConsumeText(topic, key, text string) {
	h.t.Helper()
	h.Consume(Message{Topic: topic, Key: key, Value: h.parse(topic, text), Partition: -1})
}

func (h *Harness) parse(topic, text string) []byte {
	h.t.Helper()
	value, err := parseValue(h.topics[topic], text)
	if err != nil {
		h.t.Fatalf("topic %s, value %s: %v", topic, text, err)
	}
	return value
}

// Source is what a partition of the group before says to all of an input. Zero Sources are one.
type Source struct {
	Number, Sources int32
	Time            time.Time
	Idle            time.Duration // wall time that it had no records for; 0: it is not idle
}

// Watermark tells an input the time of a source.
func (h *Harness) Watermark(topic string, s Source) {
	h.t.Helper()
	h.act(func() { h.watermark(topic, s) })
}

// Advance tells every input that carries event time.
func (h *Harness) Advance(to time.Time) {
	h.t.Helper()
	var carry []string
	for _, name := range h.inputs {
		if h.topics[name].Time != nil {
			carry = append(carry, name)
		}
	}
	if len(carry) == 0 {
		h.t.Fatal("no input carries event time")
	}
	h.act(func() {
		for _, name := range carry {
			h.watermark(name, Source{Time: to})
		}
	})
}

// pass sends the watermark behind a record.
func (h *Harness) pass(m Message) {
	h.t.Helper()
	eventTime := h.topics[m.Topic].Time
	if eventTime == nil || m.Value == nil {
		return
	}
	if at, ok := eventTime(m.Value); ok && at.After(h.told[m.Topic]) {
		h.watermark(m.Topic, Source{Time: at})
	}
}

func (h *Harness) watermark(topic string, s Source) {
	h.t.Helper()
	if s.Time.After(h.told[topic]) {
		h.told[topic] = s.Time
	}
	value := watermark.Record{
		Origin: "script", Source: s.Number, Sources: max(1, s.Sources), Time: s.Time.UnixMilli(), Idle: s.Idle > 0,
		Elapsed: s.Idle.Milliseconds(),
	}.Append(nil)
	for p, key := range stream.KeysFor(h.config.Partitions) {
		h.produce(Message{Topic: topic, Key: key, Value: value, Partition: int32(p)})
	}
}

func (h *Harness) produce(m Message) {
	h.t.Helper()
	if _, ok := h.topics[m.Topic]; !ok {
		h.t.Fatalf("the graph has no topic %s", m.Topic)
	}
	if m.Partition < 0 {
		m.Partition = stream.Partition([]byte(m.Key), h.config.Partitions)
	}
	if m.Timestamp.IsZero() {
		m.Timestamp = h.now()
	}
	r := &kgo.Record{Topic: m.Topic, Partition: m.Partition, Key: []byte(m.Key), Value: m.Value, Timestamp: m.Timestamp}
	for _, name := range slices.Sorted(maps.Keys(m.Headers)) {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: name, Value: []byte(m.Headers[name])})
	}
	ctx, done := h.context()
	defer done()
	if err := h.broker.write(ctx, r); err != nil {
		h.t.Fatal(err)
	}
}
