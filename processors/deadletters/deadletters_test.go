package deadletters

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lovoo/goka"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	deadlettercodec "github.com/millrace/millrace/codecs/deadletter"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/stream/streamtest"
	"github.com/millrace/millrace/topology"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

func TestScripts(t *testing.T) {
	top := topology.New(topology.Config{Partitions: 1, Replication: 1})
	streamtest.Run(t, "testdata/*.txt", streamtest.Config{
		Build: func() streamtest.Processor {
			return streamtest.Processor{Graph: Graph(top, NewMetrics(prometheus.NewRegistry()))}
		},
		Topics: []streamtest.Topic{
			{Name: top.DeadLetterCommands.Name, Parse: parseCommand}, {Name: top.TaskCommands.Name, Format: formatTaskCommand},
			{Name: top.Tasks.Name, Format: formatTask},
		},
		Row: formatRow,
	})
}

// parseCommand takes ID OP LETTER PARTITION-OFFSET [VALUE]; it is by ann, and the record had the key k and the header
// trace. The value "task ID" stands for a task on its way.
func parseCommand(text string) ([]byte, error) {
	words := strings.SplitN(text, " ", 5)
	c := &deadletter.Command{ID: words[0], Op: deadletter.Op(words[1]), LetterID: words[2], Actor: "ann", Role: "editor", Reason: "why", At: 1_772_359_200_000,
		Proof: audit.Proof{By: audit.ByToken, Issuer: "iss", Role: "editor"}}
	if _, err := fmt.Sscanf(words[3], "%d-%d", &c.Partition, &c.Offset); err != nil {
		return nil, err
	}
	if c.Op == deadletter.Discard && len(words) > 4 {
		c.Value = []byte(words[4])
	}
	if c.Op == deadletter.Replay {
		c.Key, c.Value, c.Headers = []byte("k"), []byte(words[4]), []deadletter.Header{{Name: "trace", Value: []byte("abc")}}
	}
	if id, ok := strings.CutPrefix(string(c.Value), "task "); ok {
		var err error
		if c.Value, err = (taskcodec.Submission{}).Encode(&task.Submission{Task: task.Task{ID: id, Kind: "thank", Key: "k"}}); err != nil {
			return nil, err
		}
	}
	return deadlettercodec.Command{}.Encode(c)
}

func formatTaskCommand(b []byte) string {
	c, err := taskcodec.Command{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	e := c.Letter
	return fmt.Sprintf("%s %s %s %s of run %d, letter %s, payload %s", c.ID, c.Op, e.Task.Kind, e.Task.ID, e.Run, e.Task.Payload, c.Payload)
}

func formatTask(b []byte) string {
	s, err := taskcodec.Submission{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s %s of %s", s.Task.Kind, s.Task.ID, s.Task.Key)
}

func formatRow(b []byte) string {
	row, err := deadlettercodec.Row{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	text := row.State.String() + formatLetter(row.Letter)
	if row.Letter.Source.DeadLetter != "" {
		text += ", a replay of " + row.Letter.Source.DeadLetter
	}
	if d := row.Decision; d != nil {
		text += fmt.Sprintf("; %s by %s (%s) because %s", d.Op, d.Actor, d.Role, d.Reason)
	}
	for _, v := range row.Verdicts {
		text += fmt.Sprintf("; %s %s", v.CommandID, v.Result)
	}
	for _, l := range row.Earlier {
		text += "; earlier" + formatLetter(l)
	}
	return text
}

func formatLetter(l deadletter.Letter) string {
	return fmt.Sprintf(" %s by %s (%s), source %s-%d-%d %s, bytes at %d-%d, %d of %d, filed %s",
		l.Reason, l.Group, l.Detail, l.Source.Topic, l.Source.Partition, l.Source.Offset, l.Source.Timestamp, l.Partition, l.Offset, l.SizeBytes, l.FullSizeBytes, l.At)
}

// A dead letter of this group would be its own next input. It writes replays and the audit, and nothing else.
func TestGraphWritesNoDeadLetters(t *testing.T) {
	top := topology.New(topology.DefaultConfig())
	g := Graph(top, NewMetrics(prometheus.NewRegistry()))
	if out := g.OutputStreams().Topics(); !slices.Equal(slices.Sorted(slices.Values(out)), []string{"audit", "payments", "task-commands", "tasks"}) || g.LoopStream() != nil {
		t.Errorf("outputs %v, loop %v", out, g.LoopStream())
	}
}

func TestParseLetter(t *testing.T) {
	headers := func(change func(goka.Headers)) goka.Headers {
		h := goka.Headers{
			stream.HeaderReason: []byte("too_old"), stream.HeaderDetail: []byte("cut \xc3"), stream.HeaderGroup: []byte("ledger"), stream.HeaderTopic: []byte("payments"),
			stream.HeaderPartition: []byte("3"), stream.HeaderOffset: []byte("42"), stream.HeaderTimestamp: []byte("2026-03-01T10:00:02Z"),
		}
		change(h)
		return h
	}
	for name, c := range map[string]struct {
		key    string
		change func(goka.Headers)
		ok     bool
	}{
		"ours":                   {"payments-3-42", func(goka.Headers) {}, true},
		"second of one record":   {"payments-3-42-1", func(goka.Headers) {}, true},
		"no timestamp":           {"payments-3-42", func(h goka.Headers) { delete(h, stream.HeaderTimestamp) }, true},
		"another offset's key":   {"payments-3-421", func(goka.Headers) {}, false},
		"number 0":               {"payments-3-42-0", func(goka.Headers) {}, false},
		"number with zeros":      {"payments-3-42-01", func(goka.Headers) {}, false},
		"no number":              {"payments-3-42-", func(goka.Headers) {}, false},
		"no key":                 {"", func(goka.Headers) {}, false},
		"no reason":              {"payments-3-42", func(h goka.Headers) { delete(h, stream.HeaderReason) }, false},
		"no group":               {"payments-3-42", func(h goka.Headers) { delete(h, stream.HeaderGroup) }, false},
		"no topic":               {"-3-42", func(h goka.Headers) { delete(h, stream.HeaderTopic) }, false},
		"partition not a number": {"payments-3-42", func(h goka.Headers) { h[stream.HeaderPartition] = []byte("x") }, false},
		"offset too large":       {"payments-3-42", func(h goka.Headers) { h[stream.HeaderOffset] = []byte("9223372036854775808") }, false},
		"no headers":             {"payments-3-42", func(h goka.Headers) { clear(h) }, false},
	} {
		l, ok := parseLetter(c.key, headers(c.change))
		if ok != c.ok {
			t.Errorf("%s: %v", name, ok)
		}
		if ok && (l.Reason != payment.TooOld || l.Detail != "cut " || l.Source.Offset != 42) {
			t.Errorf("%s: %+v", name, l)
		}
	}
}
