package span

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// headersVariable holds headers for the collector, as OpenTelemetry defines it: key=value pairs, comma-separated,
// URL-encoded.
const headersVariable = "OTEL_EXPORTER_OTLP_HEADERS"

const (
	attemptTimeout = 10 * time.Second
	firstPause     = time.Second
	lastPause      = 30 * time.Second
)

// upload sends spans by OTLP over HTTP (OTLP 1.x, "OTLP/HTTP", binary protobuf). It implements otlptrace.Client. The
// library's own client does the same and brings gRPC along: 66 packages that every build of Millrace would compile.
type upload struct {
	endpoint string
	headers  http.Header
	client   *http.Client
	pause    time.Duration // before the second attempt, doubled for each later one
}

func newUpload(endpoint string) (*upload, error) {
	headers, err := headersOf(os.Getenv(headersVariable))
	if err != nil {
		return nil, err
	}
	return &upload{endpoint: endpoint, headers: headers, client: &http.Client{Timeout: attemptTimeout},
		pause: firstPause}, nil
}

// headersOf reads pairs as in "authorization=Bearer%20abc,x-team=payments".
func headersOf(pairs string) (http.Header, error) {
	headers := http.Header{}
	for pair := range strings.SplitSeq(pairs, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, encoded, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(encoded))
		if name = strings.TrimSpace(name); !ok || name == "" || err != nil {
			return nil, errors.New(headersVariable + ": want name=value pairs, comma-separated, values URL-encoded")
		}
		headers.Set(name, value)
	}
	return headers, nil
}

// Start implements otlptrace.Client.
func (u *upload) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (u *upload) Stop(context.Context) error {
	u.client.CloseIdleConnections()
	return nil
}

// UploadTraces implements otlptrace.Client. It tries again, until ctx ends, where OTLP says so: 429, 502, 503, 504 and
// a collector out of reach.
func (u *upload) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	// TracesData has the wire form of ExportTraceServiceRequest, whose package imports gRPC.
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return fmt.Errorf("spans: %w", err)
	}
	pause := u.pause
	for {
		after, err := u.post(ctx, body)
		var refused refusal
		if err == nil || errors.As(err, &refused) || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(max(after, pause)):
		}
		pause = min(2*pause, lastPause)
	}
}

// refusal is an answer that another attempt would not change.
type refusal string

func (r refusal) Error() string { return "spans: the collector answered " + string(r) }

// post sends body once. It returns how long the collector wants to be left alone, if it says so.
func (u *upload) post(ctx context.Context, body []byte) (time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.endpoint, bytes.NewReader(body))
	if err != nil {
		return 0, refusal(err.Error())
	}
	r.Header = u.headers.Clone()
	r.Header.Set("Content-Type", "application/x-protobuf")
	answer, err := u.client.Do(r)
	if err != nil {
		return 0, fmt.Errorf("spans: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection can be used again
	switch code := answer.StatusCode; code {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After")) // a date, or nothing, is 0
		return time.Duration(min(max(seconds, 0), 60)) * time.Second,
			fmt.Errorf("spans: the collector answered %s", answer.Status)
	default:
		if code < 200 || code > 299 {
			return 0, refusal(answer.Status)
		}
		return 0, nil
	}
}
