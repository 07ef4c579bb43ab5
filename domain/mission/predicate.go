package mission

import (
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/payment"
)

// predicate is one compiled filter.
type predicate func(f *payment.Facts) bool

// compileFilters turns valid filters into predicates, all of which must hold.
func compileFilters(filters []Filter) []predicate {
	out := make([]predicate, 0, len(filters))
	for _, f := range filters {
		if !f.IsGroup() {
			out = append(out, compileFilter(f))
			continue
		}
		any := compileFilters(f.Any)
		out = append(out, func(p *payment.Facts) bool {
			for _, holds := range any {
				if holds(p) {
					return true
				}
			}
			return false
		})
	}
	return out
}

func compileFilter(f Filter) predicate {
	switch kind := kindOf(f.ID); kind {
	case moneyField:
		return compileNumber(f, func(p *payment.Facts) int64 { return p.AmountMinor }, func(v Value) int64 {
			minor, _ := strconv.ParseInt(v.Text, 10, 64)
			return minor
		})
	case timeField:
		return compileNumber(f, func(p *payment.Facts) int64 { return int64(p.CreatedAt) }, func(v Value) int64 {
			ms := timeOf(v)
			return ms
		})
	case attributeField:
		return compileAttribute(f)
	default:
		return compileText(f, readerOf(f.ID))
	}
}

// compileNumber serves the integer fields, which every payment has.
func compileNumber(f Filter, read func(*payment.Facts) int64, parse func(Value) int64) predicate {
	if f.Operator == Exists {
		want := f.Values[0].Text == "true"
		return func(*payment.Facts) bool { return want }
	}
	values := make([]int64, len(f.Values))
	for i, v := range f.Values {
		values[i] = parse(v)
	}
	first := values[0]
	switch f.Operator {
	case Gt:
		return func(p *payment.Facts) bool { return read(p) > first }
	case Gte:
		return func(p *payment.Facts) bool { return read(p) >= first }
	case Lt:
		return func(p *payment.Facts) bool { return read(p) < first }
	case Lte:
		return func(p *payment.Facts) bool { return read(p) <= first }
	case Between:
		last := values[1]
		return func(p *payment.Facts) bool { n := read(p); return n >= first && n <= last }
	case Ne, Nin:
		return func(p *payment.Facts) bool { return !slices.Contains(values, read(p)) }
	default: // Eq, In
		return func(p *payment.Facts) bool { return slices.Contains(values, read(p)) }
	}
}

// matcher tells whether a text is one of a filter's values.
type matcher func(s string) bool

// fewValues is the number up to which comparing one by one beats a map.
const fewValues = 8

func matchTexts(values []Value) matcher {
	texts := make([]string, len(values))
	set := make(map[string]struct{}, len(values))
	for i, v := range values {
		texts[i] = v.Text
		set[v.Text] = struct{}{}
	}
	switch {
	case len(texts) == 1:
		only := texts[0]
		return func(s string) bool { return s == only }
	case len(texts) <= fewValues:
		return func(s string) bool { return slices.Contains(texts, s) }
	default:
		return func(s string) bool { _, ok := set[s]; return ok }
	}
}

func compileText(f Filter, read reader) predicate {
	switch f.Operator {
	case Exists:
		want := f.Values[0].Text == "true"
		return func(p *payment.Facts) bool { _, ok := read(p); return ok == want }
	case Prefix:
		values := f.Values
		return func(p *payment.Facts) bool {
			s, ok := read(p)
			return ok && slices.ContainsFunc(values, func(v Value) bool { return strings.HasPrefix(s, v.Text) })
		}
	case Ne, Nin:
		matches := matchTexts(f.Values)
		return func(p *payment.Facts) bool { s, ok := read(p); return ok && !matches(s) }
	default: // Eq, In; the ordered operators do not fit texts
		matches := matchTexts(f.Values)
		return func(p *payment.Facts) bool { s, ok := read(p); return ok && matches(s) }
	}
}

// compileAttribute compares as numbers where the value is a number, else as text. An attribute that is no number fails
// the ordered operators.
func compileAttribute(f Filter) predicate {
	read := readerOf(f.ID)
	numbers := make([]decimal, 0, len(f.Values))
	var texts []Value
	for _, v := range f.Values {
		if v.Kind == NumberValue {
			d, _ := parseDecimal(v.Text)
			numbers = append(numbers, d)
		} else {
			texts = append(texts, v)
		}
	}
	if f.Operator == Exists || f.Operator == Prefix || len(numbers) == 0 {
		return compileText(f, read)
	}
	if f.Operator.ordered() {
		return compileOrdered(f.Operator, read, numbers)
	}
	isText := matchTexts(texts)
	matches := func(s string) bool {
		if len(texts) > 0 && isText(s) {
			return true
		}
		d, ok := parseDecimal(s)
		return ok && slices.ContainsFunc(numbers, func(n decimal) bool { return d.compare(n) == 0 })
	}
	negated := f.Operator == Ne || f.Operator == Nin
	return func(p *payment.Facts) bool { s, ok := read(p); return ok && matches(s) != negated }
}

func compileOrdered(op Operator, read reader, values []decimal) predicate {
	first, last := values[0], values[len(values)-1]
	number := func(p *payment.Facts) (decimal, bool) {
		s, ok := read(p)
		if !ok {
			return decimal{}, false
		}
		return parseDecimal(s)
	}
	switch op {
	case Gt:
		return func(p *payment.Facts) bool { d, ok := number(p); return ok && d.compare(first) > 0 }
	case Gte:
		return func(p *payment.Facts) bool { d, ok := number(p); return ok && d.compare(first) >= 0 }
	case Lt:
		return func(p *payment.Facts) bool { d, ok := number(p); return ok && d.compare(first) < 0 }
	case Lte:
		return func(p *payment.Facts) bool { d, ok := number(p); return ok && d.compare(first) <= 0 }
	default: // Between
		return func(p *payment.Facts) bool {
			d, ok := number(p)
			return ok && d.compare(first) >= 0 && d.compare(last) <= 0
		}
	}
}
