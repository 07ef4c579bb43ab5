package serve

import (
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/token"
)

// The times of a stream: how often it says that it is alive, and how long one write may take.
const (
	StreamBeat    = 15 * time.Second
	WritePatience = 10 * time.Second
)

// StreamOperation describes a route of server-sent events.
func (s *Kit) StreamOperation(id, path, tag, summary, description string, a Access) huma.Operation {
	op := s.Read(id, path, tag, summary, a)
	op.Description = description
	op.Responses["200"] = &huma.Response{
		Description: "Server-sent events until one side ends it",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
	return op
}

// TokenOver is what a stream says when it ends because its token has.
const TokenOver = "the token is over: listen anew, with a valid one"

// Over returns a channel that tells when a token is over, never for a caller without one. Whoever asked must stop.
func (s *Kit) Over(who token.Identity) (over <-chan time.Time, stop func() bool) {
	if who.Until.IsZero() {
		return nil, func() bool { return false }
	}
	t := time.NewTimer(who.Until.Sub(s.Config.Now()))
	return t.C, t.Stop
}

// eventStream is the media type of server-sent events.
const eventStream = "text/event-stream; charset=utf-8"

// EventWriter writes server-sent events to one client.
type EventWriter struct {
	w   http.ResponseWriter
	out *http.ResponseController
}

// BeginEvents begins the answer; false where that was all of it.
func BeginEvents(r *http.Request, w http.ResponseWriter) (EventWriter, bool) {
	w.Header().Set("Content-Type", eventStream)
	w.WriteHeader(http.StatusOK)
	return EventWriter{w, http.NewResponseController(w)}, r.Method != http.MethodHead
}

// Send writes text as it is, and tells whether the client still takes it.
func (e EventWriter) Send(text string) bool {
	_ = e.out.SetWriteDeadline(time.Now().Add(WritePatience))
	_, err := io.WriteString(e.w, text)
	return err == nil && e.out.Flush() == nil
}

// Say sends a comment.
func (e EventWriter) Say(text string) bool { return e.Send(": " + text + "\n\n") }

// StoppingProblem says that the server is about to stop.
func StoppingProblem() *problem.Problem {
	return problem.New(http.StatusServiceUnavailable, problem.Unavailable, "the server is stopping").With("Retry-After",
		streamRetry)
}
