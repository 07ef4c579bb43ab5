package health

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

type streamInput struct {
	Mode string `query:"mode" maxLength:"128" doc:"Only this mode; default all"`
}

func (s *Routes) healthStream(ctx context.Context, in *streamInput) (*huma.StreamResponse, error) {
	who := serve.Identity(ctx)
	rise, refused := s.Listeners.Take(serve.Whose(who, serve.Request(ctx)))
	if refused != nil {
		return nil, s.Limiters.Full(refused)
	}
	l, ok := s.Feed.listen(serve.Normal(in.Mode))
	if !ok {
		rise()
		return nil, serve.StoppingProblem()
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer rise()
		defer s.Feed.leave(l)
		r, w := humago.Unwrap(ctx)
		s.pass(r, w, l, who)
	}}, nil
}

// pass writes the listener's events until it is dropped, its token is over or the client has gone.
func (s *Routes) pass(r *http.Request, w http.ResponseWriter, l *listener, who token.Identity) {
	out, ok := serve.BeginEvents(r, w)
	if !ok {
		return
	}
	beat := time.NewTicker(serve.StreamBeat)
	defer beat.Stop()
	over, stop := s.Over(who)
	defer stop()
	for ok := out.Say("from now on; what was before is not repeated, read /v1/health"); ok; {
		select {
		case <-r.Context().Done():
			return
		case <-over:
			out.Say(serve.TokenOver)
			return
		case <-beat.C:
			ok = out.Say("alive")
		case e, more := <-l.events:
			if !more {
				out.Say(l.dropped)
				return
			}
			ok = out.Send("event: " + e.kind + "\ndata: " + string(e.value) + "\n\n")
		}
	}
}
