package codecs

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
)

// The forms of CONTRACT.md, "Missions as YAML". What is not said of a kind of goal or window is left out.
type missionDoc struct {
	ID          string      `json:"id"`
	Title       string      `json:"title"`
	Description string      `json:"description,omitempty"`
	BrandID     string      `json:"brand_id,omitempty"`
	Currency    string      `json:"currency"`
	Goal        goalDoc     `json:"goal"`
	Filters     []filterDoc `json:"filters"`
	Window      windowDoc   `json:"window"`
	TimeZone    string      `json:"time_zone"`
	Reward      rewardDoc   `json:"reward"`
	Grant       grantDoc    `json:"grant"`
	Enrolment   string      `json:"enrolment"`
	Limits      limitsDoc   `json:"limits"`
	Audience    audienceDoc `json:"audience"`
	Debt        string      `json:"debt"`
	Status      string      `json:"status"`
}

type goalDoc struct {
	Metric      string `json:"metric"`
	Target      int64  `json:"target"`
	Field       string `json:"field,omitempty"`
	PerEventCap int64  `json:"per_event_cap,omitempty"`
}

type filterDoc struct {
	ID       string          `json:"id,omitempty"`
	Operator string          `json:"operator,omitempty"`
	Values   json.RawMessage `json:"values,omitempty"`
	Any      []filterDoc     `json:"any,omitempty"`
}

type windowDoc struct {
	Kind     string `json:"kind"`
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
	Every    string `json:"every,omitempty"`
	Duration string `json:"duration,omitempty"`
	Start    string `json:"start,omitempty"`
}

// askedDoc is a mission as commands ask for it.
type askedDoc struct {
	missionDoc
	ActivateAt  instant.Milli `json:"activate_at,omitzero"`
	InForceFrom instant.Milli `json:"in_force_from,omitzero"`
	Backdated   bool          `json:"backdated,omitempty"`
}

func askedJSON(m *catalog.Mission) []byte {
	definition, v := m.Definition(), m.Latest()
	return mustJSON(askedDoc{missionForm(&definition), m.ScheduledAt, v.From, v.Backdated})
}

type rewardDoc struct {
	Template     string `json:"template,omitempty"`
	Kind         string `json:"kind"`
	Amount       int64  `json:"amount,omitempty"`
	Pool         string `json:"pool,omitempty"`
	ExpiresAfter string `json:"expires_after,omitempty"`
}

type grantDoc struct {
	Mode string `json:"mode"`
	Hold string `json:"hold"`
}

type limitsDoc struct {
	CompletionsPerUser int64  `json:"completions_per_user"`
	MaxWinners         int64  `json:"max_winners"`
	Budget             int64  `json:"budget"`
	OverBudget         string `json:"over_budget"`
}

type audienceDoc struct {
	RolloutPercent int64    `json:"rollout_percent"`
	Segments       []string `json:"segments"`
}

func missionForm(m *mission.Mission) missionDoc {
	segments := m.Audience.Segments
	if segments == nil {
		segments = []string{}
	}
	return missionDoc{
		ID: m.ID, Title: m.Title, Description: m.Description, BrandID: m.BrandID, Currency: m.Currency,
		Goal:    goalDoc{m.Goal.Metric, m.Goal.Target, m.Goal.Field, m.Goal.PerEventCap},
		Filters: filterForms(m.Filters),
		Window: windowDoc{
			Kind: m.Window.Kind, From: m.Window.From, To: m.Window.To, Every: m.Window.Every,
			Duration: optionalDuration(m.Window.Duration), Start: m.Window.Start,
		},
		TimeZone:  m.TimeZone,
		Reward:    rewardForm(m.Reward),
		Grant:     grantForm(m.Grant),
		Enrolment: m.Enrolment,
		Limits:    limitsForm(m.Limits),
		Audience:  audienceDoc{m.Audience.RolloutPercent, segments},
		Debt:      m.Debt,
		Status:    string(m.Status),
	}
}

func rewardForm(r mission.Reward) rewardDoc {
	return rewardDoc{r.Template, r.Kind, r.Amount, r.Pool, optionalDuration(r.ExpiresAfter)}
}

func grantForm(g mission.Grant) grantDoc { return grantDoc{g.Mode, durationText(g.Hold)} }

func limitsForm(l mission.Limits) limitsDoc {
	return limitsDoc{l.CompletionsPerUser, l.MaxWinners, l.Budget, l.OverBudget}
}

func filterForms(filters []mission.Filter) []filterDoc {
	out := make([]filterDoc, len(filters))
	for i, f := range filters {
		if f.IsGroup() {
			out[i].Any = filterForms(f.Any)
			continue
		}
		out[i] = filterDoc{ID: f.ID, Operator: string(f.Operator), Values: valuesForm(f.Values)}
	}
	return out
}

// valuesForm writes one value as a scalar and several as a list.
func valuesForm(values []mission.Value) json.RawMessage {
	list := make([]json.RawMessage, len(values))
	for i, v := range values {
		switch v.Kind {
		case mission.NumberValue, mission.BoolValue:
			list[i] = json.RawMessage(v.Text)
			if !json.Valid(list[i]) { // a number that Validate refuses, +5 say
				list[i] = mustJSON(v.Text)
			}
		case mission.MoneyValue:
			list[i] = mustJSON(struct {
				Amount   string `json:"amount"`
				Currency string `json:"currency"`
			}{v.Text, v.Currency})
		default:
			list[i] = mustJSON(v.Text)
		}
	}
	if len(list) == 1 {
		return list[0]
	}
	return mustJSON(list)
}

func optionalDuration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return durationText(d)
}

// durationText writes 168h where time.Duration writes 168h0m0s.
func durationText(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}
