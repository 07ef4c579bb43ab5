package streamtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/sum"
	"github.com/millrace/millrace/stream"
)

// Table returns lines of key and row, in key order, as the changelog has them.
func (h *Harness) Table(prefix string) []string {
	h.t.Helper()
	var lines []string
	rows := h.Rows()
	keys := make([]string, 0, len(rows))
	for key := range rows {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if strings.HasPrefix(key, prefix) {
			lines = append(lines, key+" "+strings.ReplaceAll(h.config.Row(rows[key]), "\n", `\n`))
		}
	}
	return lines
}

// Rows returns the encoded rows by key, as the changelog has them.
func (h *Harness) Rows() map[string][]byte {
	h.t.Helper()
	h.readBack()
	rows := map[string][]byte{}
	for _, r := range h.broker.records[h.table] {
		if position.IsReserved(string(r.Key)) {
			continue
		}
		if r.Value == nil {
			delete(rows, string(r.Key))
		} else {
			rows[string(r.Key)] = r.Value
		}
	}
	return rows
}

// Sums returns lines of name and sum, over all partitions, as the changelog has them.
func (h *Harness) Sums() []string {
	h.t.Helper()
	h.readBack()
	last := map[int32]sum.Sums{}
	for _, r := range h.broker.records[h.table] {
		if string(r.Key) != sum.Key {
			continue
		}
		var err error
		if last[r.Partition], err = sum.Parse(r.Value); err != nil {
			h.t.Fatal(err)
		}
	}
	all := sum.Sums{}
	for _, sums := range last {
		for name, n := range sums {
			all.Add(name, n)
		}
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		lines = append(lines, fmt.Sprintf("%s %s", name, all.Of(name)))
	}
	return lines
}

// Emitted returns lines of topic, key and value for what was emitted to the topics, or to all outputs but dead letters,
// since it was last returned.
func (h *Harness) Emitted(topics ...string) []string {
	h.t.Helper()
	if len(topics) == 0 {
		topics = h.outputs
	}
	h.readBack()
	var lines []string
	for _, name := range topics {
		topic, ok := h.topics[name]
		if !ok {
			h.t.Fatalf("the graph has no topic %s", name)
		}
		for _, r := range h.fresh(name) {
			lines = append(lines, fmt.Sprintf("%s %s %s", name, r.Key, topic.format(r.Value)))
		}
	}
	return h.inOrder(lines)
}

// Records returns all records ever committed to a topic but watermarks, in order within each partition.
func (h *Harness) Records(topic string) []*kgo.Record {
	h.t.Helper()
	h.readBack()
	return h.broker.records[topic]
}

// DeadLetters returns a line for each dead letter since last returned.
func (h *Harness) DeadLetters() []string {
	h.t.Helper()
	h.readBack()
	var lines []string
	for _, r := range h.fresh(h.dead) {
		header := map[string]string{}
		for _, x := range r.Headers {
			header[x.Key] = string(x.Value)
		}
		line := fmt.Sprintf("%s reason=%s detail=%q key=%s", r.Key, header[stream.HeaderReason],
			header[stream.HeaderDetail],
			formatRaw([]byte(header[stream.HeaderKey])))
		if cut, ok := header[stream.HeaderTruncated]; ok {
			line += " truncated=" + cut
		}
		lines = append(lines, line+" value="+formatRaw(r.Value))
	}
	return h.inOrder(lines)
}

// inOrder sorts what several partitions wrote at once; one partition writes in its own order.
func (h *Harness) inOrder(lines []string) []string {
	if h.config.Partitions > 1 {
		slices.Sort(lines)
	}
	return lines
}

func (h *Harness) fresh(topic string) []*kgo.Record {
	all := h.broker.records[topic]
	fresh := all[h.shown[topic]:]
	h.shown[topic] = len(all)
	return fresh
}

func (h *Harness) readBack() {
	h.t.Helper()
	ctx, done := h.context()
	defer done()
	if err := h.broker.read(ctx); err != nil {
		h.t.Fatal(err)
	}
}
