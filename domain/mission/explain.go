package mission

import (
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Condition names what a payment must meet to count, in the order in which Judge asks.
type Condition string

// The conditions. Each but the filters has one check; a reason of the contract stands for each.
const (
	ofCurrency Condition = "currency"
	inBounds   Condition = "window" // the mission's, up to its end
	running    Condition = "pauses"
	byFilter   Condition = "filter"
	withValue  Condition = "value" // of distinct: the payment has the field
	inRollout  Condition = "rollout"
	inSegments Condition = "segments"
	isEnrolled Condition = "enrolment"
	inWindow   Condition = "user_window" // the one around the payment, or the user's own
	inTime     Condition = "horizon"     // not forgotten before the mission was known
	isSettled  Condition = "net"
)

// AllConditions returns every condition, in the order in which Judge asks.
func AllConditions() []Condition {
	return []Condition{
		ofCurrency, inBounds, running, byFilter, withValue, inRollout, inSegments, isEnrolled, inWindow, inTime,
		isSettled,
	}
}

// Check is one condition and how a payment meets it. Wanted and Actual are for people; Actual may hold the payment's
// own values.
type Check struct {
	Condition Condition
	Pointer   string // into the definition; empty where no part of it is meant
	Passed    bool
	Wanted    string
	Actual    string
	Missing   bool    // the payment does not have the field
	Any       []Check // of a group of filters: its members
}

// Explanation tells why a payment counted for a user's mission, or did not.
type Explanation struct {
	Version      int64
	Reason       Reason
	Contribution int64
	// Exact: the payment is among those that the row remembers, so this is what the row was counted by. Otherwise it is
	// what the rules say of it now; it may have been judged by earlier pauses or an earlier end.
	Exact  bool
	Checks []Check
}

// Explain tells why a payment of a user counts or does not, with net minor units of it left: what Judge says, and every
// condition for itself. The row may be nil and should have met the missions (Touch); f.UserID must be set.
func (p *Plan) Explain(row *UserRow, f *payment.Facts, net int64) Explanation {
	s := row.State(p.ID())
	if row != nil {
		if i, ok := findRecent(row.Recent, markOf(f)); ok {
			remembered := row.Recent[i].Facts
			remembered.UserID = f.UserID
			f, net = &remembered, row.Recent[i].Net
		}
	}
	c, reason := p.Judge(row, f, net)
	e := Explanation{Version: c.Number(), Reason: reason}
	if reason == Counted {
		e.Contribution = c.Contribution(net)
	}
	var sets []SegmentSet
	if row != nil {
		sets = row.Segments
		_, e.Exact = findRecent(row.Recent, markOf(f))
	}
	e.Checks = append(c.explainFacts(f), c.explainUser(p, row, s, sets, f)...)
	e.Checks = append(e.Checks, Check{Condition: isSettled, Passed: net > 0, Wanted: "something of it is left",
		Actual: payment.FormatMoney(net, f.Currency)})
	return e
}

// explainFacts checks what the payment itself must meet.
func (c *Compiled) explainFacts(f *payment.Facts) []Check {
	m := &c.mission
	checks := []Check{
		{Condition: ofCurrency, Pointer: "/currency", Passed: f.Currency == m.Currency, Wanted: m.Currency,
			Actual: f.Currency},
		{Condition: inBounds, Pointer: "/window", Passed: c.bounds.contains(f.CreatedAt), Wanted: c.bounds.phrase(),
			Actual: f.CreatedAt.String()},
	}
	paused := Check{Condition: running, Passed: true, Wanted: "not while it is paused", Actual: f.CreatedAt.String()}
	for _, pause := range c.pauses {
		if pause.Contains(f.CreatedAt) {
			paused.Passed = false
			paused.Wanted = "not in the pause " + pause.phrase()
		}
	}
	checks = append(append(checks, paused), explainFilters(m.Filters, "/filters", m.Currency, f)...)
	if c.value != nil {
		value, ok := c.value(f)
		checks = append(checks, Check{Condition: withValue, Pointer: "/goal/field", Passed: ok, Wanted: "has " +
			article(fieldName(m.Goal.Field)), Actual: value, Missing: !ok})
	}
	return append(checks, Check{
		Condition: inRollout, Pointer: "/audience/rollout_percent", Passed: c.includes(f.UserID),
		Wanted: "the user is among " + strconv.FormatInt(m.Audience.RolloutPercent, 10) + " %",
	})
}

func explainFilters(filters []Filter, pointer, currency string, f *payment.Facts) []Check {
	checks := make([]Check, len(filters))
	for i, filter := range filters {
		at := pointer + "/" + strconv.Itoa(i)
		check := Check{Condition: byFilter, Pointer: at, Passed: compileFilters(filters[i : i+1])[0](f),
			Wanted: phrase(filter, currency)}
		if filter.IsGroup() {
			check.Any = explainFilters(filter.Any, at+"/any", currency, f)
		} else {
			check.Actual, check.Missing = shownField(filter.ID, f)
		}
		checks[i] = check
	}
	return checks
}

// shownField returns the value of a field that filters look at, as text.
func shownField(id string, f *payment.Facts) (text string, missing bool) {
	switch field := fieldOf(id); field.kind {
	case moneyField:
		return payment.FormatMoney(field.number(f), f.Currency), false
	case timeField:
		return instant.Milli(field.number(f)).String(), false
	default:
		text, ok := field.text(f)
		return text, !ok
	}
}

// explainUser checks what the user did, and when.
func (c *Compiled) explainUser(p *Plan, row *UserRow, s *State, sets []SegmentSet, f *payment.Facts) []Check {
	segments := segmentsAt(sets, f.CreatedAt)
	wanted := "any segment"
	if names := c.mission.Audience.Segments; len(names) > 0 {
		wanted = "in " + either(names)
	}
	enrolled := Check{Condition: isEnrolled, Pointer: "/enrolment", Passed: p.enrolled(c, s, f.CreatedAt),
		Wanted: "enrolled when it was made", Actual: "not enrolled"}
	if s.In() {
		enrolled.Actual = "enrolled since " + s.EnrolledAt.String()
	}
	window := Check{Condition: inWindow, Pointer: "/window", Wanted: "the user's window has begun"}
	if w, begun := c.windowAt(f.CreatedAt, s); begun {
		window.Passed, window.Wanted, window.Actual = w.contains(f.CreatedAt), w.phrase(), f.CreatedAt.String()
	}
	known := Check{Condition: inTime, Passed: true, Wanted: "known before it was forgotten"}
	if s.In() {
		known.Passed = !row.lost(s, f) && (!window.Passed || !c.isCut(s, f))
	}
	return []Check{
		{Condition: inSegments, Pointer: "/audience/segments", Passed: c.invites(segments), Wanted: wanted,
			Actual: strings.Join(segments, ", ")}, enrolled, window, known,
	}
}

// isCut tells whether the window of a payment is no longer kept.
func (c *Compiled) isCut(s *State, f *payment.Facts) bool {
	w, begun := c.windowAt(f.CreatedAt, s)
	return begun && w.start < s.Cut
}

func (i Interval) phrase() string {
	if i.To == 0 {
		return "since " + i.From.String()
	}
	return i.From.String() + " to " + i.To.String()
}

// phrase tells a span in words; one without a begin or an end says so.
func (s span) phrase() string {
	open := forever()
	switch {
	case s == open:
		return "at any time"
	case s.start == open.start:
		return "before " + s.end.String()
	case s.end == open.end:
		return "from " + s.start.String()
	}
	return s.start.String() + " to " + s.end.String()
}

// Paid returns a payment that the row remembers, with what is left of it.
func (row *UserRow) Paid(user, transaction string) (f payment.Facts, net int64, ok bool) {
	if row == nil {
		return f, 0, false
	}
	for _, r := range row.Recent {
		if r.TransactionID == transaction {
			f = r.Facts
			f.UserID = user
			return f, r.Net, true
		}
	}
	return f, 0, false
}

// Awaits tells whether a payment made at t may still reach the row as one that it remembers: it is later than all that
// was forgotten.
func (row *UserRow) Awaits(f *payment.Facts) bool {
	return row == nil || markOf(f).compare(row.Frontier) > 0
}
