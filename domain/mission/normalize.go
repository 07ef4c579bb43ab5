package mission

import (
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Normalize returns m in the form that is stored and compared, whatever spelling it was written in: words as intake
// writes them, money as minor units, times as RFC 3339, empty lists as nil. What does not fit stays as it is, for
// Validate to explain. It changes nothing of m.
func Normalize(m Mission) Mission {
	m.ID = strings.TrimSpace(m.ID)
	m.Title = strings.TrimSpace(m.Title)
	m.Currency = payment.CurrencyCode(m.Currency)
	m.TimeZone = strings.TrimSpace(m.TimeZone)
	m.Window.From = strings.TrimSpace(m.Window.From)
	m.Window.To = strings.TrimSpace(m.Window.To)
	if m.Window.Kind == WindowPerUser && m.Window.Start == "" {
		m.Window.Start = startEnrolment
	}
	if metricOf(m.Goal.Metric).field {
		m.Goal.Field = strings.TrimSpace(m.Goal.Field)
	}
	m.Audience.Segments = normalizeSegments(m.Audience.Segments)
	m.Filters = normalizeFilters(m.Filters, m.Currency)
	return m
}

// normalizeSegments sorts; which come twice is left to Validate.
func normalizeSegments(segments []string) []string {
	if len(segments) == 0 {
		return nil
	}
	out := make([]string, len(segments))
	for i, s := range segments {
		out[i] = strings.TrimSpace(s)
	}
	slices.Sort(out)
	return out
}

func normalizeFilters(filters []Filter, currency string) []Filter {
	if len(filters) == 0 {
		return nil
	}
	out := make([]Filter, len(filters))
	for i, f := range filters {
		if f.IsGroup() {
			f.Any = normalizeFilters(f.Any, currency)
			if f.Any == nil {
				f.Any = []Filter{}
			}
		} else {
			f = normalizeFilter(f, currency)
		}
		out[i] = f
	}
	return out
}

func normalizeFilter(f Filter, currency string) Filter {
	f.ID = strings.TrimSpace(f.ID)
	if f.Operator == Exists && len(f.Values) == 0 {
		f.Values = []Value{{Kind: BoolValue, Text: "true"}}
		return f
	}
	kind := fieldOf(f.ID).kind
	values := make([]Value, len(f.Values))
	for i, v := range f.Values {
		values[i] = normalizeValue(kind, v, currency)
	}
	if len(values) == 0 {
		values = nil
	}
	f.Values = values
	return f
}

func normalizeValue(kind fieldKind, v Value, currency string) Value {
	switch {
	case v.Kind == MoneyValue:
		v.Currency = payment.CurrencyCode(v.Currency)
		if kind != moneyField || v.Currency != currency {
			return v
		}
		if minor, ok := parseMoney(v.Text, currency); ok {
			return Value{Kind: NumberValue, Text: strconv.FormatInt(minor, 10)}
		}
	case v.Kind == TextValue && kind == wordField:
		v.Text = payment.Name(v.Text)
	case v.Kind == TextValue && kind == codeField:
		v.Text = strings.ToUpper(strings.TrimSpace(v.Text))
	case (v.Kind == TextValue || v.Kind == NumberValue) && kind == timeField:
		if at, err := instant.Parse(strings.TrimSpace(v.Text)); err == nil && at != 0 {
			return Value{Kind: TextValue, Text: at.String()}
		}
	}
	return v
}
