package views

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
	streamBeat    = 15 * time.Second
	writePatience = 10 * time.Second
)

// streamOperation describes a route of server-sent events.
func (s *kit) streamOperation(id, path, tag, summary, description string, a access) huma.Operation {
	op := s.read(id, path, tag, summary, a)
	op.Description = description
	op.Responses["200"] = &huma.Response{
		Description: "Server-sent events until one side ends it",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
	return op
}

// tokenOver is what a stream says when it ends because its token has.
const tokenOver = "the token is over: listen anew, with a valid one"

// over returns a channel that tells when a token is over, never for a caller without one. Whoever asked must stop.
func (s *kit) over(who token.Identity) (over <-chan time.Time, stop func() bool) {
	if who.Until.IsZero() {
		return nil, func() bool { return false }
	}
	t := time.NewTimer(who.Until.Sub(s.config.Now()))
	return t.C, t.Stop
}

// eventStream is the media type of server-sent events.
const eventStream = "text/event-stream; charset=utf-8"

// eventWriter writes server-sent events to one client.
type eventWriter struct {
	w   http.ResponseWriter
	out *http.ResponseController
}

// beginEvents begins the answer; false where that was all of it.
func beginEvents(r *http.Request, w http.ResponseWriter) (eventWriter, bool) {
	w.Header().Set("Content-Type", eventStream)
	w.WriteHeader(http.StatusOK)
	return eventWriter{w, http.NewResponseController(w)}, r.Method != http.MethodHead
}

// send writes text as it is, and tells whether the client still takes it.
func (e eventWriter) send(text string) bool {
	_ = e.out.SetWriteDeadline(time.Now().Add(writePatience))
	_, err := io.WriteString(e.w, text)
	return err == nil && e.out.Flush() == nil
}

// say sends a comment.
func (e eventWriter) say(text string) bool { return e.send(": " + text + "\n\n") }

func stoppingProblem() *problem.Problem {
	return problem.New(http.StatusServiceUnavailable, problem.Unavailable, "the server is stopping").With("Retry-After", streamRetry)
}
