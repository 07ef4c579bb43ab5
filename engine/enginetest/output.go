package enginetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

// Committed returns what a reader of committed records sees of a topic, "key=value" in the order of each partition, and
// a deleted row as "key".
func (h *Harness) Committed(topic string) [][]string {
	h.t.Helper()
	out := make([][]string, Partitions)
	for p, records := range h.Records(topic) {
		for _, r := range records {
			line := string(r.Key)
			if r.Value != nil {
				line += "=" + string(r.Value)
			}
			if !watermark.Is(r.Value) { // whose bytes say how long the group's name is
				line = h.unprefixed(line)
			}
			out[p] = append(out[p], line)
		}
	}
	return out
}

func (h *Harness) unprefixed(s string) string { return strings.ReplaceAll(s, h.Prefix, "") }

// DeadLetters returns the dead letters of a topic as "id reason: detail", and the original size where one was cut, in
// order of the lines.
func (h *Harness) DeadLetters(topic string) []string {
	h.t.Helper()
	var lines []string
	for _, r := range slices.Concat(h.Records(topic)...) {
		headers := map[string]string{}
		for _, x := range r.Headers {
			headers[x.Key] = string(x.Value)
		}
		cut := ""
		if n := headers[stream.HeaderTruncated]; n != "" {
			cut = ", cut from " + n + " bytes"
		}
		lines = append(lines, h.unprefixed(fmt.Sprintf("%s %s: %s%s", r.Key, headers[stream.HeaderReason],
			headers[stream.HeaderDetail], cut)))
	}
	slices.Sort(lines)
	return lines
}

// Records returns what a reader of committed records sees of a topic, by partition.
func (h *Harness) Records(topic string) [][]*kgo.Record {
	h.t.Helper()
	topic = h.Prefix + topic
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ends := h.listed(ctx, topic, kadm.NewClient(h.Client).ListCommittedOffsets)
	out := make([][]*kgo.Record, Partitions)
	for p := range int32(Partitions) {
		end, _ := ends.Lookup(topic, p)
		reader, err := kgo.NewClient(kgo.SeedBrokers(h.Brokers...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
			kgo.KeepControlRecords(), kgo.FetchMaxWait(forgetful),
			kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {p: kgo.NewOffset().AtStart()}}))
		if err != nil {
			h.t.Fatal(err)
		}
		for next := int64(0); next < end.Offset; {
			fetches := reader.PollFetches(ctx)
			if err := fetches.Err(); err != nil {
				h.t.Fatal(err)
			}
			fetches.EachRecord(func(r *kgo.Record) {
				next = r.Offset + 1
				if !r.Attrs.IsControl() {
					out[p] = append(out[p], r)
				}
			})
		}
		reader.Close()
	}
	return out
}

// Rows folds a table topic, in key order, without the engine's own rows.
func (h *Harness) Rows(topic string) []string {
	h.t.Helper()
	rows := map[string]string{}
	for _, part := range h.Committed(topic) {
		for _, line := range part {
			key, _, has := strings.Cut(line, "=")
			if position.IsReserved(key) {
				continue
			}
			if !has {
				delete(rows, key)
				continue
			}
			rows[key] = line
		}
	}
	out := make([]string, 0, len(rows))
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		out = append(out, rows[key])
	}
	return out
}

// forgetful is how long a reader waits for an answer that the embedded broker forgot: to a fetch at the end of a
// transaction.
const forgetful = 100 * time.Millisecond

// Await returns once a topic has so many committed records.
func (h *Harness) Await(topic string, n int) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	reader, err := kgo.NewClient(kgo.SeedBrokers(h.Brokers...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeTopics(h.Prefix+topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(forgetful))
	if err != nil {
		h.t.Fatal(err)
	}
	defer reader.Close()
	for n > 0 {
		fetches := reader.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			h.t.Fatalf("%d records more never came: %v", n, err)
		}
		n -= fetches.NumRecords()
	}
}
