package dev

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/health/backtest"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// Breaker makes live traffic go badly for a time. Its errors are ErrNoTraffic and UnknownError.
type Breaker func(backtest.Outage) error

// ErrNoTraffic says that there is no live traffic that could go badly.
var ErrNoTraffic = errors.New("there is no live traffic (yet)")

// UnknownError says that live traffic knows no mode, instrument or gateway of that name.
type UnknownError struct {
	Field string   // mode, instrument or gateway
	Known []string // the names that there are
}

// Error implements error.
func (e *UnknownError) Error() string { return "must be one of " + strings.Join(e.Known, ", ") }

// longestBreak bounds how long traffic goes badly.
const longestBreak = 24 * time.Hour

func (s *Routes) breaker() {
	if s.Breaks == nil {
		return
	}
	op := s.Operation("break-traffic", http.MethodPost, "/v1/dev/break", serve.TagServer,
		"Makes live traffic go badly for a time")
	op.Hidden = true
	op.Middlewares = huma.Middlewares{s.onlyLocal(noPage),
		s.Guard(serve.Access{Roles: []token.Role{token.Editor, token.Admin}})}
	huma.Register(s.API, op, s.breakTraffic)
}

type breakInput struct {
	DevBody
	Body struct {
		_          struct{} `json:"-" additionalProperties:"true"`
		Mode       string   `json:"mode" minLength:"1" maxLength:"64"`
		Instrument string   `json:"instrument" minLength:"1" maxLength:"64"`
		Gateway    string   `json:"gateway,omitempty" maxLength:"64"`
		For        string   `json:"for" maxLength:"32" doc:"Go duration such as 3m, at most 24h"`
		Success    float64  `json:"success" minimum:"0" maximum:"1" doc:"Share of the payments that succeed all the same"`
	}
}

// Broken is traffic that goes badly from Begin to End.
type Broken struct {
	Mode       string        `json:"mode"`
	Instrument string        `json:"instrument"`
	Gateway    *string       `json:"gateway"`
	Begin      instant.Milli `json:"begin" format:"date-time"`
	End        instant.Milli `json:"end" format:"date-time"`
	Success    float64       `json:"success"`
}

type breakOutput struct{ Body Broken }

func (s *Routes) breakTraffic(_ context.Context, in *breakInput) (*breakOutput, error) {
	if err := in.only(in.Body); err != nil {
		return nil, err
	}
	d, err := time.ParseDuration(in.Body.For)
	if err != nil || d < time.Second || d > longestBreak {
		return nil, problem.Invalid("/for", "invalid", "a duration from 1s to 24h, such as 3m")
	}
	now := instant.Of(s.Config.Now())
	o := backtest.Outage{
		Mode: in.Body.Mode, Instrument: in.Body.Instrument, Gateway: in.Body.Gateway, Begin: now, End: now.Add(d),
		Success: in.Body.Success,
	}
	var unknown *UnknownError
	switch err := s.Breaks(o); {
	case errors.As(err, &unknown):
		return nil, problem.Invalid("/"+unknown.Field, "unknown_value", unknown.Error())
	case errors.Is(err, ErrNoTraffic):
		return nil, problem.New(http.StatusServiceUnavailable, problem.Unavailable, err.Error())
	case err != nil:
		return nil, err
	}
	out := &breakOutput{Broken{Mode: o.Mode, Instrument: o.Instrument, Begin: o.Begin, End: o.End, Success: o.Success}}
	if o.Gateway != "" {
		out.Body.Gateway = &o.Gateway
	}
	return out, nil
}
