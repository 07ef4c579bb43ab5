package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/payment"
)

// Filter is one condition, or a group of which one must hold.
type Filter struct {
	ID       string          `json:"id"`
	Operator string          `json:"operator"`
	Values   json.RawMessage `json:"values"` // a scalar or a list
	Any      []Filter        `json:"any"`
}

// condition is a filter that can be asked.
type condition func(*payment.Facts) bool

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
