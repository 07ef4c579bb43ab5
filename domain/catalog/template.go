package catalog

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
)

// RewardTemplate is a reward that missions may name instead of describing it. A mission takes a copy when it is
// written: what becomes of the template afterwards does not change it.
type RewardTemplate struct {
	TemplateID  string
	Title       string
	Description string
	Terms       string
	BrandID     string
	Currency    string // of Amount, unless that is coins; empty: that of the mission, but required for cash
	Reward      mission.Reward
	Grant       mission.Grant
	Debt        string
	State       string // StatusDraft, StatusActive or StatusArchived
}

// NewRewardTemplate returns a template with the defaults of a mission and everything else empty.
func NewRewardTemplate() RewardTemplate {
	m := mission.Default()
	return RewardTemplate{Grant: m.Grant, Debt: m.Debt, State: StatusActive}
}

// Kind implements Entity.
func (RewardTemplate) Kind() Kind { return KindRewardTemplate }

// ID implements Entity.
func (t RewardTemplate) ID() string { return t.TemplateID }

// Status implements Entity.
func (t RewardTemplate) Status() string { return t.State }

// Number implements Entity.
func (RewardTemplate) Number() int64 { return 1 }

func (t RewardTemplate) normal() Entity {
	for _, text := range []*string{&t.TemplateID, &t.Title, &t.Description, &t.Terms, &t.BrandID} {
		*text = strings.TrimSpace(*text)
	}
	t.Currency = payment.CurrencyCode(t.Currency)
	return t
}

func (t RewardTemplate) validate(Config) problem.List {
	v := &validator{}
	v.definition(t.TemplateID, t.State)
	v.text("/title", t.Title, maxTitle)
	v.text("/description", t.Description, maxText)
	v.text("/terms", t.Terms, maxText)
	v.optionalID("/brand_id", t.BrandID)
	switch kind := mission.RewardKindOf(t.Reward.Kind); {
	case kind.Tender && t.Currency == "":
		v.add("/currency", "is required for "+t.Reward.Kind)
	case kind.InCoins && t.Currency != "":
		v.add("/currency", "coins have no currency: leave it out")
	}
	for _, p := range mission.Validate(t.sample()) {
		switch first, _, _ := strings.Cut(strings.TrimPrefix(p.Pointer, "/"), "/"); first {
		case "reward", "grant", "debt", "currency":
			v.problems = append(v.problems, p)
		}
	}
	return v.problems
}

// sample returns a mission that gives this reward: what missions may give is told in one place.
func (t RewardTemplate) sample() *mission.Mission {
	m := mission.Default()
	m.ID, m.Currency = "sample", t.Currency
	if m.Currency == "" {
		m.Currency = "INR"
	}
	m.Goal = mission.Goal{Metric: mission.MetricCount, Target: 1}
	m.Window = mission.Window{Kind: mission.WindowFixed, From: "2026-03-01", To: "2026-03-02"}
	m.Reward, m.Grant, m.Debt = t.Reward, t.Grant, t.Debt
	m = mission.Normalize(m)
	return &m
}

func (t RewardTemplate) put(current Entity, _ *Command, _ Config) (Entity, Change, problem.List) {
	return putDefinition(current, t)
}

func (t RewardTemplate) withdraw(*Command) (Entity, Change, problem.List) {
	next := t
	next.State = StatusArchived
	return archive(t, next)
}

// Resolve returns a mission whose reward is nothing but the name of a template with the template's reward in its place,
// and its grant and debt where the mission has the defaults. All else stays as it is. From then on the mission needs
// the template no more.
func Resolve(e Entity, cfg Config) (Entity, problem.List) {
	m, ok := e.(Mission)
	if !ok {
		return e, nil
	}
	definition, plain := m.Definition(), mission.Default()
	if id := definition.Reward.Template; definition.Reward != (mission.Reward{Template: id}) || id == "" {
		return e, nil
	}
	var t RewardTemplate
	found := false
	if cfg.Find != nil {
		if named, ok := cfg.Find(KindRewardTemplate, definition.Reward.Template); ok {
			t, found = named.(RewardTemplate)
		}
	}
	if !found || t.State != StatusActive {
		return e, problem.One("/reward/template", problem.InvalidField,
			"there is no active reward template of this name")
	}
	if t.Currency != "" && t.Currency != definition.Currency {
		return e, problem.One("/reward/template", problem.InvalidField, "is of another currency than the mission")
	}
	definition.Reward = t.Reward
	definition.Reward.Template = t.TemplateID
	if definition.Grant == plain.Grant {
		definition.Grant = t.Grant
	}
	if definition.Debt == plain.Debt {
		definition.Debt = t.Debt
	}
	definition.Status = ""
	m.Versions = slices.Clone(m.Versions)
	m.Versions[0].Mission = definition
	return m, nil
}
