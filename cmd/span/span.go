// Package span turns closed windows and changes of status into OpenTelemetry spans, each a trace of its own. A window's
// span is as long as the window, in event time. A change of status is a moment: the end of the window that decided.
//
// Callbacks send spans, so a transaction that is done over sends them again. Their ids are made from their content, so
// the second span equals the first. Nothing waits for a collector: spans that do not fit into the queue are dropped.
package span

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

// scope is the instrumentation scope of all spans.
const scope = "github.com/millrace/millrace"

// Spans sends spans. It is safe for concurrent use.
type Spans struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// Open returns Spans that go to an OpenTelemetry collector by OTLP over HTTP. Without a path the endpoint's is
// /v1/traces. What goes wrong later is logged and loses spans, no more.
func Open(ctx context.Context, endpoint string, log *slog.Logger) (*Spans, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("spans: %w", err)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	client, err := newUpload(u.String())
	if err != nil {
		return nil, fmt.Errorf("spans: %w", err)
	}
	exporter, err := otlptrace.New(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("spans: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("spans are lost", "error", err) }))
	return newSpans(exporter), nil
}

// newSpans returns Spans that go to an exporter.
func newSpans(exporter sdktrace.SpanExporter) *Spans {
	p := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter), sdktrace.WithIDGenerator(identities{}),
		sdktrace.WithSampler(sdktrace.AlwaysSample()),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "millrace"))),
	)
	return &Spans{p, p.Tracer(scope)}
}

// Close sends what is left.
func (s *Spans) Close(ctx context.Context) error { return s.provider.Shutdown(ctx) }

// WindowClosed tells a final.
func (s *Spans) WindowClosed(r *health.WindowRecord) {
	about := []attribute.KeyValue{
		attribute.String("millrace.mode", r.Mode), attribute.String("millrace.instrument", r.Instrument),
		attribute.String("millrace.gateway", r.Gateway), attribute.Int64("millrace.samples", r.Samples),
		attribute.Int64("millrace.eligible", r.Eligible), attribute.String("millrace.closed_at", r.ClosedAt.String()),
	}
	if rate, ok := r.TechnicalRate(); ok {
		about = append(about, attribute.Float64("millrace.technical_rate", rate))
	}
	s.emit("window", r.Key(), r.Start, r.End, about)
}

// StatusChanged tells a change of status.
func (s *Spans) StatusChanged(r *health.StatusRecord) {
	s.emit("status", r.Key(), r.WindowEnd, r.WindowEnd, []attribute.KeyValue{
		attribute.String("millrace.mode", r.Mode), attribute.String("millrace.instrument", r.Instrument),
		attribute.String("millrace.gateway", r.Gateway), attribute.String("millrace.state", r.State.String()),
		attribute.String("millrace.previous", r.Previous.String()), attribute.Bool("millrace.enabled", r.Enabled),
		attribute.Int("millrace.traffic_percent", r.TrafficPercent), attribute.String("millrace.reason", r.Reason),
	})
}

func (s *Spans) emit(name, key string, start, end instant.Milli, about []attribute.KeyValue) {
	all := attribute.NewSet(about...)
	what := identity(fmt.Sprintf("%s\x00%s\x00%d\x00%d\x00%s", name, key, start, end,
		all.Encoded(attribute.DefaultEncoder())))
	ctx := context.WithValue(context.Background(), identityKey{}, what)
	_, span := s.tracer.Start(ctx, name, trace.WithNewRoot(), trace.WithTimestamp(moment(start)),
		trace.WithAttributes(about...))
	span.End(trace.WithTimestamp(moment(end)))
}

// moment is a time that is always known: a window may start at the epoch.
func moment(t instant.Milli) time.Time { return time.UnixMilli(int64(t)).UTC() }

// identity is what a span tells, hashed.
type identity string

type identityKey struct{}

// identities makes ids from what a span tells.
type identities struct{}

// NewIDs implements sdktrace.IDGenerator.
func (identities) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	what, _ := ctx.Value(identityKey{}).(identity)
	sum := sha256.Sum256([]byte(what))
	return trace.TraceID(sum[:16]), trace.SpanID(sum[16:24])
}

// NewSpanID implements sdktrace.IDGenerator; spans have no children.
func (g identities) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	_, id := g.NewIDs(ctx)
	return id
}
