package views

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/millrace/millrace/views/token"
)

type streamInput struct {
	Mode string `query:"mode" maxLength:"128" doc:"Only this mode; default all"`
}

func (s *healthRoutes) healthStream(ctx context.Context, in *streamInput) (*huma.StreamResponse, error) {
	who := identity(ctx)
	rise, refused := s.listeners.take(whose(who, request(ctx)))
	if refused != nil {
		return nil, s.limiters.full(refused)
	}
	l, ok := s.feed.listen(normal(in.Mode))
	if !ok {
		rise()
		return nil, stoppingProblem()
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer rise()
		defer s.feed.leave(l)
		r, w := humago.Unwrap(ctx)
		s.pass(r, w, l, who)
	}}, nil
}

// pass writes the listener's events until it is dropped, its token is over or the client has gone.
func (s *healthRoutes) pass(r *http.Request, w http.ResponseWriter, l *listener, who token.Identity) {
	out, ok := beginEvents(r, w)
	if !ok {
		return
	}
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()
	over, stop := s.over(who)
	defer stop()
	for ok := out.say("from now on; what was before is not repeated, read /v1/health"); ok; {
		select {
		case <-r.Context().Done():
			return
		case <-over:
			out.say(tokenOver)
			return
		case <-beat.C:
			ok = out.say("alive")
		case e, more := <-l.events:
			if !more {
				out.say(l.dropped)
				return
			}
			ok = out.send("event: " + e.kind + "\ndata: " + string(e.value) + "\n\n")
		}
	}
}
