package health

import (
	"context"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/views/serve"
)

// Why tells what an instrument's state stands on.
type Why struct {
	WhyLevel
	Thresholds map[string]any `json:"thresholds" nullable:"false" doc:"The settings that it is judged by, by name; durations as text"`
	Freeze     *WhyFreeze     `json:"freeze" doc:"Set while automatic changes are stopped in the mode"`
	Gateways   []WhyLevel     `json:"gateways" nullable:"false"`
	Windows    []ClosedWindow `json:"windows" nullable:"false" doc:"The closed windows of decided_by and latest, as far as they are kept, as they are known now; newest first"`
	AsOf       serve.AsOf     `json:"as_of"`
}

// WhyLevel tells what the state of an instrument or gateway stands on.
type WhyLevel struct {
	HealthRow
	Automatic string   `json:"automatic_state" enum:"@health_state" doc:"What the evaluations say; another state than state while that is forced"`
	LowRun    int      `json:"low_run" doc:"Windows running, up to now, below down_below"`
	HighRun   int      `json:"high_run" doc:"Windows running, up to now, at or above degraded_below"`
	DecidedBy []Judged `json:"decided_by" nullable:"false" doc:"The windows that decided automatic_state, newest first"`
	Latest    []Judged `json:"latest" nullable:"false" doc:"The last windows that were judged, newest first"`
}

// Judged is what was held against the thresholds at a window end.
type Judged struct {
	WindowEnd instant.Milli `json:"window_end" format:"date-time"`
	Rate      float64       `json:"rate" doc:"The score as of then; while probing the share of good attempts in the window"`
	Count     int64         `json:"count" doc:"Attempts that the rate is over"`
}

// WhyFreeze is a freeze in force.
type WhyFreeze struct {
	From   instant.Milli `json:"from" format:"date-time"`
	Until  instant.Milli `json:"until" format:"date-time"`
	Reason string        `json:"reason"`
}

type whyOutput struct{ Body Why }

func (s *Routes) why(ctx context.Context, in *instrumentInput) (*whyOutput, error) {
	as, err := s.At(ctx, in.Fresh, s.Sources.Routing.Holding(serve.Normal(in.Mode)), s.Sources.Health.Whole())
	if err != nil {
		return nil, err
	}
	row, whole, gateways, err := s.instrument(in)
	if err != nil {
		return nil, err
	}
	why, _ := row.Why(s.Config.Settings, whole.Instrument, "")
	body := Why{WhyLevel: s.whyLevel(row, why), Thresholds: thresholds(why.Settings), Gateways: []WhyLevel{},
		Windows: []ClosedWindow{}, AsOf: as.Stamped(row.Evaluated)}
	if f := why.Freeze; f != nil {
		body.Freeze = &WhyFreeze{From: f.From, Until: f.Until, Reason: f.Reason}
	}
	ends := endsOf(why)
	for _, g := range gateways {
		of, _ := row.Why(s.Config.Settings, whole.Instrument, g.Gateway)
		body.Gateways = append(body.Gateways, s.whyLevel(row, of))
		path := health.Path{Mode: g.Mode, Instrument: g.Instrument, Gateway: g.Gateway}
		windows, err := s.closed(path, why.Settings, slices.Concat(ends, endsOf(of)))
		if err != nil {
			return nil, err
		}
		body.Windows = append(body.Windows, windows...)
	}
	slices.SortStableFunc(body.Windows, newestFirst)
	return &whyOutput{body}, nil
}

func (s *Routes) whyLevel(mode *health.ModeRow, w health.Why) WhyLevel {
	return WhyLevel{
		HealthRow: s.HealthRow(mode, w.Standing), Automatic: w.Automatic.String(), LowRun: w.LowRun, HighRun: w.HighRun,
		DecidedBy: judged(w.Decided), Latest: judged(w.Recent),
	}
}

// judged turns the oldest first into the newest first.
func judged(list []health.Judged) []Judged {
	out := make([]Judged, 0, len(list))
	for _, j := range slices.Backward(list) {
		out = append(out, Judged{WindowEnd: j.End, Rate: j.Rate, Count: j.Count})
	}
	return out
}

func endsOf(w health.Why) []instant.Milli {
	var ends []instant.Milli
	for _, j := range slices.Concat(w.Decided, w.Recent) {
		ends = append(ends, j.End)
	}
	return ends
}

// closed returns the closed windows with the given ends, as far as they are kept.
func (s *Routes) closed(p health.Path, settings health.Settings, ends []instant.Milli) ([]ClosedWindow, error) {
	var windows []ClosedWindow
	slices.Sort(ends)
	for _, end := range slices.Compact(ends) {
		window, ok, err := s.closedWindow(settings.ClosedKeyAt(p, end))
		if err != nil {
			return nil, err
		}
		if ok {
			windows = append(windows, window)
		}
	}
	return windows, nil
}

// thresholds returns settings by name: numbers and truths as such, the rest as text.
func thresholds(s health.Settings) map[string]any {
	out := map[string]any{}
	for _, f := range s.Fields() {
		out[f.Name] = serve.SettingValue(f.Value)
	}
	return out
}

// TransformSchema implements huma.SchemaTransformer.
func (Why) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return serve.RefOrNull(s, "freeze")
}
