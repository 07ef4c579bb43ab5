package span

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/window"
)

func closed() *health.WindowRecord {
	return &health.WindowRecord{
		Path: health.Path{Mode: "upi", Instrument: "sbi", Gateway: "razorpay"}, Span: window.Span{Start: 0, End: 60_000}, ClosedAt: 70_000,
		Counts: health.Counts{ledger.Succeeded: 9, ledger.FailedTechnical: 1}, Samples: 10, Eligible: 10,
	}
}

func changed() *health.StatusRecord {
	r := &health.StatusRecord{Previous: health.Up, WindowEnd: 60_000}
	r.Mode, r.Instrument, r.State, r.Enabled, r.TrafficPercent, r.Reason = "upi", "sbi", health.Degraded, true, 100, "technical rate below 0.85"
	return r
}

func TestSpans(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	s := newSpans(exporter)
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

// TestOpen: spans reach a collector by OTLP over HTTP when they are closed, though the collector is busy at first.
func TestOpen(t *testing.T) {
	t.Setenv(headersVariable, "authorization=Bearer%20abc, x-team=payments")
	type request struct {
		path, kind, key string
		spans           int
	}
	requests := make(chan request, 2)
	var busy atomic.Bool
	busy.Store(true)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		var data tracepb.TracesData
		if err = errors.Join(err, proto.Unmarshal(b, &data)); err != nil || len(data.ResourceSpans) == 0 {
			t.Errorf("the body: %v, %d resources", err, len(data.ResourceSpans))
			return
		}
		requests <- request{r.URL.Path, r.Header.Get("Content-Type"), r.Header.Get("Authorization"), len(data.ResourceSpans[0].ScopeSpans[0].Spans)}
		if busy.CompareAndSwap(true, false) {
			w.WriteHeader(http.StatusServiceUnavailable)
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
	want := request{"/v1/traces", "application/x-protobuf", "Bearer abc", 1}
	for range 2 {
		if got := <-requests; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if _, err := Open(t.Context(), "http://[", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("took a URL that is none")
	}
	t.Setenv(headersVariable, "authorization")
	if _, err := Open(t.Context(), collector.URL, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("took a header without a value")
	}
}

// TestRefused: an answer that another attempt would not change ends the upload.
func TestRefused(t *testing.T) {
	attempts := make(chan struct{}, 9)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		attempts <- struct{}{}
		w.WriteHeader(http.StatusForbidden)
	}))
	defer collector.Close()
	u, err := newUpload(collector.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.UploadTraces(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("got %v", err)
	}
	if len(attempts) != 1 {
		t.Errorf("%d attempts", len(attempts))
	}
}
