package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	paymentcodec "github.com/millrace/millrace/codecs/payment"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/payment/paymenttest"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/stream/streamtest"
	"github.com/millrace/millrace/topology"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

// config is the harness on one partition. Events are shown as the JSON of the input contract, with what intake adds.
func config(m *Metrics) streamtest.Config {
	t := topology.New(topology.Config{Partitions: 1, Replication: 1})
	cfg := DefaultConfig()
	cfg.HealthInstruments = map[string][]string{"upi": {"instrument", "attributes.app"}}
	cfg.Declines = map[string]string{"X1": "business"}
	return streamtest.Config{
		Build:  func() streamtest.Processor { return streamtest.Processor{Graph: Graph(cfg, t, m)} },
		Topics: []streamtest.Topic{{Name: t.Transactions.Name, Format: formatEvent}},
	}
}

func formatEvent(b []byte) string {
	e, err := paymentcodec.Event{}.Decode(b)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s received=%s health=%q from=%s-%d-%d key=%s",
		paymentcodec.EventJSON(e), e.ReceivedAt, e.HealthInstruments, e.Origin.Topic, e.Origin.Partition, e.Origin.Offset, e.Origin.Key)
}

func TestScripts(t *testing.T) {
	streamtest.Run(t, "testdata/*.txt", config(NewMetrics(prometheus.NewRegistry())))
}

// Every poison becomes one dead letter with its own bytes, the events around it pass, and event time stays where they
// put it.
func TestPoison(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := NewMetrics(registry)
	h := streamtest.New(t, config(m))
	poisons, err := paymenttest.Poisons()
	if err != nil {
		t.Fatal(err)
	}
	good := func(n int) []byte {
		return fmt.Appendf(nil, `{"id":"e%d","type":"payment","transaction_id":"t%d","user_id":"u","amount":1,"currency":"INR","status":"success",`+
			`"updated_at":"2026-03-01T10:00:00Z"}`, n, n)
	}
	sent := time.Date(2026, 3, 1, 10, 0, 1, 0, time.UTC)
	for n, p := range poisons {
		h.Consume(streamtest.Message{Topic: "payments", Key: "any", Value: p.Value, Timestamp: sent, Headers: map[string]string{"trace": p.Name}})
		h.Consume(streamtest.Message{Topic: "payments", Key: "any", Value: good(n), Timestamp: sent})
	}
	if got := h.Watermarks(); len(got) != 1 || got[0] != "0 2026-03-01T10:00:00Z" {
		t.Errorf("watermark %v", got)
	}
	if got := len(h.Records("transactions")); got != len(poisons) {
		t.Errorf("%d transactions, want %d", got, len(poisons))
	}
	if got := counted(t, registry, "millrace_events_total"); got != float64(len(poisons)) {
		t.Errorf("%v accepted", got)
	}
	letters := h.Records("dead-letters")
	if len(letters) != len(poisons) {
		t.Fatalf("%d dead letters, want %d", len(letters), len(poisons))
	}
	for n, p := range poisons {
		r, headers := letters[n], map[string]string{}
		for _, x := range r.Headers {
			headers[x.Key] = string(x.Value)
		}
		if want := fmt.Sprintf("payments-0-%d", 2*n); string(r.Key) != want || headers[stream.HeaderOffset] != fmt.Sprint(2*n) {
			t.Errorf("%s/%s: id %s, want %s", p.Class, p.Name, r.Key, want)
		}
		if headers[stream.HeaderReason] != string(p.Reason) || !bytes.HasPrefix([]byte(headers[stream.HeaderDetail]), []byte(p.Field)) {
			t.Errorf("%s/%s: %s, %s; want %s, %s", p.Class, p.Name, headers[stream.HeaderReason], headers[stream.HeaderDetail], p.Reason, p.Field)
		}
		if !bytes.Equal(r.Value, p.Value) || headers[stream.HeaderTruncated] != "" {
			t.Errorf("%s/%s: the bytes are not the source's", p.Class, p.Name)
		}
		if headers[stream.HeaderGroup] != "intake" || headers[stream.HeaderTopic] != "payments" || headers[stream.HeaderKey] != "any" ||
			headers[stream.HeaderTimestamp] != "2026-03-01T10:00:01Z" || headers["trace"] != p.Name {
			t.Errorf("%s/%s: headers %v", p.Class, p.Name, headers)
		}
	}
}

func TestLimitsAgree(t *testing.T) {
	if payment.SourceLimit != stream.SourceLimit {
		t.Errorf("payment reads %d bytes, stream %d", payment.SourceLimit, stream.SourceLimit)
	}
}

// Records at every limit at once still fit the topics they go to. One that did not would stop its partition for good.
func TestLargestRecords(t *testing.T) {
	h := streamtest.New(t, config(NewMetrics(prometheus.NewRegistry())))
	var b bytes.Buffer
	b.WriteString(`{"id":"e","type":"payment","transaction_id":"t","user_id":"u","amount":1,"currency":"INR","status":"success","mode":"m","attributes":{`)
	for n := range payment.AttributeLimit {
		fmt.Fprintf(&b, `"%d":0,`, n)
	}
	b.Truncate(b.Len() - 1)
	b.WriteString(`},"x":"`)
	b.Write(bytes.Repeat([]byte("x"), payment.SourceLimit-b.Len()-2))
	b.WriteString(`"}`)
	key := func(n int) string { return string(bytes.Repeat([]byte("k"), n)) }
	h.Consume(streamtest.Message{Topic: "payments", Key: key(60 << 10), Value: b.Bytes()})
	if got := len(h.Records("transactions")); got != 1 {
		t.Fatalf("%d transactions of %v", got, h.DeadLetters())
	}
	h.Consume(streamtest.Message{Topic: "payments", Key: key(30 << 10), Value: bytes.Repeat([]byte("x"), stream.DeadLetterLimit)})
	h.Consume(streamtest.Message{Topic: "payments", Key: key(topology.MaxMessageBytes - 300), Value: []byte("x")})
	h.Consume(streamtest.Message{Topic: "payments", Value: []byte("x"), Headers: map[string]string{"a": "kept", "b": key(topology.MaxMessageBytes - 300)}})
	letters := h.Records("dead-letters")
	if len(letters) != 3 || len(letters[0].Value) != stream.DeadLetterLimit {
		t.Fatalf("%d dead letters", len(letters))
	}
	for _, x := range letters[2].Headers {
		if x.Key == "b" || (x.Key == "a" && string(x.Value) != "kept") {
			t.Errorf("header %s of %d bytes", x.Key, len(x.Value))
		}
	}
}

// The key of a source record travels through every group, so a giant one is cut.
func TestLongKey(t *testing.T) {
	h := streamtest.New(t, config(NewMetrics(prometheus.NewRegistry())))
	value := `{"id":"e","type":"payment","transaction_id":"t","user_id":"u","amount":1,"currency":"INR","status":"success"}`
	h.Consume(streamtest.Message{Topic: "payments", Key: string(bytes.Repeat([]byte("k"), 5000)), Value: []byte(value)})
	e, err := paymentcodec.Event{}.Decode(h.Records("transactions")[0].Value)
	if err != nil || len(e.Origin.Key) != keyLimit {
		t.Errorf("%d bytes of key, %v", len(e.Origin.Key), err)
	}
}

func TestMetricsShareTheirNames(t *testing.T) {
	registry := prometheus.NewRegistry()
	first, second := NewMetrics(registry), NewMetrics(registry)
	first.count(payment.Normalised{TimeFallback: true})
	second.count(payment.Normalised{})
	if a, f := counted(t, registry, "millrace_events_total"), counted(t, registry, "millrace_time_fallbacks_total"); a != 2 || f != 1 {
		t.Errorf("accepted %v, fallbacks %v", a, f)
	}
}

func counted(t *testing.T, registry *prometheus.Registry, name string) (sum float64) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

func TestConfig(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	if err := (Config{}).Validate(); err == nil {
		t.Error("a bound of 0 is valid")
	}
	a, _ := json.Marshal(DefaultConfig())
	b, _ := json.Marshal(payment.DefaultConfig())
	if !bytes.Equal(a, b) {
		t.Errorf("%s, %s", a, b)
	}
}
