package mission

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/serve"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/simulation"
	"github.com/millrace/millrace/views/problem"
)

// Simulator takes stored payments made in [from, to) through a mission; 0: no bound. Its errors are ErrBusy and
// simulation.ErrUsers.
type Simulator func(ctx context.Context, m mission.Mission, from, to instant.Milli) (simulation.Result, error)

// ErrBusy says that a server does as much of something as it will at once.
var ErrBusy = errors.New("as many run as may")

// simulateWithin bounds a simulation: callers wait for it.
const simulateWithin = 25 * time.Second

// RegisterSimulations adds the simulation of missions.
func (s *Routes) RegisterSimulations() {
	if s.Simulator == nil {
		return
	}
	op := s.Operation("simulate-mission", http.MethodPost, "/v1/panel/missions/{id}/simulate", serve.TagPanel,
		"Say what a mission would have cost by stored payments, whatever its status")
	op.Description = fmt.Sprintf("Takes the payments that the tables still have through the definition as it stands now, without its budget being spent; within %s, "+
		"else take a shorter time.", simulateWithin)
	op.Middlewares = huma.Middlewares{s.Guard(serve.WriteAccess())}
	op.Security = []map[string][]string{{serve.BearerScheme: {}}}
	op.SkipValidateBody = true
	s.Answers(op, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	huma.Register(s.API, op, s.simulate)
	s.Reads(op, reflect.TypeFor[missioncodec.SimulateBody]())
	s.Registered(op).RequestBody.Required = false
}

type simulateInput struct {
	ID          string `path:"id" maxLength:"256"`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"application/json"`
}

type simulateOutput struct{ Body simulation.Result }

func (s *Routes) simulate(ctx context.Context, in *simulateInput) (*simulateOutput, error) {
	if err := serve.CheckOptional(in.ContentType, in.RawBody); err != nil {
		return nil, err
	}
	from, to, err := missioncodec.SpanRequest(in.RawBody)
	if err != nil {
		return nil, serve.Unreadable(err)
	}
	row, ok, err := serve.RowOf(s.Kit, s.Sources.Catalog, s.Config.Topology.Catalog, catalog.MissionKey(in.ID))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, problem.Missing("mission")
	}
	history, ok := row.Mission()
	if !ok {
		return nil, problem.Missing("mission")
	}
	if to != 0 && to <= from {
		return nil, problem.Invalid("/to", "invalid", "must be after from")
	}
	ctx, cancel := context.WithTimeout(ctx, simulateWithin)
	defer cancel()
	result, err := s.Simulator(ctx, history.Definition(), from, to)
	switch {
	case errors.Is(err, ErrBusy):
		return nil, problem.New(http.StatusTooManyRequests, problem.RateLimited,
			"other simulations are running: try again when they are done")
	case errors.Is(err, simulation.ErrUsers), errors.Is(err, context.DeadlineExceeded):
		return nil, problem.Invalid("/from", "too_much",
			"too many payments to look at here: take a shorter time, or `millrace mission simulate`")
	case err != nil:
		return nil, err
	}
	return &simulateOutput{result}, nil
}
