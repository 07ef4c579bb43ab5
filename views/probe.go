package views

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// stopFlag is set once, when the process is about to stop.
type stopFlag struct{ atomic.Bool }

// Stop makes the server unready, so that nothing new is sent to it, and ends the streams and what goes on in the
// background. It goes on answering.
func (s *Server) Stop() {
	s.stop.Store(true)
	s.config.Feed.Close()
	s.missions.Streams.Close()
	s.letters.Stop()
}

// Liveness says that the process answers.
type Liveness struct {
	Status string `json:"status" enum:"ok"`
}

// Readiness says that every table is loaded.
type Readiness struct {
	Status string     `json:"status" enum:"ok"`
	Checks []Check    `json:"checks,omitempty" nullable:"false" doc:"With verbose"`
	AsOf   serve.AsOf `json:"as_of" doc:"Of all tables"`
}

// Check is one condition of readiness, or something that will be missed if it stays as it is.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty" doc:"What is wrong"`
}

type readyInput struct {
	serve.Fresh
	Verbose string `query:"verbose" doc:"List every check; any value"`
}

type liveOutput struct{ Body Liveness }

type readyOutput struct{ Body Readiness }

func (s *Server) probes() {
	alive := s.Operation("livez", http.MethodGet, "/livez", serve.TagServer, "The process answers")
	alive.Middlewares = huma.Middlewares{s.Known}
	alive.Security = []map[string][]string{{}}
	huma.Register(s.API, alive,
		func(context.Context, *struct{}) (*liveOutput, error) { return &liveOutput{Liveness{Status: "ok"}}, nil })
	op := s.Operation("readyz", http.MethodGet, "/readyz", serve.TagServer,
		"Every table is loaded; with min_as_of, and reflects that much")
	op.Middlewares = huma.Middlewares{s.Known}
	op.Security = []map[string][]string{{}}
	s.Answers(op, http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusServiceUnavailable)
	huma.Register(s.API, op, s.ready)
	for _, p := range s.Registered(op).Parameters {
		p.AllowEmptyValue = p.Name == "verbose"
	}
}

func (s *Server) ready(ctx context.Context, in *readyInput) (*readyOutput, error) {
	if s.stop.Load() {
		return nil, serve.Recovering("the server is stopping")
	}
	as, err := s.At(ctx, in.Fresh, s.Everything()...)
	if err != nil {
		return nil, err
	}
	if !s.config.Verifier.Ready() {
		return nil, serve.Recovering("the keys that tokens are checked with cannot be read yet")
	}
	body := Readiness{Status: "ok", AsOf: as}
	if serve.Request(ctx).URL.Query().Has("verbose") {
		for _, src := range s.Sources.All {
			body.Checks = append(body.Checks, Check{Name: src.Topic, OK: src.Recovered()})
		}
		if keys, published := s.config.Verifier.Standing(); published {
			body.Checks = append(body.Checks, keysCheck(keys))
		}
	}
	return &readyOutput{body}, nil
}

// keysCheck tells of the keys that a URL publishes. While it is away those known are enough, until the issuer changes
// them.
func keysCheck(keys token.Standing) Check {
	c := Check{Name: "token-keys", OK: keys.Err == nil && keys.Keys > 0}
	if !c.OK {
		c.Detail = fmt.Sprintf("the URL does not answer with keys; %d are known", keys.Keys)
	}
	return c
}
