package health

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/serve"
)

// FailOpenAfter is the wall time without a closed window after which nothing is held off (docs/design.md, section
// 8.4): a pipeline that stands still must not keep a bank off.
const FailOpenAfter = 5 * time.Minute

// HealthRow is the standing of an instrument, or of one of its gateways.
type HealthRow struct {
	Mode           string         `json:"mode"`
	Instrument     string         `json:"instrument"`
	Gateway        *string        `json:"gateway" doc:"null for the instrument as a whole"`
	State          string         `json:"state" enum:"@health_state"`
	Enabled        bool           `json:"enabled" doc:"Whether to send traffic"`
	TrafficPercent int            `json:"traffic_percent" minimum:"0" maximum:"100"`
	Score          *float64       `json:"score" doc:"Weighted technical rate of the last windows, 0 to 1; null without samples"`
	Samples        int64          `json:"samples"`
	Eligible       int64          `json:"eligible" doc:"Samples that count for the technical rate"`
	Insufficient   bool           `json:"insufficient" doc:"Too few samples for a verdict: the state is kept"`
	ForcedUntil    *instant.Milli `json:"forced_until" format:"date-time"`
	Stale          bool           `json:"stale" doc:"No window has closed for 2 minutes; after 5, everything not forced is enabled"`
	Since          *instant.Milli `json:"since" format:"date-time" doc:"When the state began; null before the first window"`
	Reason         string         `json:"reason"`
	Places         *int           `json:"places,omitempty" doc:"Only of the place other: how many names without a place of their own it counted in the last window"`
}

// HealthList is a page of instruments.
type HealthList struct {
	Items      []HealthRow `json:"items" nullable:"false" doc:"By mode and instrument"`
	NextCursor *string     `json:"next_cursor"`
	AsOf       serve.AsOf  `json:"as_of"`
}

// HealthDetail is an instrument with its gateways and closed windows.
type HealthDetail struct {
	HealthRow
	Gateways []HealthRow    `json:"gateways" nullable:"false"`
	Windows  []ClosedWindow `json:"windows" nullable:"false" doc:"Those that the scores look back on, newest first"`
	AsOf     serve.AsOf     `json:"as_of"`
}

// Routing says how to divide an instrument's traffic.
type Routing struct {
	Mode       string     `json:"mode"`
	Instrument string     `json:"instrument"`
	Gateways   []Route    `json:"gateways" nullable:"false"`
	AsOf       serve.AsOf `json:"as_of"`
}

// Route is one gateway and its share.
type Route struct {
	Gateway string   `json:"gateway"`
	Weight  float64  `json:"weight" doc:"Share of the traffic; the weights add up to 1"`
	State   string   `json:"state" enum:"@health_state"`
	Score   *float64 `json:"score"`
}

type healthListInput struct {
	serve.Fresh
	serve.Page
	Mode string `query:"mode" maxLength:"128" doc:"Only this mode; default all"`
}

type instrumentInput struct {
	serve.Fresh
	Mode       string `path:"mode" maxLength:"128"`
	Instrument string `path:"instrument" maxLength:"1024"`
}

type healthListOutput struct{ Body HealthList }

type healthOutput struct{ Body HealthDetail }

type routingOutput struct{ Body Routing }

// Register adds the routes.
func (s *Routes) Register() {
	a := s.HealthAccess()
	huma.Register(s.API, s.Read("list-health", "/v1/health", serve.TagHealth, "Instruments with their health", a),
		s.healthList)
	huma.Register(s.API, s.Read("get-health", "/v1/health/{mode}/{instrument}", serve.TagHealth,
		"One instrument, its gateways and windows", a), s.healthDetail)
	huma.Register(s.API, s.Read("explain-health", "/v1/health/{mode}/{instrument}/why", serve.TagHealth,
		"State, thresholds and the windows that decided it", a), s.why)
	huma.Register(s.API, s.StreamOperation("stream-health", "/v1/health/stream", serve.TagHealth,
		"Windows and changes of status, as they come",
		"Server-sent events: `window` is a window that closed, or a new revision of it; `status` is an instrument or gateway whose state, or whether it "+
			"gets traffic, changed. The stream begins with the next event: Last-Event-ID is not looked at, read the state after connecting. A comment "+
			"comes every 15 s. Who is 256 events behind is left behind, with a comment that says so.", a),
		s.healthStream)
	huma.Register(s.API, s.Read("list-downtimes", "/v1/downtimes", serve.TagHealth, "What is, was and will be down", a),
		s.downtimeList)
	huma.Register(s.API, s.Read("get-routing", "/v1/routing/{mode}/{instrument}", serve.TagHealth,
		"How to divide an instrument's traffic", a), s.routing)
}

func (s *Routes) healthList(ctx context.Context, in *healthListInput) (*healthListOutput, error) {
	only := serve.Normal(in.Mode)
	from := s.Sources.Routing.Whole()
	if only != "" {
		from = s.Sources.Routing.Holding(only)
	}
	as, err := s.At(ctx, in.Fresh, from)
	if err != nil {
		return nil, err
	}
	c := serve.CursorOf("health", only)
	after, err := c.Decode(in.Cursor)
	if err != nil {
		return nil, err
	}
	fromMode, name, _ := strings.Cut(after, "\x00")
	modes, err := s.Modes(only)
	if err != nil {
		return nil, err
	}
	body := HealthList{Items: []HealthRow{}}
	var evaluated instant.Milli
	for _, mode := range modes {
		row, err := s.Mode(mode)
		if only == "" && serve.Undecodable(err) {
			continue // the other modes are fine
		}
		if err != nil {
			return nil, err
		}
		evaluated = max(evaluated, row.Evaluated)
		if mode < fromMode {
			continue
		}
		if mode > fromMode {
			name = ""
		}
		for _, st := range row.StandingsFrom(s.Config.Settings, name, in.Limit+1-len(body.Items)) {
			body.Items = append(body.Items, s.HealthRow(row, st))
		}
	}
	if len(body.Items) > in.Limit {
		next := body.Items[in.Limit]
		body.Items, body.NextCursor = body.Items[:in.Limit], c.Encode(next.Mode+"\x00"+next.Instrument)
	}
	body.AsOf = as.Stamped(evaluated)
	return &healthListOutput{body}, nil
}

func (s *Routes) healthDetail(ctx context.Context, in *instrumentInput) (*healthOutput, error) {
	as, err := s.At(ctx, in.Fresh, s.Sources.Routing.Holding(serve.Normal(in.Mode)), s.Sources.Health.Whole())
	if err != nil {
		return nil, err
	}
	row, whole, gateways, err := s.instrument(in)
	if err != nil {
		return nil, err
	}
	body := HealthDetail{HealthRow: s.HealthRow(row, whole), Gateways: []HealthRow{}, Windows: []ClosedWindow{}}
	for _, g := range gateways {
		body.Gateways = append(body.Gateways, s.HealthRow(row, g))
	}
	if body.Windows, err = s.windows(row, whole, gateways); err != nil {
		return nil, err
	}
	body.AsOf = as.Stamped(row.Evaluated)
	return &healthOutput{body}, nil
}

func (s *Routes) routing(ctx context.Context, in *instrumentInput) (*routingOutput, error) {
	as, err := s.At(ctx, in.Fresh, s.Sources.Routing.Holding(serve.Normal(in.Mode)))
	if err != nil {
		return nil, err
	}
	row, whole, _, err := s.instrument(in)
	if err != nil {
		return nil, err
	}
	body := Routing{Mode: whole.Mode, Instrument: whole.Instrument, Gateways: []Route{},
		AsOf: as.Stamped(row.Evaluated)}
	routes, _ := row.Routes(s.Config.Settings, whole.Instrument)
	for _, r := range routes {
		body.Gateways = append(body.Gateways, Route{Gateway: r.Gateway, Weight: r.Weight, State: r.State.String(),
			Score: serve.Optional(r.Score, r.Scored)})
	}
	return &routingOutput{body}, nil
}

// Modes returns the modes asked for that have ever been seen.
func (s *Routes) Modes(only string) ([]string, error) {
	var modes []string
	for _, p := range s.Series.paths(only) {
		if n := len(modes); n == 0 || modes[n-1] != p.Mode {
			modes = append(modes, p.Mode)
		}
	}
	err := s.Sources.Routing.Ascend(only, func(mode string, _ []byte) bool {
		if only != "" && mode != only {
			return false
		}
		modes = append(modes, mode)
		return true
	})
	slices.Sort(modes)
	return slices.Compact(modes), err
}

// Mode returns the routing row of a mode, filled up with the instruments and gateways that have no score yet.
func (s *Routes) Mode(mode string) (*health.ModeRow, error) {
	row, err := s.modeRow(mode)
	if err != nil {
		return nil, err
	}
	if row == nil {
		row = &health.ModeRow{Mode: mode}
	}
	return withKnown(s.Config.Settings, row, s.Series.paths(mode)), nil
}

func (s *Routes) instrument(in *instrumentInput) (*health.ModeRow, health.Standing, []health.Standing, error) {
	row, err := s.Mode(serve.Normal(in.Mode))
	if err != nil {
		return nil, health.Standing{}, nil, err
	}
	whole, gateways, ok := row.Standing(s.Config.Settings, serve.Normal(in.Instrument))
	if !ok {
		return nil, health.Standing{}, nil, s.unplaced(row)
	}
	return row, whole, gateways, nil
}

// HealthRow returns how an instrument, or one of its gateways, stands.
func (s *Routes) HealthRow(mode *health.ModeRow, st health.Standing) HealthRow {
	silence := s.Closing.Silence(st.Mode)
	row := HealthRow{
		Mode: st.Mode, Instrument: st.Instrument, State: st.State.String(), Enabled: st.Enabled,
		TrafficPercent: st.TrafficPercent,
		Score:          serve.Optional(st.Score, st.Scored), Samples: st.Samples, Eligible: st.Eligible,
		Insufficient: st.Insufficient,
		Stale:        silence > serve.StaleAfter, Reason: st.Reason,
	}
	if st.Gateway != "" {
		row.Gateway = &st.Gateway
	}
	if st.Since > 0 {
		row.Since = &st.Since
	}
	if st.ForcedUntil > 0 {
		row.ForcedUntil = &st.ForcedUntil
	}
	if st.Instrument == health.OtherName {
		places := mode.Unplaced()
		row.Places = &places
	}
	if silence > FailOpenAfter && row.TrafficPercent < 100 && st.ForcedUntil == 0 {
		row.Enabled, row.TrafficPercent = true, 100
		row.Reason += "; enabled because no window has closed for 5 minutes"
	}
	return row
}

// windows returns the closed windows that the scores of the gateways look back on, newest first, then by gateway.
func (s *Routes) windows(row *health.ModeRow, whole health.Standing,
	gateways []health.Standing) ([]ClosedWindow, error) {
	windows := make([]ClosedWindow, 0, len(gateways)*s.Config.Settings.Windows)
	for _, g := range gateways {
		if whole.Instrument == health.OtherName && g.Gateway == health.OtherName {
			other, err := s.otherWindows(row)
			if err != nil {
				return nil, err
			}
			windows = append(windows, other...)
			continue
		}
		series, err := s.HealthRowOf(health.Path{Mode: whole.Mode, Instrument: whole.Instrument,
			Gateway: g.Gateway}.Key())
		if err != nil {
			return nil, err
		}
		for _, key := range series.Windows() {
			window, ok, err := s.closedWindow(key)
			if err != nil {
				return nil, err
			}
			if ok {
				windows = append(windows, window)
			}
		}
	}
	slices.SortStableFunc(windows, newestFirst)
	return windows, nil
}

// unplaced is the problem of an instrument that has no row.
func (s *Routes) unplaced(row *health.ModeRow) error {
	if !row.Crowded(s.Config.Settings) {
		return problem.Missing("instrument")
	}
	return problem.New(http.StatusNotFound, problem.NotFound,
		"there is no such instrument, or it has no place of its own: the mode has no room for names with so little traffic, "+
			"and counts them in the instrument "+health.OtherName)
}

// otherWindows returns what the place `other` counted, as windows: without latencies, and of no source.
func (s *Routes) otherWindows(row *health.ModeRow) ([]ClosedWindow, error) {
	windows := make([]ClosedWindow, 0, len(row.Other))
	for _, w := range slices.Backward(row.Other) {
		window, err := ClosedWindowOf(row.OtherRecord(s.Config.Settings, w))
		if err != nil {
			return nil, err
		}
		windows = append(windows, window)
	}
	return windows, nil
}

// HealthRowOf returns nil for a row that does not exist; its methods work.
func (s *Routes) HealthRowOf(key string) (*health.Row, error) {
	row, _, err := serve.RowOf(s.Kit, s.Sources.Health, s.Config.Topology.Health, key)
	return row, err
}
