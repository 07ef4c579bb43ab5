package mission

import (
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/timezone"
)

// maxReached is how many values the filters of one field may have for reach to look at them: what is not looked at is
// accepted.
const maxReached = MaxValues + MaxFilters

// reach refuses filters that no payment can pass, and goals that what passes cannot reach. It refuses only what is
// certain: whether a mission is likely to be won is its author's business. The filters must be valid.
func (v *validator) reach() {
	if _, end, err := v.m.Bounds(); v.m.Window.Kind == WindowFixed && err == nil && end <= instant.Earliest {
		v.add("/window/to", problem.InvalidField,
			"cannot be reached: it is before the year 2000, and payments of that time are refused")
		return
	}
	var single []int
	for i, f := range v.m.Filters {
		if f.IsGroup() {
			continue
		}
		single = append(single, i)
		if detail := v.excluded(single); detail != "" {
			v.add("/filters/"+strconv.Itoa(i), problem.InvalidFilter, "cannot be reached: "+detail)
			return
		}
	}
	for i, f := range v.m.Filters {
		if f.IsGroup() && !v.anyPasses(single, f.Any) {
			v.add("/filters/"+strconv.Itoa(i)+"/any", problem.InvalidFilter,
				"cannot be reached: no payment passes any of these and the other filters")
			return
		}
	}
	v.differentValues(single)
}

// excluded says why no payment passes the last of these filters and the others, empty if one may.
func (v *validator) excluded(single []int) string {
	last := single[len(single)-1]
	added := v.m.Filters[last]
	if v.passes([]Filter{added}) {
		for _, i := range single[:len(single)-1] {
			if f := v.m.Filters[i]; f.ID == added.ID && !v.passes([]Filter{f, added}) {
				return "no payment passes this filter and /filters/" + strconv.Itoa(i)
			}
		}
		if !v.passes(v.of(single, added.ID)) {
			return "no payment passes all filters on " + added.ID
		}
		return ""
	}
	if only, ok := v.only(added.ID); ok {
		return added.ID + " is " + only + " in every payment that this mission counts"
	}
	if added.ID == "created_at" {
		return "no payment within the window passes this filter"
	}
	return "no payment passes this filter"
}

// of returns those of the filters that are on a field.
func (v *validator) of(single []int, id string) []Filter {
	var out []Filter
	for _, i := range single {
		if f := v.m.Filters[i]; f.ID == id {
			out = append(out, f)
		}
	}
	return out
}

// anyPasses tells whether a payment may pass one of the alternatives, and the single filters on its field.
func (v *validator) anyPasses(single []int, alternatives []Filter) bool {
	for _, f := range alternatives {
		if v.passes(append(v.of(single, f.ID), f)) {
			return true
		}
	}
	return false
}

// passes tells whether a payment may pass all of these filters, which are on one field.
func (v *validator) passes(filters []Filter) bool {
	candidates, sure := v.candidates(filters)
	return !sure || len(passing(filters, candidates)) > 0
}

// passing returns which payments pass all of these filters.
func passing(filters []Filter, candidates []payment.Facts) []payment.Facts {
	predicates := compileFilters(filters)
	var out []payment.Facts
next:
	for _, f := range candidates {
		for _, holds := range predicates {
			if !holds(&f) {
				continue next
			}
		}
		out = append(out, f)
	}
	return out
}

// candidates returns payments of which one passes all filters if any payment does; false if there are too many to say
// so.
func (v *validator) candidates(filters []Filter) ([]payment.Facts, bool) {
	count := 0
	for _, f := range filters {
		count += len(f.Values)
	}
	field := fieldOf(filters[0].ID)
	if count > maxReached {
		return nil, false
	}
	if _, ok := v.only(field.id); ok {
		return []payment.Facts{{Currency: v.m.Currency}}, true
	}
	if field.number != nil {
		return v.numbers(field, filters), true
	}
	if field.kind == attributeField && !plainTexts(filters) {
		return nil, false
	}
	return samples(field, filters), true
}

// plainTexts tells whether filters compare texts alone: as numbers, many texts are one value.
func plainTexts(filters []Filter) bool {
	return !slices.ContainsFunc(filters, func(f Filter) bool { return hasNumber(f.Values) })
}

// only returns the value that a field has in every payment that the mission counts, false if there are several.
func (v *validator) only(id string) (string, bool) {
	if field := fieldOf(id); field.one {
		return field.text(&payment.Facts{Currency: v.m.Currency})
	}
	return "", false
}

// numbers returns payments with the ends of what a field can be, and with each value and its neighbours: where some
// number passes all filters, the lowest that does is among them.
func (v *validator) numbers(field field, filters []Filter) []payment.Facts {
	low, high := int64(1), int64(money.Max)
	if field.kind == timeField {
		low, high = int64(forever().start), int64(forever().end)
		if start, end, err := v.m.Bounds(); err == nil && v.m.Window.Kind == WindowFixed {
			low, high = int64(start), int64(end)-1
		}
	}
	var out []payment.Facts
	add := func(n int64) {
		if n >= low && n <= high {
			f := payment.Facts{}
			field.sample(&f, "", n)
			out = append(out, f)
		}
	}
	add(low)
	add(high)
	for _, f := range filters {
		for _, value := range f.Values {
			n, err := strconv.ParseInt(value.Text, 10, 64)
			if field.kind == timeField {
				n, err = timeOf(value), nil
			}
			if err == nil {
				add(n)
				add(n + 1)
			}
		}
	}
	return out
}

// samples returns a payment without the field, and payments with each text, with each text and more, and with another
// one.
func samples(field field, filters []Filter) []payment.Facts {
	longest := 0
	for _, f := range filters {
		for _, value := range f.Values {
			longest = max(longest, len(value.Text))
		}
	}
	out := []payment.Facts{{}}
	add := func(s string) {
		f := payment.Facts{}
		field.sample(&f, s, 0)
		out = append(out, f)
	}
	more := strings.Repeat("x", longest+1)
	add(more)
	for _, f := range filters {
		for _, value := range f.Values {
			add(value.Text)
			if f.Operator == Prefix {
				add(value.Text + more)
			}
		}
	}
	return out
}

// differentValues refuses a goal of more different values than the filters let through.
func (v *validator) differentValues(single []int) {
	id := v.m.Goal.Field
	filters := v.of(single, id)
	if len(filters) == 0 || !metricOf(v.m.Goal.Metric).field {
		return
	}
	bounded := false
	for _, f := range filters {
		bounded = bounded || f.Operator.equality()
	}
	candidates, sure := v.candidates(filters)
	if !bounded || !sure {
		return
	}
	read := fieldOf(id).text
	values := map[string]bool{}
	for _, f := range passing(filters, candidates) {
		if s, ok := read(&f); ok {
			values[s] = true
		}
	}
	if n := int64(len(values)); n < v.m.Goal.Target {
		v.add("/goal/target", problem.InvalidField, "cannot be reached: the filters let "+
			counted(n, "value", "different values")+" of "+id+" through")
	}
}

// mostLocalDays returns how many local days a window touches at most.
func mostLocalDays(m *Mission) int64 {
	const (
		day = secondsPerDay * 1000
		// by which clocks go forward in summer at most; whole days that are skipped are no days
		shift = 2 * 60 * 60 * 1000
	)
	switch m.Window.Kind {
	case WindowRecurring:
		if r, ok := recurrenceOf(m.Window.Every); ok {
			return r.days
		}
	case WindowPerUser:
		if length := m.Window.Duration.Milliseconds(); length > 0 {
			return min(MaxDays, 1+(length-1+shift+day-1)/day)
		}
	case WindowFixed:
		zone, zoneErr := timezone.Load(m.TimeZone)
		start, end, err := m.Bounds()
		if zoneErr == nil && err == nil && start < end {
			k := calendar{zone}
			return min(MaxDays, k.day(end-instant.Milli(1))-k.day(start)+1)
		}
	}
	return MaxDays
}
