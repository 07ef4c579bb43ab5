package mission

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/payment"
)

func passes(checks []Check) bool {
	return !slices.ContainsFunc(checks, func(c Check) bool { return !c.Passed })
}

func failed(checks []Check) string {
	var names []string
	for _, c := range checks {
		if !c.Passed {
			names = append(names, string(c.Condition)+strings.TrimPrefix(c.Pointer, "/"+string(c.Condition)))
		}
	}
	return strings.Join(names, " ")
}

func TestExplainAgreesWithJudge(t *testing.T) {
	m := swiggy()
	m.Filters = append(m.Filters, Filter{Any: []Filter{where("mode", Eq, text("upi")), where("attributes.card", Exists, boolean("true"))}})
	m.Goal.PerEventCap = 15000
	h := NewHistory(m, at("2026-02-20T00:00:00Z")).WithStatus(Paused, at("2026-03-04T00:00:00Z")).WithStatus(Active, at("2026-03-05T00:00:00Z"))
	h = h.WithStatus(Ended, at("2026-03-06T00:00:00Z"))
	plan, problems := Compile(&h)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	missions := newSnapshot([]*Plan{plan})
	good := payment.Facts{
		TransactionID: "t", UserID: "u", AmountMinor: 20000, Currency: "INR", Mode: "upi", Labels: payment.Labels{payment.Merchant: "swiggy"}, CreatedAt: at("2026-03-02T10:00:00Z"),
	}
	for name, c := range map[string]struct {
		change func(*payment.Facts)
		net    int64
		reason Reason
		failed string
	}{
		"counts":        {func(*payment.Facts) {}, 18000, Counted, ""},
		"reversed":      {func(*payment.Facts) {}, 0, NotSettled, "net"},
		"currency":      {func(f *payment.Facts) { f.Currency = "USD" }, 20000, NotCurrency, "currency"},
		"too early":     {func(f *payment.Facts) { f.CreatedAt = at("2026-02-27T10:00:00Z") }, 20000, OutsideWindow, "window user_window/window"},
		"after its end": {func(f *payment.Facts) { f.CreatedAt = at("2026-03-06T10:00:00Z") }, 20000, OutsideWindow, "window"},
		"paused":        {func(f *payment.Facts) { f.CreatedAt = at("2026-03-04T10:00:00Z") }, 20000, NotActive, "pauses"},
		"small":         {func(f *payment.Facts) { f.AmountMinor = 9999 }, 9999, NotFilter, "filters/0"},
		"elsewhere":     {func(f *payment.Facts) { f.Labels[payment.Merchant] = "zomato" }, 20000, NotFilter, "filters/1"},
		"neither":       {func(f *payment.Facts) { f.Mode = "wallet" }, 20000, NotFilter, "filters/2"},
		"one of the two": {func(f *payment.Facts) {
			f.Mode, f.Attributes = "wallet", []payment.Attribute{{Key: "card", Value: "x"}}
		}, 20000, Counted, ""},
		"all at once": {func(f *payment.Facts) { f.Currency, f.Labels[payment.Merchant] = "USD", "" }, 0, NotCurrency, "currency filters/1 net"},
	} {
		f := good
		c.change(&f)
		first := good // brings the user into the mission
		first.TransactionID, first.CreatedAt = "t0", at("2026-03-01T10:00:00Z")
		row, _ := Apply(nil, &ledger.Posting{Facts: first, Kind: ledger.PaymentSettled, Seq: 1, NetAfter: 20000, At: first.CreatedAt}, missions, DefaultConfig())
		e := plan.Explain(row, &f, c.net)
		if e.Reason != c.reason || strings.ReplaceAll(failed(e.Checks), "filter/filters", "filters") != c.failed || e.Exact {
			t.Errorf("%s: %q, failed %q", name, e.Reason, failed(e.Checks))
		}
		if passes(e.Checks) != (e.Reason == Counted) {
			t.Errorf("%s: %q, but the checks say otherwise: %+v", name, e.Reason, e.Checks)
		}
		if want := min(c.net, 15000); e.Reason == Counted && e.Contribution != want {
			t.Errorf("%s: contribution %d", name, e.Contribution)
		}
	}
	nobody := good
	e := plan.Explain(nil, &nobody, 20000)
	if e.Reason != AfterHorizon || failed(e.Checks) != "enrolment" {
		t.Errorf("a payment that would have enrolled: %q %q", e.Reason, failed(e.Checks))
	}
}

// What the row remembers is judged as the row has it, whatever the caller says of it.
func TestExplainOfARememberedPayment(t *testing.T) {
	plan := compiled(t, swiggy())
	missions := newSnapshot([]*Plan{plan})
	f := payment.Facts{TransactionID: "t", UserID: "u", AmountMinor: 20000, Currency: "INR", Labels: payment.Labels{payment.Merchant: "swiggy"}, CreatedAt: at("2026-03-02T10:00:00Z")}
	row, _ := Apply(nil, &ledger.Posting{Facts: f, Kind: ledger.PaymentSettled, Seq: 1, NetAfter: 12000, At: f.CreatedAt}, missions, DefaultConfig())
	e := plan.Explain(row, &f, 0)
	if !e.Exact || e.Reason != Counted || e.Contribution != 12000 || !passes(e.Checks) {
		t.Errorf("%+v", e)
	}
	if got, net, ok := row.Paid("u", "t"); !ok || net != 12000 || got.UserID != "u" || got.Labels[payment.Merchant] != "swiggy" {
		t.Errorf("%+v %d %v", got, net, ok)
	}
	for _, c := range e.Checks {
		if c.Pointer == "/filters/0" && (c.Wanted != "of at least ₹100.00" || c.Actual != "₹200.00") {
			t.Errorf("%+v", c)
		}
	}
	later := f
	later.TransactionID, later.CreatedAt = "t2", f.CreatedAt.Add(72*time.Hour)
	row, _ = Apply(row, &ledger.Posting{Facts: later, Kind: ledger.PaymentSettled, Seq: 1, NetAfter: 1, At: later.CreatedAt}, missions, DefaultConfig())
	if e := plan.Explain(row, &f, 12000); e.Exact || e.Reason != Counted || row.Awaits(&f) {
		t.Errorf("once it is forgotten: %+v", e)
	}
}

func TestExplainOfWhatTheUserDid(t *testing.T) {
	m := swiggy()
	m.Enrolment, m.Audience.Segments = OptIn, []string{"vip"}
	m.Window = Window{Kind: WindowPerUser, Duration: time.Hour, Start: startEnrolment}
	plan := compiled(t, m)
	missions := newSnapshot([]*Plan{plan})
	f := payment.Facts{TransactionID: "t", UserID: "u", AmountMinor: 20000, Currency: "INR", Labels: payment.Labels{payment.Merchant: "swiggy"}, CreatedAt: at("2026-03-02T10:00:00Z")}
	want := func(row *UserRow, reason Reason, names string) {
		t.Helper()
		if e := plan.Explain(row, &f, 20000); e.Reason != reason || failed(e.Checks) != names {
			t.Errorf("%q, failed %q; want %q %q", e.Reason, failed(e.Checks), reason, names)
		}
	}
	want(nil, NotAudience, "segments/audience/segments enrolment user_window/window")
	row, _ := ApplySegments(nil, &Segments{ID: "s", UserID: "u", Segments: []string{"vip"}, At: at("2026-03-01T00:00:00Z")}, missions, DefaultConfig())
	want(row, NotEnrolled, "enrolment user_window/window")
	in, _ := ApplyEnrolment(row, &Enrolment{ID: "e", Op: Enrol, UserID: "u", Mission: m.ID, At: at("2026-03-02T09:30:00Z")}, missions, DefaultConfig())
	want(in, Counted, "")
	in, _ = ApplyEnrolment(row, &Enrolment{ID: "e", Op: Enrol, UserID: "u", Mission: m.ID, At: at("2026-03-02T08:30:00Z")}, missions, DefaultConfig())
	want(in, OutsideWindow, "user_window/window")
}
