package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Mission is the part of a mission definition (CONTRACT, "Missions as YAML") that decides on progress. Its JSON is a
// mission's JSON; fields that do not matter here are ignored. Amounts in filters are in minor units.
type Mission struct {
	ID       string `json:"id"`
	Currency string `json:"currency"`
	Goal     struct {
		Metric      string `json:"metric"` // amount or count
		Target      int64  `json:"target"`
		PerEventCap int64  `json:"per_event_cap"`
	} `json:"goal"`
	Filters []Filter `json:"filters"`
	Window  struct {
		Kind string `json:"kind"` // fixed
		From string `json:"from"` // local date, or RFC 3339
		To   string `json:"to"`   // excluded
	} `json:"window"`
	TimeZone string `json:"time_zone"`
	Limits   struct {
		CompletionsPerUser *int64 `json:"completions_per_user"` // missing: 1; 0: none
	} `json:"limits"`
}

// Filter is one condition, or a group of which one must hold.
type Filter struct {
	ID       string          `json:"id"`
	Operator string          `json:"operator"`
	Values   json.RawMessage `json:"values"` // a scalar or a list
	Any      []Filter        `json:"any"`
}

// unlimited is how many completions a mission without limit may have.
const unlimited = 1000

type rule struct {
	Mission
	from, to instant.Milli
	limit    int64
	all      []condition
}

type condition func(*payment.Facts) bool

func (m Mission) compile() (rule, error) {
	c := rule{Mission: m, limit: 1}
	if l := m.Limits.CompletionsPerUser; l != nil {
		c.limit = *l
		if c.limit == 0 {
			c.limit = unlimited
		}
	}
	if m.Window.Kind != "fixed" || m.Goal.Metric != "amount" && m.Goal.Metric != "count" || m.Goal.Target <= 0 {
		return c, fmt.Errorf("window %s, metric %s, target %d: not understood", m.Window.Kind, m.Goal.Metric, m.Goal.Target)
	}
	zone, err := time.LoadLocation(m.TimeZone)
	if err != nil {
		return c, err
	}
	if c.from, err = day(m.Window.From, zone); err != nil {
		return c, err
	}
	if c.to, err = day(m.Window.To, zone); err != nil {
		return c, err
	}
	for _, f := range m.Filters {
		cond, err := f.compile()
		if err != nil {
			return c, err
		}
		c.all = append(c.all, cond)
	}
	return c, nil
}

func day(s string, zone *time.Location) (instant.Milli, error) {
	if t, err := time.ParseInLocation(time.DateOnly, s, zone); err == nil {
		return instant.Of(t), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	return instant.Of(t), err
}

// counts tells whether a settled payment counts, whatever is left of it.
func (m *rule) counts(f *payment.Facts) bool {
	if f.Currency != m.Currency || f.CreatedAt < m.from || f.CreatedAt >= m.to {
		return false
	}
	for _, c := range m.all {
		if !c(f) {
			return false
		}
	}
	return true
}

func (m *rule) contribution(net int64) int64 {
	switch {
	case net <= 0:
		return 0
	case m.Goal.Metric == "count":
		return 1
	case m.Goal.PerEventCap > 0:
		return min(net, m.Goal.PerEventCap)
	default:
		return net
	}
}

func (m *rule) completions(progress int64) int64 { return min(m.limit, progress/m.Goal.Target) }

func (f Filter) compile() (condition, error) {
	if f.Any != nil {
		var any []condition
		for _, inner := range f.Any {
			c, err := inner.compile()
			if err != nil {
				return nil, err
			}
			any = append(any, c)
		}
		return func(p *payment.Facts) bool {
			return slices.ContainsFunc(any, func(c condition) bool { return c(p) })
		}, nil
	}
	values, err := scalars(f.Values)
	if err != nil {
		return nil, fmt.Errorf("filter %s: %w", f.ID, err)
	}
	number := f.ID == "amount"
	less := func(a, b string) bool { return a < b }
	if number {
		for _, v := range values {
			if _, err := strconv.ParseInt(v, 10, 64); err != nil && f.Operator != "exists" {
				return nil, fmt.Errorf("filter amount: %w", err)
			}
		}
		less = func(a, b string) bool {
			x, _ := strconv.ParseInt(a, 10, 64)
			y, _ := strconv.ParseInt(b, 10, 64)
			return x < y
		}
	} else if slices.Contains([]string{"gt", "gte", "lt", "lte", "between"}, f.Operator) {
		return nil, fmt.Errorf("filter %s %s: only amounts are put in order here", f.ID, f.Operator)
	}
	return f.compare(values, less)
}

func (f Filter) compare(values []string, less func(a, b string) bool) (condition, error) {
	if len(values) == 0 {
		return nil, fmt.Errorf("filter %s: no values", f.ID)
	}
	one := values[0]
	test, ok := map[string]func(v string) bool{
		"eq":      func(v string) bool { return slices.Contains(values, v) },
		"in":      func(v string) bool { return slices.Contains(values, v) },
		"ne":      func(v string) bool { return !slices.Contains(values, v) },
		"nin":     func(v string) bool { return !slices.Contains(values, v) },
		"gt":      func(v string) bool { return less(one, v) },
		"gte":     func(v string) bool { return !less(v, one) },
		"lt":      func(v string) bool { return less(v, one) },
		"lte":     func(v string) bool { return !less(one, v) },
		"between": func(v string) bool { return !less(v, one) && !less(values[len(values)-1], v) },
		"prefix": func(v string) bool {
			return slices.ContainsFunc(values, func(p string) bool { return strings.HasPrefix(v, p) })
		},
		"exists": func(string) bool { return one == "true" },
	}[f.Operator]
	if !ok {
		return nil, fmt.Errorf("filter %s: operator %q", f.ID, f.Operator)
	}
	return func(p *payment.Facts) bool {
		v, has := field(p, f.ID)
		if !has {
			return f.Operator == "exists" && one == "false"
		}
		return test(v)
	}, nil
}

func scalars(raw json.RawMessage) ([]string, error) {
	var list []any
	if err := json.Unmarshal(raw, &list); err != nil {
		var one any
		if err := json.Unmarshal(raw, &one); err != nil {
			return nil, err
		}
		list = []any{one}
	}
	var out []string
	for _, v := range list {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case float64:
			out = append(out, strconv.FormatInt(int64(v), 10))
		case bool:
			out = append(out, strconv.FormatBool(v))
		default:
			return nil, fmt.Errorf("value %v: not understood", v)
		}
	}
	return out, nil
}

func field(p *payment.Facts, id string) (string, bool) {
	named := func(s string) (string, bool) { return s, s != "" && s != payment.Unknown }
	switch id {
	case "amount":
		return strconv.FormatInt(p.AmountMinor, 10), true
	case "mode":
		return named(p.Mode)
	case "instrument":
		return named(p.Instrument)
	case "gateway":
		return named(p.Gateway)
	case "merchant":
		return named(p.Merchant)
	case "category":
		return named(p.Category)
	}
	if key, ok := strings.CutPrefix(id, "attributes."); ok {
		for _, a := range p.Attributes {
			if a.Key == key {
				return a.Value, true
			}
		}
	}
	return "", false
}
