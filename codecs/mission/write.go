package mission

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
)

// MissionDoc is the form of a definition (docs/missions.md#fields). What is not said of a kind of goal or window is
// left out. Schemas and readers follow from the tags: the fields are named here, and nowhere else.
type MissionDoc struct {
	ID          string      `json:"id" maxLength:"100" doc:"Default: the path's, or a new one" example:"swiggy-500"`
	Title       string      `json:"title" maxLength:"200" doc:"Default: none" example:"Spend ₹500 at Swiggy"`
	Description string      `json:"description,omitempty"`
	BrandID     string      `json:"brand_id,omitempty" doc:"Who stands behind it, a brand of the catalog" example:"swiggy"`
	Currency    string      `json:"currency" doc:"ISO 4217. Only payments in it count, and money in the definition is in its minor units" example:"INR"`
	Goal        goalDoc     `json:"goal" doc:"What has to be reached for one completion"`
	Filters     []filterDoc `json:"filters" doc:"All must pass; none: every payment of the currency"`
	Window      windowDoc   `json:"window" doc:"Which payments count, by their created_at"`
	TimeZone    string      `json:"time_zone" doc:"IANA name: the zone of the window's local dates and times" example:"Asia/Kolkata"`
	Reward      rewardDoc   `json:"reward" doc:"What one completion wins"`
	Grant       GrantDoc    `json:"grant"`
	Enrolment   string      `json:"enrolment" enum:"@enrolment" default:"automatic"`
	Limits      limitsDoc   `json:"limits"`
	Audience    audienceDoc `json:"audience"`
	Debt        string      `json:"debt" enum:"@debt" default:"negative" doc:"What a claw-back does to a coin balance that does not cover it: the balance goes below zero, or the rest is kept as debt"`
	Status      string      `json:"status" enum:"@mission_status" doc:"Default: as it is; draft at first"`
}

type goalDoc struct {
	Metric      string `json:"metric" enum:"@goal_metric" doc:"Sum of net amounts; payments with something left of them; different values of field; local days in a row"`
	Target      int64  `json:"target" minimum:"1" doc:"Minor units, payments, values or days" example:"50000"`
	Field       string `json:"field,omitempty" doc:"For distinct: whose values are told apart" example:"merchant"`
	PerEventCap int64  `json:"per_event_cap,omitempty" minimum:"0" doc:"For amount: the most that one payment contributes, in minor units; 0: no bound"`
}

type filterDoc struct {
	ID       string          `json:"id,omitempty" doc:"A field of the event" example:"merchant"`
	Operator string          `json:"operator,omitempty" enum:"@filter_operator"`
	Values   json.RawMessage `json:"values,omitempty" doc:"A text, a number, a boolean or {amount, currency}; a list where the operator takes several"`
	Any      []filterDoc     `json:"any,omitempty" doc:"Instead of all else: one of these must pass"`
}

// moneyDoc is a value of a filter that is money.
type moneyDoc struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

type windowDoc struct {
	Kind     string `json:"kind" enum:"@window_kind"`
	From     string `json:"from,omitempty" doc:"Of fixed: local date or time, or RFC 3339 with an offset" example:"2026-03-01"`
	To       string `json:"to,omitempty" doc:"Of fixed: as from; excluded" example:"2026-03-08"`
	Every    string `json:"every,omitempty" enum:"@recurrence" doc:"Of recurring"`
	Duration string `json:"duration,omitempty" doc:"Of per_user: a Go duration" example:"168h"`
	Start    string `json:"start,omitempty" enum:"@window_start" doc:"Of per_user: what it begins with. Default: enrolment"`
}

// AskedDoc is a mission as commands ask for it.
type AskedDoc struct {
	MissionDoc
	Asked
}

// Asked is what commands say besides of a mission.
type Asked struct {
	ActivateAt  instant.Milli `json:"activate_at,omitzero" format:"date-time" doc:"When a scheduled mission becomes active by itself"`
	InForceFrom instant.Milli `json:"in_force_from,omitzero" format:"date-time" doc:"From when a changed definition is in force, at least 10 s ahead; default: that"`
	Backdated   bool          `json:"backdated,omitempty" doc:"The changed definition is in force from a time before that; needs a reason"`
	Reason      string        `json:"reason,omitempty" maxLength:"500" doc:"Why, for the audit"`
}

type rewardDoc struct {
	Template string `json:"template,omitempty" doc:"A reward template of the catalog; alone, it is the reward"`
	TemplateGift
}

// TemplateGift is what a reward is.
type TemplateGift struct {
	Kind         string `json:"kind" enum:"@reward_kind"`
	Amount       int64  `json:"amount,omitempty" minimum:"0" doc:"Coins, or minor units" example:"100"`
	Pool         string `json:"pool,omitempty" doc:"Of gift_card and custom: the pool that codes come from"`
	ExpiresAfter string `json:"expires_after,omitempty" doc:"A Go duration; default: never" example:"720h"`
}

// GrantDoc is how a reward reaches its user.
type GrantDoc struct {
	Mode string `json:"mode" enum:"@grant_mode" default:"auto" doc:"By itself, or when the user claims it"`
	Hold string `json:"hold" default:"0s" doc:"A Go duration: waiting time before the grant" example:"24h"`
}

type limitsDoc struct {
	CompletionsPerUser int64  `json:"completions_per_user" minimum:"0" default:"1" doc:"In one window; 0: no bound"`
	MaxWinners         int64  `json:"max_winners" minimum:"0" default:"0" doc:"0: no bound"`
	Budget             int64  `json:"budget" minimum:"0" default:"0" doc:"Coins, or minor units; 0: no bound"`
	OverBudget         string `json:"over_budget" enum:"@over_budget" default:"reject" doc:"What happens when a reward does not fit into the budget"`
}

type audienceDoc struct {
	RolloutPercent int64    `json:"rollout_percent" minimum:"0" maximum:"100" default:"100"`
	Segments       []string `json:"segments" doc:"Users in one of them; none: everybody"`
}

// DocOf returns the form of a definition.
func DocOf(m *mission.Mission) MissionDoc {
	segments := m.Audience.Segments
	if segments == nil {
		segments = []string{}
	}
	return MissionDoc{
		ID: m.ID, Title: m.Title, Description: m.Description, BrandID: m.BrandID, Currency: m.Currency,
		Goal:    goalDoc{m.Goal.Metric, m.Goal.Target, m.Goal.Field, m.Goal.PerEventCap},
		Filters: filterForms(m.Filters),
		Window: windowDoc{
			Kind: m.Window.Kind, From: m.Window.From, To: m.Window.To, Every: m.Window.Every,
			Duration: optionalDuration(m.Window.Duration), Start: m.Window.Start,
		},
		TimeZone:  m.TimeZone,
		Reward:    rewardForm(m.Reward),
		Grant:     GrantOf(m.Grant),
		Enrolment: m.Enrolment,
		Limits:    limitsForm(m.Limits),
		Audience:  audienceDoc{m.Audience.RolloutPercent, segments},
		Debt:      m.Debt,
		Status:    string(m.Status),
	}
}

func rewardForm(r mission.Reward) rewardDoc { return rewardDoc{r.Template, GiftOf(r)} }

// GiftOf returns the form of a reward.
func GiftOf(r mission.Reward) TemplateGift {
	return TemplateGift{r.Kind, r.Amount, r.Pool, optionalDuration(r.ExpiresAfter)}
}

// GrantOf returns the form of a grant.
func GrantOf(g mission.Grant) GrantDoc { return GrantDoc{g.Mode, durationText(g.Hold)} }

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
				list[i] = doc.MustJSON(v.Text)
			}
		case mission.MoneyValue:
			list[i] = doc.MustJSON(moneyDoc{v.Text, v.Currency})
		default:
			list[i] = doc.MustJSON(v.Text)
		}
	}
	if len(list) == 1 {
		return list[0]
	}
	return doc.MustJSON(list)
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

// Form is the form of a mission's definition.
func Form() doc.Form { return doc.FormOf[MissionDoc]() }

// AskedForm is the form of what commands say besides of a mission.
func AskedForm() doc.Form { return doc.FormOf[Asked]() }
