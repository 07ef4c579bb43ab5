package codecs

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/domain/mission"
)

// missionReader turns a tree into missions and gathers what does not fit the shape.
type missionReader struct{ problems mission.Problems }

func (r *missionReader) add(pointer, code, detail string) {
	r.problems = append(r.problems, mission.Problem{Pointer: pointer, Code: code, Detail: detail})
}

// fields is one object under the cursor of a missionReader. Getters leave their target alone where the key is missing.
type fields struct {
	r       *missionReader
	pointer string
	values  map[string]any
}

// object opens node, whose keys must be among known.
func (r *missionReader) object(pointer string, node any, known ...string) fields {
	f := fields{r: r, pointer: pointer}
	if node == nil {
		return f
	}
	values, ok := node.(map[string]any)
	if !ok {
		r.add(pointer, mission.CodeWrongType, "needs an object")
		return f
	}
	f.values = values
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, key) {
			r.add(f.at(key), mission.CodeInvalidField, "is not a known field")
		}
	}
	return f
}

func (f fields) at(key string) string {
	return f.pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

func (f fields) text(key string, to *string) {
	switch v := f.values[key].(type) {
	case nil:
	case string:
		*to = v
	default:
		f.r.add(f.at(key), mission.CodeWrongType, "needs a text")
	}
}

func (f fields) integer(key string, to *int64) {
	node := f.values[key]
	if node == nil {
		return
	}
	if n, ok := node.(number); ok {
		if v, err := strconv.ParseInt(string(n), 10, 64); err == nil {
			*to = v
			return
		}
	}
	f.r.add(f.at(key), mission.CodeWrongType, "needs a whole number")
}

func (f fields) duration(key string, to *time.Duration) {
	node := f.values[key]
	if node == nil {
		return
	}
	if s, ok := node.(string); ok {
		if v, err := time.ParseDuration(s); err == nil {
			*to = v.Truncate(time.Millisecond)
			return
		}
	}
	f.r.add(f.at(key), mission.CodeWrongType, "needs a duration such as 90s or 168h")
}

func (f fields) list(key string) []any {
	switch v := f.values[key].(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		f.r.add(f.at(key), mission.CodeWrongType, "needs a list")
		return nil
	}
}

func (f fields) inner(key string, known ...string) fields {
	return f.r.object(f.at(key), f.values[key], known...)
}

// mission reads one definition; the result is normalised.
func (r *missionReader) mission(pointer string, node any) mission.Mission {
	m := mission.Default()
	if node == nil {
		r.add(pointer, mission.CodeWrongType, "needs an object")
		return m
	}
	f := r.object(pointer, node, "id", "title", "description", "brand_id", "currency", "goal", "filters", "window", "time_zone",
		"reward", "grant", "enrolment", "limits", "audience", "debt", "status")
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
	f.goal(&m.Goal)
	f.window(&m.Window)
	f.prize(&m)
	f.audience(&m)
	m.Filters = f.filters("filters")
	return mission.Normalize(m)
}

func (f fields) goal(g *mission.Goal) {
	goal := f.inner("goal", "metric", "target", "field", "per_event_cap")
	goal.text("metric", &g.Metric)
	goal.integer("target", &g.Target)
	goal.text("field", &g.Field)
	goal.integer("per_event_cap", &g.PerEventCap)
}

func (f fields) window(w *mission.Window) {
	window := f.inner("window", "kind", "from", "to", "every", "duration", "start")
	window.text("kind", &w.Kind)
	window.text("from", &w.From)
	window.text("to", &w.To)
	window.text("every", &w.Every)
	window.duration("duration", &w.Duration)
	window.text("start", &w.Start)
}

func (f fields) prize(m *mission.Mission) {
	reward := f.inner("reward", "kind", "amount", "pool", "expires_after")
	reward.text("kind", &m.Reward.Kind)
	reward.integer("amount", &m.Reward.Amount)
	reward.text("pool", &m.Reward.Pool)
	reward.duration("expires_after", &m.Reward.ExpiresAfter)
	grant := f.inner("grant", "mode", "hold")
	grant.text("mode", &m.Grant.Mode)
	grant.duration("hold", &m.Grant.Hold)
}

func (f fields) audience(m *mission.Mission) {
	limits := f.inner("limits", "completions_per_user", "max_winners", "budget", "over_budget")
	limits.integer("completions_per_user", &m.Limits.CompletionsPerUser)
	limits.integer("max_winners", &m.Limits.MaxWinners)
	limits.integer("budget", &m.Limits.Budget)
	limits.text("over_budget", &m.Limits.OverBudget)
	audience := f.inner("audience", "rollout_percent", "segments")
	audience.integer("rollout_percent", &m.Audience.RolloutPercent)
	for i, node := range audience.list("segments") {
		segment, ok := node.(string)
		if !ok {
			f.r.add(audience.at("segments")+"/"+strconv.Itoa(i), mission.CodeWrongType, "needs a text")
		}
		m.Audience.Segments = append(m.Audience.Segments, segment)
	}
}

func (f fields) filters(key string) []mission.Filter {
	list := f.list(key)
	if len(list) > mission.MaxFilters {
		f.r.add(f.at(key), mission.CodeInvalidFilter, "has more than "+strconv.Itoa(mission.MaxFilters)+" filters")
		return nil
	}
	out := make([]mission.Filter, len(list))
	for i, node := range list {
		out[i] = f.r.filter(f.at(key)+"/"+strconv.Itoa(i), node)
	}
	return out
}

func (r *missionReader) filter(pointer string, node any) mission.Filter {
	var out mission.Filter
	if object, ok := node.(map[string]any); ok && object["any"] != nil {
		out.Any = []mission.Filter{}
		out.Any = append(out.Any, r.object(pointer, node, "any").filters("any")...)
		return out
	}
	f := r.object(pointer, node, "id", "operator", "values")
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

func (r *missionReader) value(pointer string, node any) mission.Value {
	switch v := node.(type) {
	case string:
		return mission.Value{Kind: mission.TextValue, Text: v}
	case number:
		return mission.Value{Kind: mission.NumberValue, Text: string(v)}
	case bool:
		return mission.Value{Kind: mission.BoolValue, Text: strconv.FormatBool(v)}
	case map[string]any:
		money := mission.Value{Kind: mission.MoneyValue}
		f := r.object(pointer, node, "amount", "currency")
		if n, ok := v["amount"].(number); ok {
			money.Text = string(n)
		} else {
			f.text("amount", &money.Text)
		}
		f.text("currency", &money.Currency)
		return money
	default:
		r.add(pointer, mission.CodeWrongType, "needs a text, a number, a boolean or {amount, currency}")
		return mission.Value{}
	}
}
