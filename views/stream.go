package views

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/millrace/millrace/views/problem"
)

// The times of a stream: how often it says that it is alive, and how long one write may take.
const (
	streamBeat    = 15 * time.Second
	writePatience = 10 * time.Second
)

type streamInput struct {
	Mode string `query:"mode" maxLength:"128" doc:"Only this mode; default all"`
}

// streamOperation describes a route of server-sent events.
func (s *Server) streamOperation(id, path, tag, summary, description string, a access) huma.Operation {
	op := s.read(id, path, tag, summary, a)
	op.Description = description
	op.Responses["200"] = &huma.Response{
		Description: "Server-sent events until one side ends it",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
	return op
}

func (s *Server) healthStream(_ context.Context, in *streamInput) (*huma.StreamResponse, error) {
	l, ok := s.config.Feed.listen(normal(in.Mode))
	if !ok {
		return nil, problem.New(http.StatusServiceUnavailable, problem.Unavailable, "the server has too many listeners, or is stopping").
			With("Retry-After", "5")
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer s.config.Feed.leave(l)
		r, w := humago.Unwrap(ctx)
		relay(r, w, l)
	}}, nil
}

// relay writes the listener's events until it is dropped or the client has gone.
func relay(r *http.Request, w http.ResponseWriter, l *listener) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	out := http.NewResponseController(w)
	send := func(text ...[]byte) bool {
		_ = out.SetWriteDeadline(time.Now().Add(writePatience))
		_, err := w.Write(bytes.Join(text, nil))
		return err == nil && out.Flush() == nil
	}
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()
	hello := ": from now on; what was before is not repeated, read /v1/health\n\n"
	for ok := send([]byte(hello)); ok; {
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			ok = send([]byte(": alive\n\n"))
		case e, more := <-l.events:
			if !more {
				send([]byte(": " + l.dropped + "\n\n"))
				return
			}
			ok = send([]byte("event: "+e.kind+"\ndata: "), e.value, []byte("\n\n"))
		}
	}
}
