package mission

import (
	"strconv"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
)

// told are fields by which the API answers: what was read can be edited and written back, and they change nothing.
func told() []string {
	return []string{
		"version", "versions", "revision", "summary", "conditions", "pauses", "ended_at", "created_at", "changed_at",
		"actor", "as_of", "approval",
	}
}

// Read reads one definition; the result is normalised.
func Read(r *doc.Reader, pointer string, node any) mission.Mission {
	m := mission.Default()
	if node == nil {
		r.Add(pointer, problem.WrongType, "needs an object")
		return m
	}
	f := r.Formed(pointer, node, doc.FormOf[AskedDoc](), told()...)
	f.Text("id", &m.ID)
	f.Text("title", &m.Title)
	f.Text("description", &m.Description)
	f.Text("brand_id", &m.BrandID)
	f.Text("currency", &m.Currency)
	f.Text("time_zone", &m.TimeZone)
	f.Text("enrolment", &m.Enrolment)
	f.Text("debt", &m.Debt)
	status := string(m.Status)
	f.Text("status", &status)
	m.Status = mission.Status(status)
	readGoal(f, &m.Goal, m.Currency)
	readWindow(f, &m.Window)
	readReward(f, &m)
	ReadGrant(f, &m.Grant)
	readLimits(f, &m)
	readAudience(f, &m.Audience)
	m.Filters = readFilters(f, "filters")
	return mission.Normalize(m)
}

func readGoal(f doc.Object, g *mission.Goal, currency string) {
	goal := f.Inner("goal", doc.FormOf[goalDoc]())
	goal.Text("metric", &g.Metric)
	unit := ""
	if g.InMinorUnits() {
		unit = MinorUnits
	}
	goal.Amount("target", unit, currency, &g.Target)
	goal.Text("field", &g.Field)
	goal.Amount("per_event_cap", MinorUnits, currency, &g.PerEventCap)
}

// MinorUnits is what amounts of a currency count.
const MinorUnits = "minor units"

func readWindow(f doc.Object, w *mission.Window) {
	window := f.Inner("window", doc.FormOf[windowDoc]())
	window.Text("kind", &w.Kind)
	window.Text("from", &w.From)
	window.Text("to", &w.To)
	window.Text("every", &w.Every)
	window.Duration("duration", &w.Duration)
	window.Text("start", &w.Start)
}

func readReward(f doc.Object, m *mission.Mission) {
	reward := f.Inner("reward", doc.FormOf[rewardDoc]())
	reward.Text("template", &m.Reward.Template)
	ReadGift(reward, &m.Reward, m.Currency)
}

// ReadGift reads what a reward is, from the object that says so.
func ReadGift(f doc.Object, r *mission.Reward, currency string) {
	f.Text("kind", &r.Kind)
	f.Amount("amount", mission.UnitOf(r.Kind, MinorUnits), currency, &r.Amount)
	f.Text("pool", &r.Pool)
	f.Duration("expires_after", &r.ExpiresAfter)
}

// ReadGrant reads the field grant: how a reward reaches its user.
func ReadGrant(f doc.Object, g *mission.Grant) {
	grant := f.Inner("grant", doc.FormOf[GrantDoc]())
	grant.Text("mode", &g.Mode)
	grant.Duration("hold", &g.Hold)
}

func readLimits(f doc.Object, m *mission.Mission) {
	limits := f.Inner("limits", doc.FormOf[limitsDoc]())
	limits.Integer("completions_per_user", &m.Limits.CompletionsPerUser)
	limits.Integer("max_winners", &m.Limits.MaxWinners)
	unit := mission.UnitOf(m.Reward.Kind, MinorUnits)
	if unit == mission.Coins {
		unit = MinorUnits + ", or coins where the reward is"
	}
	limits.Amount("budget", unit, m.Currency, &m.Limits.Budget)
	limits.Text("over_budget", &m.Limits.OverBudget)
}

func readAudience(f doc.Object, a *mission.Audience) {
	audience := f.Inner("audience", doc.FormOf[audienceDoc]())
	audience.Integer("rollout_percent", &a.RolloutPercent)
	audience.Texts("segments", &a.Segments)
}

func readFilters(f doc.Object, key string) []mission.Filter {
	list := f.List(key)
	if len(list) > mission.MaxFilters {
		f.Reader.Add(f.At(key), problem.InvalidFilter, "has more than "+strconv.Itoa(mission.MaxFilters)+" filters")
		return nil
	}
	out := make([]mission.Filter, len(list))
	for i, node := range list {
		out[i] = readFilter(f.Reader, f.At(key)+"/"+strconv.Itoa(i), node)
	}
	return out
}

func readFilter(r *doc.Reader, pointer string, node any) mission.Filter {
	var out mission.Filter
	if object, ok := node.(map[string]any); ok && object["any"] != nil {
		out.Any = []mission.Filter{}
		out.Any = append(out.Any, readFilters(r.Object(pointer, node, "any"), "any")...)
		return out
	}
	f := r.Formed(pointer, node, doc.FormOf[filterDoc]())
	operator := ""
	f.Text("id", &out.ID)
	f.Text("operator", &operator)
	out.Operator = mission.Operator(operator)
	values := f.Values["values"]
	list, ok := values.([]any)
	if !ok && values != nil {
		list = []any{values}
	}
	for i, node := range list {
		at := f.At("values")
		if ok {
			at += "/" + strconv.Itoa(i)
		}
		out.Values = append(out.Values, readValue(r, at, node))
	}
	return out
}

func readValue(r *doc.Reader, pointer string, node any) mission.Value {
	switch v := node.(type) {
	case string:
		return mission.Value{Kind: mission.TextValue, Text: doc.Text(v)}
	case doc.Number:
		return mission.Value{Kind: mission.NumberValue, Text: string(v)}
	case bool:
		return mission.Value{Kind: mission.BoolValue, Text: strconv.FormatBool(v)}
	case map[string]any:
		money := mission.Value{Kind: mission.MoneyValue}
		f := r.Formed(pointer, node, doc.FormOf[moneyDoc]())
		if n, ok := v["amount"].(doc.Number); ok {
			money.Text = string(n)
		} else {
			f.Text("amount", &money.Text)
		}
		f.Text("currency", &money.Currency)
		return money
	default:
		r.Add(pointer, problem.WrongType, "needs a text, a number, a boolean or {amount, currency}")
		return mission.Value{}
	}
}
