package views

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

// Why tells what an instrument's state was made of.
type Why struct {
	HealthRow
	Thresholds map[string]any `json:"thresholds" nullable:"false" doc:"The settings that it is judged by, by name; durations as text"`
	Evidence
	Gateways []WhyGateway `json:"gateways" nullable:"false"`
	Windows  []Window     `json:"windows" nullable:"false" doc:"The closed windows of decided_by and of latest, newest first"`
	AsOf     AsOf         `json:"as_of"`
}

// WhyGateway tells what a gateway's state was made of.
type WhyGateway struct {
	HealthRow
	Evidence
}

// Evidence is what a state was made of.
type Evidence struct {
	DecidedBy []Judged `json:"decided_by" nullable:"false" doc:"The scores up to since by which it became what it is, newest first"`
	Latest    []Judged `json:"latest" nullable:"false" doc:"The scores up to now by which it stays so, newest first"`
}

// Judged is the score as of one window end, made of the windows as they are known now: late attempts included.
type Judged struct {
	WindowEnd instant.Milli `json:"window_end" format:"date-time"`
	Score     *float64      `json:"score" doc:"Weighted technical rate of the windows up to then; null without samples"`
	Samples   int64         `json:"samples"`
	Eligible  int64         `json:"eligible"`
	SpeaksFor string        `json:"speaks_for" enum:"up,degraded,down,nothing" doc:"By the thresholds; nothing: too few samples"`
}

type whyOutput struct{ Body Why }

func (s *Server) why(ctx context.Context, in *instrumentInput) (*whyOutput, error) {
	as, err := s.at(ctx, in.Fresh, s.sources.routing.holding(normal(in.Mode)), s.sources.health.whole())
	if err != nil {
		return nil, err
	}
	row, whole, gateways, err := s.instrument(in)
	if err != nil {
		return nil, err
	}
	settings := s.config.Settings
	body := Why{HealthRow: s.healthRow(whole), Thresholds: thresholds(settings), Gateways: []WhyGateway{}, Windows: []Window{}, AsOf: as.stamped(row.Evaluated)}
	decided, latest := settings.Deciding(whole.State, whole.Since), settings.Back(row.Evaluated, max(settings.DownAfter, settings.UpAfter))
	var all []health.Small
	for _, g := range gateways {
		decidedOfIt := settings.Deciding(g.State, g.Since)
		records, err := s.closed(health.Path{Mode: g.Mode, Instrument: g.Instrument, Gateway: g.Gateway}, settings.Seen(decidedOfIt), settings.Seen(decided), settings.Seen(latest))
		if err != nil {
			return nil, err
		}
		var smalls []health.Small
		for _, r := range records {
			smalls = append(smalls, r.Small())
			if slices.Contains(decided, r.End) || slices.Contains(decidedOfIt, r.End) || slices.Contains(latest, r.End) {
				body.Windows = append(body.Windows, windowOf(r))
			}
		}
		all = append(all, smalls...)
		body.Gateways = append(body.Gateways, WhyGateway{s.healthRow(g), evidenceOf(settings, smalls, decidedOfIt, latest)})
	}
	body.Evidence = evidenceOf(settings, all, decided, latest)
	slices.SortStableFunc(body.Windows, func(a, b Window) int {
		return cmp.Or(cmp.Compare(b.End, a.End), cmp.Compare(a.Gateway, b.Gateway))
	})
	return &whyOutput{body}, nil
}

// closed returns the records of the closed windows with the given ends, as far as they are kept.
func (s *Server) closed(p health.Path, ends ...[]instant.Milli) ([]*health.WindowRecord, error) {
	var records []*health.WindowRecord
	wanted := slices.Concat(ends...)
	slices.Sort(wanted)
	for _, end := range slices.Compact(wanted) {
		row, err := s.healthRowOf(s.config.Settings.ClosedKeyAt(p, end))
		if err != nil {
			return nil, err
		}
		if r := row.Record(s.config.Settings); r != nil {
			records = append(records, r)
		}
	}
	return records, nil
}

func evidenceOf(s health.Settings, windows []health.Small, decided, latest []instant.Milli) Evidence {
	return Evidence{judged(health.Explain(s, windows, decided)), judged(health.Explain(s, windows, latest))}
}

func judged(evidence []health.Evidence) []Judged {
	out := make([]Judged, len(evidence))
	for i, e := range evidence {
		out[i] = Judged{WindowEnd: e.WindowEnd, Score: optional(e.Score, e.Scored), Samples: e.Samples, Eligible: e.Eligible, SpeaksFor: string(e.Speaks)}
	}
	return out
}

// thresholds returns settings by name: numbers and truths as such, durations as text.
func thresholds(s health.Settings) map[string]any {
	out := map[string]any{}
	for _, f := range s.Fields() {
		out[f.Name] = settingValue(f.Value)
	}
	return out
}

// settingValue returns the text of a setting as JSON has it.
func settingValue(text string) any {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return n
	}
	if b, err := strconv.ParseBool(text); err == nil {
		return b
	}
	return text
}
