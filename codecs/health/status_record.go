package health

import (
	"encoding/json"
	"fmt"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

// StatusRecord is the codec of `health-status`: the row of the health API (docs/contract.md#topics) with what it
// changed from.
type StatusRecord struct{}

// StandingJSON is the health row of an instrument or gateway as outsiders see it.
type StandingJSON struct {
	Mode           string         `json:"mode"`
	Instrument     *string        `json:"instrument" doc:"null for the mode as a whole"`
	Gateway        *string        `json:"gateway" doc:"null for the instrument as a whole"`
	State          string         `json:"state" enum:"@health_state"`
	Enabled        bool           `json:"enabled" doc:"Whether payments should go there"`
	TrafficPercent int            `json:"traffic_percent" minimum:"0" maximum:"100"`
	Score          *float64       `json:"score" minimum:"0" maximum:"1" doc:"null before the first"`
	Samples        int64          `json:"samples" minimum:"0"`
	Eligible       int64          `json:"eligible" minimum:"0"`
	Insufficient   bool           `json:"insufficient" doc:"Too few samples to judge"`
	ForcedUntil    *instant.Milli `json:"forced_until" format:"date-time" doc:"Of a state that an operator forced"`
	Stale          bool           `json:"stale" doc:"No window in time"`
	Since          instant.Milli  `json:"since" format:"date-time"`
	Reason         string         `json:"reason"`
}

type statusJSON struct {
	StandingJSON
	Previous  string         `json:"previous_state" enum:"@health_state"`
	WindowEnd *instant.Milli `json:"window_end" format:"date-time" doc:"The window end at which it was evaluated; null before the first"`
}

// standingForm returns s in its public form.
func standingForm(s health.Standing) StandingJSON {
	out := StandingJSON{
		Mode: s.Mode, State: s.State.String(), Enabled: s.Enabled, TrafficPercent: s.TrafficPercent,
		Samples: s.Samples, Eligible: s.Eligible, Insufficient: s.Insufficient, Since: s.Since, Reason: s.Reason,
	}
	if s.Instrument != "" {
		out.Instrument = &s.Instrument
	}
	if s.Gateway != "" {
		out.Gateway = &s.Gateway
	}
	if s.ForcedUntil != 0 {
		out.ForcedUntil = &s.ForcedUntil
	}
	if s.Scored {
		out.Score = &s.Score
	}
	return out
}

// Encode returns r as JSON.
func (StatusRecord) Encode(r *health.StatusRecord) ([]byte, error) {
	return json.Marshal(statusForm(r))
}

// StatusJSON is what a task says of a change of state: the record of `health-status`.
func StatusJSON(r *health.StatusRecord) []byte { return doc.MustJSON(statusForm(r)) }

func statusForm(r *health.StatusRecord) statusJSON {
	out := statusJSON{StandingJSON: standingForm(r.Standing), Previous: r.Previous.String()}
	if r.WindowEnd != 0 {
		out.WindowEnd = &r.WindowEnd
	}
	return out
}

// Decode returns the status record in b.
func (StatusRecord) Decode(b []byte) (*health.StatusRecord, error) {
	var in statusJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, fmt.Errorf("status record: %w", err)
	}
	state, ok := health.ParseState(in.State)
	previous, also := health.ParseState(in.Previous)
	if !ok || !also {
		return nil, fmt.Errorf("status record: %w", errState)
	}
	r := &health.StatusRecord{Previous: previous, Standing: health.Standing{
		Mode: in.Mode, State: state, Enabled: in.Enabled, TrafficPercent: in.TrafficPercent,
		Samples: in.Samples, Eligible: in.Eligible, Insufficient: in.Insufficient, Since: in.Since, Reason: in.Reason,
	}}
	if in.WindowEnd != nil {
		r.WindowEnd = *in.WindowEnd
	}
	if in.Instrument != nil {
		r.Instrument = *in.Instrument
	}
	if in.ForcedUntil != nil {
		r.ForcedUntil = *in.ForcedUntil
	}
	if in.Gateway != nil {
		r.Gateway = *in.Gateway
	}
	if in.Score != nil {
		r.Score, r.Scored = *in.Score, true
	}
	return r, nil
}

// Forms returns the one that there is.
func (StatusRecord) Forms() []doc.Form { return []doc.Form{doc.FormOf[statusJSON]()} }
