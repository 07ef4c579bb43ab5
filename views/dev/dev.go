package dev

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/instant"
	faults "github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// Register adds what only `millrace dev` has. None of it is in the OpenAPI document.
func (s *Routes) Register() {
	if s.Minter != nil {
		op := s.Operation("mint-token", http.MethodPost, "/v1/dev/token", serve.TagServer,
			"A token, for callers on this machine")
		op.Hidden = true
		op.Middlewares = huma.Middlewares{s.onlyLocal(noPage), s.Known}
		huma.Register(s.API, op, s.mint)
	}
	s.breaker()
	if s.Page != nil {
		op := s.Operation("get-board", http.MethodGet, "/v1/dev/board", serve.TagServer, "What the live page shows")
		op.Hidden = true
		op.Middlewares = huma.Middlewares{s.onlyLocal(serve.SameOrigin), s.Known}
		huma.Register(s.API, op, s.board)
	}
}

// onlyLocal lets callers of this machine in, where ok holds too.
func (s *Routes) onlyLocal(ok func(*http.Request) bool) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if r := serve.Request(ctx.Context()); !serve.Local(r) || !ok(r) {
			s.Refuse(ctx, problem.New(http.StatusForbidden, problem.Forbidden,
				"only for callers on this machine, by its loopback address"))
			return
		}
		next(ctx)
	}
}

// noPage refuses every browser: they send Origin with a POST, and Sec-Fetch-Site with all they do.
func noPage(r *http.Request) bool {
	return r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == ""
}

// DevBody is the body of a request to dev as it came. Its schema lets other fields pass, which huma would answer with
// 422: here they are 400, as everywhere.
type DevBody struct{ RawBody []byte }

// only refuses fields but those of a form. The body is one object of well-formed JSON by now.
func (b DevBody) only(form any) error {
	known := doc.FieldNames(reflect.TypeOf(form))
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b.RawBody, &fields); err != nil {
		return problem.Unreadable("", "malformed", "not well-formed JSON")
	}
	p := &problem.Problem{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(known, name) {
			p.Errors = append(p.Errors, problem.Field{
				Pointer: faults.Token(name), Code: faults.UnknownField, Detail: "is not a known field",
			})
		}
	}
	if len(p.Errors) > 0 {
		return p.Unknown()
	}
	return nil
}

type mintInput struct {
	DevBody
	Body struct {
		_     struct{}     `json:"-" additionalProperties:"true"`
		Sub   string       `json:"sub" minLength:"1" maxLength:"256"`
		Roles []token.Role `json:"roles" minItems:"1" maxItems:"16" nullable:"false"`
		TTL   string       `json:"ttl,omitempty" maxLength:"32" doc:"Go duration such as 1h30m; default 1h, at most 720h"`
	}
}

// Minted is a fresh token.
type Minted struct {
	Token     string        `json:"token"`
	ExpiresAt instant.Milli `json:"expires_at" format:"date-time"`
}

type mintOutput struct{ Body Minted }

func (s *Routes) mint(_ context.Context, in *mintInput) (*mintOutput, error) {
	if err := in.only(in.Body); err != nil {
		return nil, err
	}
	ttl := token.DefaultTTL
	if in.Body.TTL != "" {
		d, err := time.ParseDuration(in.Body.TTL)
		if err != nil || d < time.Second || d > token.MaxTTL {
			return nil, problem.Invalid("/ttl", "invalid", "a duration from 1s to 720h, such as 1h30m")
		}
		ttl = d
	}
	for _, r := range in.Body.Roles {
		if !r.Known() {
			return nil, problem.Invalid("/roles", "unknown_value",
				"roles are user, health, viewer, editor, approver, admin, service")
		}
	}
	text, err := s.Minter.Mint(in.Body.Sub, in.Body.Roles, ttl)
	switch {
	case errors.Is(err, token.ErrRequest):
		return nil, problem.Invalid("/sub", "invalid", "a subject has 1 to 256 bytes and is not blank")
	case err != nil:
		return nil, err
	}
	return &mintOutput{Minted{Token: text, ExpiresAt: instant.Of(s.Config.Now().Add(ttl))}}, nil
}
