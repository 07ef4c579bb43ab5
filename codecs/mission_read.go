package codecs

import (
	"strconv"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
)

// told are fields by which the API answers: what was read can be edited and written back, and they change nothing.
func told() []string {
	return []string{
		"version", "versions", "revision", "summary", "conditions", "pauses", "ended_at", "created_at", "changed_at", "actor", "as_of", "approval",
	}
}

// mission reads one definition; the result is normalised.
func (r *treeReader) mission(pointer string, node any) mission.Mission {
	m := mission.Default()
	if node == nil {
		r.add(pointer, problem.WrongType, "needs an object")
		return m
	}
	f := r.formed(pointer, node, formOf[askedDoc](), told()...)
	f.text("id", &m.ID)
	f.text("title", &m.Title)
	f.text("description", &m.Description)
	f.text("brand_id", &m.BrandID)
	f.text("currency", &m.Currency)
	f.text("time_zone", &m.TimeZone)
	f.text("enrolment", &m.Enrolment)
	f.text("debt", &m.Debt)
	status := string(m.Status)
	f.text("status", &status)
	m.Status = mission.Status(status)
	f.goal(&m.Goal, m.Currency)
	f.window(&m.Window)
	f.reward(&m)
	f.grant(&m.Grant)
	f.limits(&m)
	f.audience(&m.Audience)
	m.Filters = f.filters("filters")
	return mission.Normalize(m)
}

func (f fields) goal(g *mission.Goal, currency string) {
	goal := f.inner("goal", formOf[goalDoc]())
	goal.text("metric", &g.Metric)
	unit := ""
	if g.InMinorUnits() {
		unit = minorUnits
	}
	goal.amount("target", unit, currency, &g.Target)
	goal.text("field", &g.Field)
	goal.amount("per_event_cap", minorUnits, currency, &g.PerEventCap)
}

// minorUnits is what amounts of a currency count.
const minorUnits = "minor units"

func (f fields) window(w *mission.Window) {
	window := f.inner("window", formOf[windowDoc]())
	window.text("kind", &w.Kind)
	window.text("from", &w.From)
	window.text("to", &w.To)
	window.text("every", &w.Every)
	window.duration("duration", &w.Duration)
	window.text("start", &w.Start)
}

func (f fields) reward(m *mission.Mission) {
	reward := f.inner("reward", formOf[rewardDoc]())
	reward.text("template", &m.Reward.Template)
	reward.gift(&m.Reward, m.Currency)
}

// gift reads what a reward is, from the object that says so.
func (f fields) gift(r *mission.Reward, currency string) {
	f.text("kind", &r.Kind)
	f.amount("amount", mission.UnitOf(r.Kind, minorUnits), currency, &r.Amount)
	f.text("pool", &r.Pool)
	f.duration("expires_after", &r.ExpiresAfter)
}

func (f fields) grant(g *mission.Grant) {
	grant := f.inner("grant", formOf[grantDoc]())
	grant.text("mode", &g.Mode)
	grant.duration("hold", &g.Hold)
}

func (f fields) limits(m *mission.Mission) {
	limits := f.inner("limits", formOf[limitsDoc]())
	limits.integer("completions_per_user", &m.Limits.CompletionsPerUser)
	limits.integer("max_winners", &m.Limits.MaxWinners)
	unit := mission.UnitOf(m.Reward.Kind, minorUnits)
	if unit == mission.Coins {
		unit = minorUnits + ", or coins where the reward is"
	}
	limits.amount("budget", unit, m.Currency, &m.Limits.Budget)
	limits.text("over_budget", &m.Limits.OverBudget)
}

func (f fields) audience(a *mission.Audience) {
	audience := f.inner("audience", formOf[audienceDoc]())
	audience.integer("rollout_percent", &a.RolloutPercent)
	audience.texts("segments", &a.Segments)
}

func (f fields) filters(key string) []mission.Filter {
	list := f.list(key)
	if len(list) > mission.MaxFilters {
		f.r.add(f.at(key), problem.InvalidFilter, "has more than "+strconv.Itoa(mission.MaxFilters)+" filters")
		return nil
	}
	out := make([]mission.Filter, len(list))
	for i, node := range list {
		out[i] = f.r.filter(f.at(key)+"/"+strconv.Itoa(i), node)
	}
	return out
}

func (r *treeReader) filter(pointer string, node any) mission.Filter {
	var out mission.Filter
	if object, ok := node.(map[string]any); ok && object["any"] != nil {
		out.Any = []mission.Filter{}
		out.Any = append(out.Any, r.object(pointer, node, "any").filters("any")...)
		return out
	}
	f := r.formed(pointer, node, formOf[filterDoc]())
	operator := ""
	f.text("id", &out.ID)
	f.text("operator", &operator)
	out.Operator = mission.Operator(operator)
	values := f.values["values"]
	list, ok := values.([]any)
	if !ok && values != nil {
		list = []any{values}
	}
	for i, node := range list {
		at := f.at("values")
		if ok {
			at += "/" + strconv.Itoa(i)
		}
		out.Values = append(out.Values, r.value(at, node))
	}
	return out
}

func (r *treeReader) value(pointer string, node any) mission.Value {
	switch v := node.(type) {
	case string:
		return mission.Value{Kind: mission.TextValue, Text: Text(v)}
	case number:
		return mission.Value{Kind: mission.NumberValue, Text: string(v)}
	case bool:
		return mission.Value{Kind: mission.BoolValue, Text: strconv.FormatBool(v)}
	case map[string]any:
		money := mission.Value{Kind: mission.MoneyValue}
		f := r.formed(pointer, node, formOf[moneyDoc]())
		if n, ok := v["amount"].(number); ok {
			money.Text = string(n)
		} else {
			f.text("amount", &money.Text)
		}
		f.text("currency", &money.Currency)
		return money
	default:
		r.add(pointer, problem.WrongType, "needs a text, a number, a boolean or {amount, currency}")
		return mission.Value{}
	}
}
