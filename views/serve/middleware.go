package serve

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"runtime/debug"

	"github.com/millrace/millrace/views/problem"
)

type contextKey int

const (
	requestIDKey contextKey = iota
	// IdentityKey has who asks.
	IdentityKey
	requestKey
	// ClaimKey has the claim of a signature.
	ClaimKey
	resourceKey
)

// RequestIDHeader names a request in answers and logs.
const RequestIDHeader = "X-Request-Id"

var requestIDPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// RequestID returns the id of a request.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey).(string)
	return id
}

// Identify gives every request an id, the caller's own if it is a sane one, and bounds its body; operations have bounds
// of their own.
func (s *Kit) Identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(RequestIDHeader)
		if !requestIDPattern.MatchString(id) {
			id = rand.Text()
		}
		w.Header().Set(RequestIDHeader, id)
		r.Body = http.MaxBytesReader(w, r.Body, MaxAnyBytes+1)
		ctx := context.WithValue(r.Context(), requestIDKey, id)
		r = r.WithContext(ctx)
		next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, requestKey, r)))
	})
}

// Recover answers a panic with a problem, or, if the answer has begun, breaks the connection off. It counts how each
// request ended, a panic as 500.
func (s *Kit) Recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := &tracked{ResponseWriter: w}
		r.Body = framedBody{r.Body}
		end := s.Metrics.begin(t)
		defer func() { end(r) }() // the router sets the request's pattern; the answer to a panic is given by then
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			err, _ := p.(error)
			if errors.Is(err, errFraming) && !t.begun {
				writeProblem(t, r, problem.Unreadable("", "malformed",
					"the body ended early, or not as its chunks say").With("Connection", "close"))
				return
			}
			aborted := errors.Is(err, http.ErrAbortHandler)
			if !aborted {
				s.Config.Log.ErrorContext(r.Context(), "panic in a request", "request_id", RequestID(r.Context()),
					"route", r.Pattern,
					"panic", p, "stack", string(debug.Stack()))
			}
			t.failed = !aborted && !errors.Is(err, errFraming)
			if t.begun || aborted {
				panic(http.ErrAbortHandler)
			}
			writeProblem(t, r, problem.Of(http.StatusInternalServerError))
		}()
		next.ServeHTTP(t, r)
	})
}

// errFraming is that of a body which the client did not send whole.
var errFraming = errors.New("views: the body did not come whole")

// framedBody ends a request whose body did not come whole, for what reads it could only say that something failed
// inside.
type framedBody struct{ io.ReadCloser }

// Read implements io.Reader.
func (b framedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	var slow net.Error
	var large *http.MaxBytesError
	if err == nil || errors.Is(err, io.EOF) || errors.As(err, &slow) && slow.Timeout() || errors.As(err, &large) {
		return n, err
	}
	panic(fmt.Errorf("%w: %w", errFraming, err))
}

// tracked knows whether the answer has begun, and how it ended.
type tracked struct {
	http.ResponseWriter
	begun  bool
	status int  // 0: none was given, which net/http sends as 200
	failed bool // a panic ended the answer
	stream bool // the answer is one of server-sent events
	// onStream is called when a stream begins.
	onStream func()
}

func (t *tracked) WriteHeader(status int) {
	t.begun = true
	if t.status == 0 && status >= http.StatusOK {
		t.status = status
		if t.Header().Get("Content-Type") == eventStream {
			t.stream = true
			t.onStream()
		}
	}
	t.ResponseWriter.WriteHeader(status)
}

func (t *tracked) Write(b []byte) (int, error) {
	t.begun = true
	return t.ResponseWriter.Write(b)
}

// ended returns the status that the request is counted under.
func (t *tracked) ended() int {
	if t.failed {
		return http.StatusInternalServerError
	}
	return cmp.Or(t.status, http.StatusOK)
}

// Unwrap serves http.ResponseController.
func (t *tracked) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// Secure sets the headers of every answer. There are no CORS headers: other origins cannot read anything.
func Secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// Route gives what the router itself answers, 404 and 405, the shape of a problem.
func (s *Kit) Route(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		verdict := &recorded{header: http.Header{}}
		h.ServeHTTP(verdict, r)
		if allow := verdict.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
		}
		status := verdict.status
		if status < http.StatusBadRequest {
			status = http.StatusNotFound
		}
		writeProblem(w, r, problem.Of(status))
	})
}

// recorded takes the status and headers of an answer and drops its body.
type recorded struct {
	header http.Header
	status int
}

func (r *recorded) Header() http.Header         { return r.header }
func (r *recorded) WriteHeader(status int)      { r.status = status }
func (r *recorded) Write(b []byte) (int, error) { return len(b), nil }

// writeProblem answers outside huma.
func writeProblem(w http.ResponseWriter, r *http.Request, p *problem.Problem) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problem.ContentType)
	w.WriteHeader(p.Status)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(p.For(RequestID(r.Context()))) // plain strings and numbers always encode
	_, _ = w.Write(b.Bytes())                     // a client that went away is not our error
}
