package mission

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/payment"
)

// What no payment can pass, or no user can reach, is refused where it is written; what was accepted once stays.
func TestMissionsThatNobodyCanReach(t *testing.T) {
	streak := func(target int64, w Window) func(*Mission) {
		return func(m *Mission) { m.Goal, m.Window, m.Filters = Goal{Metric: MetricStreak, Target: target}, w, nil }
	}
	perUser := func(d time.Duration) Window {
		return Window{Kind: WindowPerUser, Duration: d, Start: startEnrolment}
	}
	different := func(target int64, list ...Filter) func(*Mission) {
		return func(m *Mission) {
			m.Goal, m.Filters = Goal{Metric: MetricDistinct, Field: "merchant", Target: target}, list
		}
	}
	for _, tt := range []struct {
		name   string
		change func(*Mission)
		want   string // pointer, and a part of what is said
	}{
		{"failed payments", filters(where("status", Eq, text("failed"))), "/filters/0 status is success in every payment"},
		{"several failures", filters(where("status", In, text("failed"), text("pending"))), "/filters/0 status is success"},
		{"not successful", filters(where("status", Ne, text("success"))), "/filters/0 status is success"},
		{"failed or not", filters(where("status", In, text("failed"), text("success"))), ""},
		{"refunds", filters(where("type", Eq, text("refund"))), "/filters/0 type is payment"},
		{"payments", filters(where("type", Eq, text("payment"))), ""},
		{"other currency", filters(where("currency", Eq, text("USD"))), "/filters/0 currency is INR"},
		{"its currency", filters(where("currency", Eq, text("inr"))), ""},
		{"amounts", filters(where("amount", Gte, num("500")), where("amount", Lte, num("100"))), "/filters/1 passes this filter and /filters/0"},
		{"amounts apart", filters(where("amount", Gt, num("500")), where("mode", Eq, text("upi")), where("amount", Lt, num("501"))), "/filters/2 passes this filter and /filters/0"},
		{"one amount", filters(where("amount", Gte, num("500")), where("amount", Lte, num("500"))), ""},
		{"an amount between", filters(where("amount", Gt, num("500")), where("amount", Lt, num("502"))), ""},
		{"one amount, and not", filters(where("amount", Gte, num("500")), where("amount", Lte, num("500")), where("amount", Ne, num("500"))), "/filters/2 all filters on amount"},
		{"no amount", filters(where("amount", Lt, num("1"))), "/filters/0 no payment passes this filter"},
		{"more than any", filters(where("amount", Gt, num("1125899906842624"))), "/filters/0 no payment passes this filter"},
		{"a payment without", filters(where("amount", Exists, boolean("false"))), "/filters/0 no payment passes this filter"},
		{"eq and ne", filters(where("merchant", Eq, text("a")), where("merchant", Ne, text("A"))), "/filters/1 passes this filter and /filters/0"},
		{"eq and ne of an attribute", filters(where("attributes.x", Eq, text("a")), where("attributes.x", Ne, text("a"))), "/filters/1 passes"},
		{"eq and another ne", filters(where("merchant", Eq, text("a")), where("merchant", Ne, text("b"))), ""},
		{"two merchants at once", filters(where("merchant", Eq, text("a")), where("merchant", Eq, text("b"))), "/filters/1 passes"},
		{"prefixes", filters(where("merchant", Prefix, text("ab")), where("merchant", Prefix, text("a")), where("merchant", Ne, text("ab"))), ""},
		{"prefixes apart", filters(where("merchant", Prefix, text("ab")), where("merchant", Prefix, text("b"))), "/filters/1 passes"},
		{"there and not", filters(where("merchant", Exists, boolean("false")), where("merchant", Ne, text("b"))), "/filters/1 passes"},
		{"numbers of attributes", filters(where("attributes.x", Eq, num("42")), where("attributes.x", Ne, text("42"))), ""},
		{"unknown is no mode", filters(where("mode", Eq, text("unknown"))), "/filters/0 no payment passes this filter"},
		{"created before", filters(where("created_at", Lt, text("2026-02-01T00:00:00Z"))), "/filters/0 no payment within the window"},
		{"created within", filters(where("created_at", Lt, text("2026-03-02T00:00:00Z"))), ""},
		{"a group", filters(Filter{Any: []Filter{where("status", Eq, text("failed")), where("type", Eq, text("refund"))}}), "/filters/0/any any of these"},
		{"a group and others", filters(where("amount", Gte, num("500")), Filter{Any: []Filter{where("amount", Lt, num("500"))}}), "/filters/1/any any of these"},
		{"half a group", filters(Filter{Any: []Filter{where("status", Eq, text("failed")), where("mode", Eq, text("upi"))}}), ""},
		{"three of two merchants", different(3, where("merchant", In, text("a"), text("b"), text("a"))), "/goal/target let 2 different values of merchant"},
		{"two of two merchants", different(2, where("merchant", In, text("a"), text("b"))), ""},
		{"three but two", different(3, where("merchant", Ne, text("a"))), ""},
		{"the last millennium", func(m *Mission) { m.Window.From, m.Window.To = "1926-03-01", "1926-03-08" }, "/window/to before the year 2000"},
		{"its last day", func(m *Mission) { m.Window.From, m.Window.To, m.TimeZone = "1999-12-31", "2000-01-01", "UTC" }, "/window/to before the year 2000"},
		{"the first of this", func(m *Mission) { m.Window.From, m.Window.To, m.TimeZone = "1999-12-31", "2000-01-02", "UTC" }, ""},
		{"a year far ahead", func(m *Mission) { m.Window.From, m.Window.To = "2062-03-01", "2062-03-08" }, ""},
		{"streak of a week", streak(7, Window{Kind: WindowFixed, From: "2026-03-01", To: "2026-03-08"}), ""},
		{"streak beyond a week", streak(8, Window{Kind: WindowFixed, From: "2026-03-01", To: "2026-03-08"}), "/goal/target at most 7"},
		{"streak of parts of days", streak(2, Window{Kind: WindowFixed, From: "2026-03-01T23:00", To: "2026-03-02T01:00"}), ""},
		{"streak of two days", streak(2, perUser(time.Hour)), ""},
		{"streak of a user", streak(3, perUser(time.Hour)), "/goal/target at most 2"},
		{"streak of a user's week", streak(8, perUser(7*24*time.Hour)), ""},
		{"streak beyond a user's week", streak(10, perUser(7*24*time.Hour)), "/goal/target at most 9"},
	} {
		m := swiggy()
		tt.change(&m)
		m = Normalize(m)
		got := ""
		for _, p := range Validate(&m) {
			got += p.Pointer + " " + p.Detail + "\n"
		}
		pointer, part, _ := strings.Cut(tt.want, " ")
		if tt.want == "" && got != "" || !strings.HasPrefix(got, pointer) || !strings.Contains(got, part) || tt.want != "" && !strings.Contains(got, "cannot be reached") {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if got := validateStored(&m); got != nil {
			t.Errorf("%s: stored: %v", tt.name, got)
		}
	}
}

// No mission is refused that a payment of a small world counts for, and none is accepted that no payment there does and
// that names its values alone.
func TestReachIsCertain(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		amount := rapid.Custom(func(t *rapid.T) Filter {
			op := rapid.SampledFrom([]Operator{Eq, Ne, In, Nin, Gt, Gte, Lt, Lte}).Draw(t, "op")
			return where("amount", op, num(fmt.Sprint(rapid.IntRange(0, 6).Draw(t, "n"))))
		})
		merchant := rapid.Custom(func(t *rapid.T) Filter {
			op := rapid.SampledFrom([]Operator{Eq, Ne, In, Nin, Prefix}).Draw(t, "op")
			return where("merchant", op, text(rapid.SampledFrom([]string{"a", "ab", "b", "abc"}).Draw(t, "s")))
		})
		m := everything("m", MetricCount, 1)
		m.Filters = rapid.SliceOfN(rapid.OneOf(amount, merchant), 1, 5).Draw(t, "filters")
		if rapid.Bool().Draw(t, "grouped") {
			m.Filters = append(m.Filters, Filter{Any: rapid.SliceOfN(rapid.OneOf(amount, merchant), 1, 3).Draw(t, "group")})
		}
		m = Normalize(m)
		predicates, possible := compileFilters(m.Filters), false
		for n := range int64(9) {
			for _, name := range []string{payment.Unknown, "a", "ab", "abc", "b", "ax", "abx", "abcx", "bx", "x"} {
				f := payment.Facts{AmountMinor: n, Labels: payment.Labels{payment.Merchant: name}}
				passes := n > 0
				for _, holds := range predicates {
					passes = passes && holds(&f)
				}
				possible = possible || passes
			}
		}
		problems := Validate(&m)
		if possible && problems != nil || !possible && problems == nil && len(m.Filters) < 5 && !m.Filters[len(m.Filters)-1].IsGroup() {
			t.Fatalf("possible %t, %v", possible, problems)
		}
	})
}
