package mission

import (
	"cmp"
	"slices"
	"strconv"

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
	field := fieldOf(f.ID)
	op, _ := operatorOf(f.Operator)
	switch field.kind {
	case moneyField:
		return compileNumber(op, f.Values, field.number, func(v Value) int64 {
			minor, _ := strconv.ParseInt(v.Text, 10, 64)
			return minor
		})
	case timeField:
		return compileNumber(op, f.Values, field.number, timeOf)
	case attributeField:
		return compileAttribute(op, f.Values, field.text)
	default:
		return compileText(op, f.Values, field.text)
	}
}

// compileNumber serves the integer fields, which every payment has.
func compileNumber(op operator, values []Value, read func(*payment.Facts) int64, parse func(Value) int64) predicate {
	if op.presence {
		want := values[0].Text == "true"
		return func(*payment.Facts) bool { return want }
	}
	numbers := make([]int64, len(values))
	for i, v := range values {
		numbers[i] = parse(v)
	}
	if holds := op.ordered; holds != nil {
		first, last := numbers[0], numbers[len(numbers)-1]
		return func(p *payment.Facts) bool {
			n := read(p)
			return holds(cmp.Compare(n, first), cmp.Compare(n, last))
		}
	}
	not := op.not
	return func(p *payment.Facts) bool { return slices.Contains(numbers, read(p)) != not }
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

func compileText(op operator, values []Value, read reader) predicate {
	if op.presence {
		want := values[0].Text == "true"
		return func(p *payment.Facts) bool { _, ok := read(p); return ok == want }
	}
	if match := op.text; match != nil {
		return func(p *payment.Facts) bool {
			s, ok := read(p)
			return ok && slices.ContainsFunc(values, func(v Value) bool { return match(s, v.Text) })
		}
	}
	matches, not := matchTexts(values), op.not // the ordered operators do not fit texts
	return func(p *payment.Facts) bool { s, ok := read(p); return ok && matches(s) != not }
}

// compileAttribute compares as numbers where the value is a number, else as text. An attribute that is no number fails
// the ordered operators.
func compileAttribute(op operator, values []Value, read reader) predicate {
	numbers := make([]decimal, 0, len(values))
	var texts []Value
	for _, v := range values {
		if v.Kind == NumberValue {
			d, _ := parseDecimal(v.Text)
			numbers = append(numbers, d)
		} else {
			texts = append(texts, v)
		}
	}
	if op.presence || op.text != nil || len(numbers) == 0 {
		return compileText(op, values, read)
	}
	if op.ordered != nil {
		return compileOrdered(op, numbers, read)
	}
	isText := matchTexts(texts)
	matches := func(s string) bool {
		if len(texts) > 0 && isText(s) {
			return true
		}
		d, ok := parseDecimal(s)
		return ok && slices.ContainsFunc(numbers, func(n decimal) bool { return d.compare(n) == 0 })
	}
	not := op.not
	return func(p *payment.Facts) bool { s, ok := read(p); return ok && matches(s) != not }
}

func compileOrdered(op operator, values []decimal, read reader) predicate {
	first, last, holds := values[0], values[len(values)-1], op.ordered
	return func(p *payment.Facts) bool {
		s, ok := read(p)
		if !ok {
			return false
		}
		d, ok := parseDecimal(s)
		return ok && holds(d.compare(first), d.compare(last))
	}
}
