package ledger_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/task"
	processor "github.com/millrace/millrace/processors/ledger"
	"github.com/millrace/millrace/processors/metric/metrictest"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/stream/streamtest"
	"github.com/millrace/millrace/topology"
)

func TestScripts(t *testing.T) {
	registry := prometheus.NewRegistry()
	t.Cleanup(func() { metrictest.Known(t, registry, func(r prometheus.Registerer) { processor.NewMetrics(r) }) })
	streamtest.Run(t, "testdata/*.txt", scriptConfig(registry))
}

func TestTriggers(t *testing.T) {
	streamtest.Run(t, "testdata/triggers/*.txt", scriptConfig(prometheus.NewRegistry(),
		task.Rule{On: task.PaymentSettled, Kind: "thank"}, task.Rule{On: task.PaymentReversed, Kind: "tell"}, task.Rule{On: task.PaymentSettled, Kind: "sync", Dedupe: task.ByTransaction}))
}

func scriptConfig(registry prometheus.Registerer, triggers ...task.Rule) streamtest.Config {
	c := topology.DefaultConfig()
	t := topology.New(c)
	return streamtest.Config{
		Build: func() streamtest.Processor {
			cfg := processor.Config{PendingTimeout: 300 * time.Second, Retention: 24 * time.Hour}
			return streamtest.Processor{Graph: processor.Graph(cfg, triggers, t, processor.NewMetrics(registry))}
		},
		Topics: []streamtest.Topic{
			streamtest.JSON(t.Erasures),
			{Name: t.Transactions.Name, Time: streamtest.Time(t.Transactions), Parse: parseEvent, Format: streamtest.Value(t.Transactions.Codec)},
			{Name: t.Postings.Name, Format: format(t.Postings, formatPosting)},
			{Name: t.Tasks.Name, Format: format(t.Tasks, formatTask)},
			{Name: t.Attempts.Name, Format: format(t.Attempts, formatAttempt)},
		},
		Row: format(stream.Topic[*ledger.Row]{Codec: t.Ledger.Row}, formatRow),
	}
}

// parseEvent takes the JSON of the input contract as intake would, from the payments record whose offset is the number
// in its id. user_id, currency and mode, instrument and gateway need not be written.
func parseEvent(text string) ([]byte, error) {
	in, err := paymentcodec.Payments{}.Decode([]byte(text))
	if err != nil {
		return nil, err
	}
	for _, missing := range []struct {
		value *payment.Value
		text  string
	}{{&in.UserID, "u1"}, {&in.Currency, "INR"}, {&in.Mode, "upi"}, {&in.Instrument, "sbi"}, {&in.Gateway, "razorpay"}} {
		if missing.value.Missing() {
			*missing.value = payment.Value{Kind: payment.String, Text: missing.text}
		}
	}
	offset, err := strconv.ParseInt(strings.TrimLeft(in.ID.Text, "abcdefghijklmnopqrstuvwxyz"), 10, 64)
	if err != nil {
		return nil, err
	}
	origin := payment.Origin{Topic: "payments", Offset: offset, Timestamp: 1_800_000_000_000, Key: []byte(in.TransactionID.Text)}
	n, problem := payment.Normalise(in, origin, payment.DefaultConfig())
	if problem != nil {
		return nil, problem
	}
	return paymentcodec.Event{}.Encode(n.Event)
}

func format[T any](topic stream.Topic[T], say func(T) string) func([]byte) string {
	return func(b []byte) string {
		v, err := topic.Codec.Decode(b)
		if err != nil {
			return fmt.Sprintf("<%v>", err)
		}
		return say(v)
	}
}

func formatTask(s *task.Submission) string {
	t := &s.Task
	return fmt.Sprintf("%s %s on %s for %s at %s%s: %s", t.ID, t.Kind, t.On, t.Key, t.At, onlyOne(s), t.Payload)
}

func onlyOne(s *task.Submission) string {
	if s.Dedupe == "" {
		return ""
	}
	return " once as " + s.Dedupe
}

func formatPosting(p *ledger.Posting) string {
	return fmt.Sprintf("%s %s %s #%d %d>%d %s at %s from %s-%d-%d", p.TransactionID, p.Kind, p.EventID, p.Seq, p.NetBefore, p.NetAfter,
		p.Currency, p.At, p.Origin.Topic, p.Origin.Partition, p.Origin.Offset)
}

func formatAttempt(a *ledger.Attempt) string {
	return fmt.Sprintf("%s %s at %s", a.TransactionID, a.Outcome, a.At)
}

func formatRow(r *ledger.Row) string {
	return fmt.Sprintf("%s %s %s %d reversed %d net %d, %d events, %d waiting, attempted %v", r.UserID(), r.Status, r.Currency(),
		r.AmountMinor(), r.Reversed(), r.Net(), len(r.Events), len(r.Waiting), len(r.Places) > 0 && !slices.ContainsFunc(r.Places, func(p ledger.Place) bool { return !p.Attempted }))
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	// Another group that shares a name must have the same help and labels.
	shared := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "millrace_duplicates_total", Help: "Duplicate records dropped, by group.",
	}, []string{"group"})
	registry.MustRegister(shared)
	h := streamtest.New(t, scriptConfig(registry))
	event := func(id, kind, status string, amount int) {
		h.ConsumeText("transactions", "t1", fmt.Sprintf(`{"id":%q,"type":%q,"reversal_id":"r1","transaction_id":"t1","status":%q,
			"amount":%d,"updated_at":"2026-03-01T10:00:0%sZ"}`, id, kind, status, amount, id[1:]))
	}
	event("e1", "payment", "success", 100)
	event("e1", "payment", "success", 100)
	event("e2", "reversal", "success", 40)
	event("e3", "reversal", "failed", 40)
	want := []string{
		`millrace_duplicates_total{group=ledger} 1`,
		`millrace_events_total{group=ledger,outcome=applied} 3`,
		`millrace_events_total{group=ledger,outcome=duplicate} 1`,
		`millrace_ledger_returned_minor_total{currency=INR} 40`,
		`millrace_ledger_reversed_minor_total{currency=INR} 40`,
		`millrace_ledger_settled_minor_total{currency=INR} 100`,
	}
	if diff := cmp.Diff(want, metrictest.Moved(t, registry)); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}
