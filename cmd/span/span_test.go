package span

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/window"
)

func closed() *health.WindowRecord {
	return &health.WindowRecord{
		Path: health.Path{Mode: "upi", Instrument: "sbi", Gateway: "razorpay"}, Span: window.Span{Start: 0, End: 60_000}, ClosedAt: 70_000,
		Counts: health.Counts{Success: 9, Technical: 1}, Samples: 10, Eligible: 10,
	}
}

func changed() *health.StatusRecord {
	r := &health.StatusRecord{Previous: health.Up, WindowEnd: 60_000}
	r.Mode, r.Instrument, r.State, r.Enabled, r.TrafficPercent, r.Reason = "upi", "sbi", health.Degraded, true, 100, "technical rate below 0.85"
	return r
}

func TestSpans(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	s := New(exporter)
	empty := closed()
	empty.Start, empty.End, empty.Samples, empty.Eligible = 60_000, 120_000, 0, 0
	s.WindowClosed(closed())
	s.StatusChanged(changed())
	s.WindowClosed(empty)
	s.WindowClosed(closed()) // its transaction was done over
	if err := s.provider.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := exporter.GetSpans()
	if len(got) != 4 {
		t.Fatalf("%d spans", len(got))
	}
	w, status := got[0], got[1]
	if w.Name != "window" || w.StartTime.UnixMilli() != 0 || w.EndTime.Sub(w.StartTime) != time.Minute {
		t.Errorf("window %s from %v to %v", w.Name, w.StartTime, w.EndTime)
	}
	if status.Name != "status" || status.StartTime.UnixMilli() != 60_000 || !status.EndTime.Equal(status.StartTime) {
		t.Errorf("status %s from %v to %v", status.Name, status.StartTime, status.EndTime)
	}
	for _, want := range []attribute.KeyValue{attribute.String("millrace.instrument", "sbi"), attribute.Float64("millrace.technical_rate", 0.9), attribute.Int64("millrace.samples", 10)} {
		if v := attribute.NewSet(w.Attributes...); !has(v, want) {
			t.Errorf("window has not %v", want)
		}
	}
	for _, want := range []attribute.KeyValue{attribute.String("millrace.state", "degraded"), attribute.String("millrace.previous", "up"), attribute.Bool("millrace.enabled", true)} {
		if v := attribute.NewSet(status.Attributes...); !has(v, want) {
			t.Errorf("status has not %v", want)
		}
	}
	if none := attribute.NewSet(got[2].Attributes...); none.HasValue("millrace.technical_rate") {
		t.Error("an empty window has a rate")
	}
	if w.SpanContext.TraceID() != got[3].SpanContext.TraceID() || w.SpanContext.SpanID() != got[3].SpanContext.SpanID() {
		t.Error("told twice, with other ids")
	}
	if w.SpanContext.TraceID() == status.SpanContext.TraceID() || w.SpanContext.TraceID() == got[2].SpanContext.TraceID() {
		t.Error("one trace for all")
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func has(s attribute.Set, want attribute.KeyValue) bool {
	v, ok := s.Value(want.Key)
	return ok && v == want.Value
}

// TestOpen: spans reach a collector by OTLP over HTTP when they are closed.
func TestOpen(t *testing.T) {
	paths := make(chan string, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if b, err := io.ReadAll(r.Body); err == nil && len(b) > 0 {
			paths <- r.URL.Path
		}
	}))
	defer collector.Close()
	s, err := Open(t.Context(), collector.URL, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.WindowClosed(closed())
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if path := <-paths; path != "/v1/traces" {
		t.Errorf("sent to %s", path)
	}
	if _, err := Open(t.Context(), "http://[", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("took a URL that is none")
	}
}
