package mission

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

// tale is one user's row with what became of it.
type tale struct {
	t    *testing.T
	s    *Snapshot
	row  *UserRow
	told []string
}

func (x *tale) apply(row *UserRow, effects []Effect) {
	x.row = row
	for _, e := range effects {
		switch e := e.(type) {
		case *Outcome:
			x.told = append(x.told, fmt.Sprintf("%s %d v%d of %s", e.Kind, e.Iteration, e.Version, e.WindowStart))
		case Forgotten:
			x.told = append(x.told, "after horizon")
		case Answered:
			line := string(e.Result)
			for _, p := range e.Problems {
				line += " " + p.Code
			}
			x.told = append(x.told, line)
		case Duplicate:
			x.told = append(x.told, "duplicate")
		}
	}
}

func (x *tale) pays(id, created string) {
	x.apply(Apply(x.row, settled(facts(id, 100, created)), x.s, DefaultConfig()))
}

func (x *tale) enrol(op EnrolmentOp, when string) {
	e := &Enrolment{ID: fmt.Sprint(op, when), Op: op, UserID: "u1", Mission: "m", At: at(when)}
	x.apply(ApplyEnrolment(x.row, e, x.s, DefaultConfig()))
}

func (x *tale) isIn(when string, segments ...string) {
	s := &Segments{ID: "s" + when, UserID: "u1", Segments: segments, At: at(when)}
	x.apply(ApplySegments(x.row, s, x.s, DefaultConfig()))
}

// wants compares what was told since the last call.
func (x *tale) wants(lines ...string) {
	x.t.Helper()
	if diff := cmp.Diff(strings.Join(lines, "\n"), strings.Join(x.told, "\n")); diff != "" {
		x.t.Error(diff)
	}
	x.told = nil
}

func (x *tale) sees(progress int64, enrolled bool) {
	x.t.Helper()
	v, ok := ViewOf(x.row, "u1", "m", x.s, at("2026-03-31T00:00:00Z"), DefaultConfig())
	if !ok || v.Progress != progress || v.Enrolled != enrolled {
		x.t.Errorf("seen %v, progress %d, enrolled %v", ok, v.Progress, v.Enrolled)
	}
}

func (x *tale) reasons(want ...Reason) {
	x.t.Helper()
	p, _ := x.s.Find("m")
	var got []Reason
	for _, c := range contributions(x.row, "u1", p) {
		got = append(got, c.Reason)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		x.t.Error(diff)
	}
}

func optIn() Mission {
	m := everything("m", MetricCount, 2)
	m.Enrolment = OptIn
	return m
}

func TestOptIn(t *testing.T) {
	x := &tale{t: t, s: snapshot(t, optIn())}
	x.pays("before", "2026-03-02T09:00:00Z")
	x.pays("after", "2026-03-02T11:00:00Z")
	x.sees(0, false)
	x.reasons(NotEnrolled, NotEnrolled)
	x.enrol(Withdraw, "2026-03-02T08:00:00Z")
	x.wants("unchanged")
	x.enrol(Enrol, "2026-03-02T10:00:00Z")
	x.wants("applied") // to what was paid since
	x.sees(1, true)
	x.reasons(Counted, NotEnrolled)
	x.enrol(Enrol, "2026-03-02T10:30:00Z")
	x.enrol(Enrol, "2026-03-02T10:00:00Z")
	x.wants("unchanged", "duplicate")
	x.pays("next", "2026-03-02T12:00:00Z")
	x.wants("completed 1 v1 of 2026-03-01T00:00:00.000Z")
	x.enrol(Withdraw, "2026-03-02T12:00:00Z")
	x.wants("applied", "revoked 1 v1 of 2026-03-01T00:00:00.000Z")
	x.sees(1, false)
	x.pays("out", "2026-03-02T13:00:00Z")
	x.sees(1, false)
	x.enrol(Enrol, "2026-03-02T14:00:00Z")
	x.pays("in again", "2026-03-02T14:00:00Z")
	x.wants("applied", "completed 1 v1 of 2026-03-01T00:00:00.000Z")
	x.sees(2, true)
}

// An enrolment that arrives after payments were forgotten does not bring them back, nor their reversals.
func TestEnrolmentAfterTheHorizon(t *testing.T) {
	x := &tale{t: t, s: snapshot(t, optIn())}
	old := settled(facts("old", 100, "2026-03-02T11:00:00Z"))
	x.apply(Apply(x.row, old, x.s, DefaultConfig()))
	x.pays("new", "2026-03-05T11:00:00Z")
	x.enrol(Enrol, "2026-03-02T10:00:00Z")
	x.sees(1, true)
	x.apply(Apply(x.row, moved(old, 0), x.s, DefaultConfig()))
	x.wants("applied", "after horizon")
	x.sees(1, true)
	p, _ := x.s.Find("m")
	if _, reason := p.Judge(x.row, &old.Facts, 100); reason != AfterHorizon {
		t.Errorf("reason %q", reason)
	}
	x.pays("late", "2026-03-02T12:00:00Z") // arrives only now
	x.wants("completed 1 v1 of 2026-03-01T00:00:00.000Z")
}

func TestVerdictsOnEnrolments(t *testing.T) {
	ended, hidden, draft := optIn(), optIn(), optIn()
	ended.ID, hidden.ID, draft.ID = "ended", "hidden", "draft"
	hidden.Audience.Segments = []string{"vip"}
	draft.Status = Draft
	auto := everything("auto", MetricCount, 1)
	h := NewHistory(ended, 5).WithStatus(Ended, 6)
	p, _ := Compile(&h)
	d := NewHistory(draft, 5)
	q, _ := Compile(&d)
	s := newSnapshot([]*Plan{p, q, compiled(t, hidden), compiled(t, auto), compiled(t, optIn())})
	tests := []struct {
		op      EnrolmentOp
		mission string
		want    string
	}{
		{Enrol, "m", "applied"}, {Enrol, "nowhere", "refused not_found"}, {Enrol, "hidden", "refused not_found"}, {Enrol, "draft", "refused not_found"},
		{Enrol, "ended", "refused invalid_state"}, {Withdraw, "ended", "unchanged"}, {Enrol, "auto", "unchanged"},
		{Withdraw, "auto", "refused invalid_state"}, {"hop", "m", "refused invalid_field"},
	}
	x := &tale{t: t, s: s}
	for i, tt := range tests {
		e := &Enrolment{ID: fmt.Sprint(i), Op: tt.op, UserID: "u1", Mission: tt.mission, At: 7}
		x.apply(ApplyEnrolment(x.row, e, s, DefaultConfig()))
		x.wants(tt.want)
		if v, ok := x.row.Verdicts.Find(e.ID); !ok || v.At != 7 || (v.Result == verdict.Refused) != (len(v.Problems) > 0) {
			t.Errorf("%+v", v)
		}
	}
	x.isIn("2026-03-01T00:00:00Z", "a b")
	x.wants("refused invalid_field")
}

func versions(t *testing.T, first Mission, rest ...Mission) *Snapshot {
	t.Helper()
	h := NewHistory(first, at("2026-02-20T00:00:00Z"))
	for i, m := range rest {
		var problems any
		h, problems = h.WithVersion(m, at("2026-03-02T12:00:00Z").Add(time.Duration(i)*time.Hour), at("2026-03-02T11:00:00Z"), false)
		if fmt.Sprint(problems) != "" {
			t.Fatal(problems)
		}
	}
	p, problems := Compile(&h)
	if problems != nil {
		t.Fatal(problems)
	}
	return newSnapshot([]*Plan{p})
}

// The version is the one at the earliest payment that counts under the version of its time.
func TestAutomaticEnrolmentMoves(t *testing.T) {
	first, second := everything("m", MetricCount, 2), everything("m", MetricCount, 1)
	first.Filters = []Filter{where("merchant", Eq, text("swiggy"))}
	x := &tale{t: t, s: versions(t, first, second)}
	x.pays("b", "2026-03-02T13:00:00Z")
	x.wants("completed 1 v2 of 2026-03-01T00:00:00.000Z")
	p := settled(facts("zomato", 100, "2026-03-02T10:00:00Z"))
	p.Labels[payment.Merchant] = "zomato"
	x.apply(Apply(x.row, p, x.s, DefaultConfig())) // does not count in version 1
	x.sees(1, true)
	x.reasons(Counted, NotEnrolled)
	x.pays("a", "2026-03-02T11:00:00Z")
	x.wants("revoked 1 v2 of 2026-03-01T00:00:00.000Z", "completed 1 v1 of 2026-03-01T00:00:00.000Z")
	x.sees(2, true)
	x.reasons(Counted, Counted, NotFilter)
}

// Once a payment that counts is forgotten, the version stays, whatever comes.
func TestEnrolmentIsFixedBeyondTheHorizon(t *testing.T) {
	x := &tale{t: t, s: versions(t, everything("m", MetricCount, 2), everything("m", MetricCount, 3))}
	x.pays("b", "2026-03-02T13:00:00Z")
	x.pays("c", "2026-03-04T13:00:00Z")
	x.pays("a", "2026-03-02T11:00:00Z")
	x.wants("after horizon")
	if s := x.row.State("m"); s.Version != 2 || !s.Fixed {
		t.Errorf("%+v", s)
	}
	p, _ := x.s.Find("m")
	f := facts("a", 100, "2026-03-02T11:00:00Z")
	if c, reason := p.Judge(x.row, &f, 100); reason != AfterHorizon || c.Number() != 2 {
		t.Errorf("version %d, %q", c.Number(), reason)
	}
	x.pays("d", "2026-03-02T14:00:00Z") // late, but of its version
	x.wants("completed 1 v2 of 2026-03-01T00:00:00.000Z")
}

// A payment beyond the horizon may bring the user in; payments that are remembered, and were made since, count from
// then on.
func TestLateEnrolmentCountsWhatIsRemembered(t *testing.T) {
	asked := everything("m", MetricCount, 3)
	asked.Enrolment = OptIn
	x := &tale{t: t, s: versions(t, everything("m", MetricCount, 2), asked)}
	x.pays("b", "2026-03-04T13:00:00Z")
	x.wants()
	x.pays("a", "2026-03-02T11:00:00Z")
	x.wants("completed 1 v1 of 2026-03-01T00:00:00.000Z")
	x.sees(2, true)
	x.pays("c", "2026-03-06T13:00:00Z")
	x.pays("d", "2026-03-08T13:00:00Z")
	x.wants()
	x.sees(4, true)
}

// A version that is backdated takes over who came since then, as far as the row remembers.
func TestBackdatedVersions(t *testing.T) {
	h := NewHistory(everything("m", MetricCount, 2), at("2026-02-20T00:00:00Z"))
	later, problems := h.WithVersion(everything("m", MetricCount, 1), at("2026-03-02T10:00:00Z"), at("2026-03-02T12:00:00Z"), true)
	if problems != nil {
		t.Fatal(problems)
	}
	snap := func(h History) *Snapshot {
		p, _ := Compile(&h)
		return newSnapshot([]*Plan{p})
	}
	x := &tale{t: t, s: snap(h)}
	x.pays("a", "2026-03-02T11:00:00Z")
	x.s = snap(later)
	x.pays("b", "2026-03-02T12:00:00Z")
	x.wants("completed 1 v2 of 2026-03-01T00:00:00.000Z")
	x = &tale{t: t, s: snap(h)}
	x.pays("a", "2026-03-02T09:00:00Z")
	x.s = snap(later)
	x.pays("b", "2026-03-02T12:00:00Z")
	x.wants("completed 1 v1 of 2026-03-01T00:00:00.000Z")
}

func TestWindowsOfAUser(t *testing.T) {
	for _, start := range []string{"", startFirstPayment} { // by enrolment that is automatic, both are the first payment
		m := everything("m", MetricCount, 2)
		m.Window = Window{Kind: WindowPerUser, Duration: 2 * time.Hour, Start: start}
		x := &tale{t: t, s: snapshot(t, m)}
		x.pays("b", "2026-03-02T11:00:00Z")
		x.pays("c", "2026-03-02T13:00:00Z") // the end is excluded
		x.sees(1, true)
		x.pays("a", "2026-03-02T09:00:00.001Z") // the window begins and ends with it
		x.wants("completed 1 v1 of 2026-03-02T09:00:00.001Z")
		x.reasons(OutsideWindow, Counted, Counted)
		x.pays("next", "2026-03-04T11:00:00Z")
		x.pays("too late", "2026-03-02T08:00:00Z")
		x.wants("after horizon")
	}
	m := optIn()
	m.Window = Window{Kind: WindowPerUser, Duration: 2 * time.Hour}
	x := &tale{t: t, s: snapshot(t, m)}
	x.enrol(Enrol, "2026-03-02T09:00:00Z")
	x.pays("a", "2026-03-02T10:59:59.999Z")
	x.pays("b", "2026-03-02T11:00:00Z")
	x.sees(1, true)
	m.Window.Start = startFirstPayment
	x = &tale{t: t, s: snapshot(t, m)}
	x.enrol(Enrol, "2026-03-02T09:00:00Z")
	x.sees(0, true)
	if v, _ := ViewOf(x.row, "u1", "m", x.s, 5, DefaultConfig()); v.Start != 0 || v.End != 0 {
		t.Errorf("a window before the first payment: %+v", v)
	}
	x.pays("b", "2026-03-02T11:00:00Z")
	x.pays("c", "2026-03-02T12:59:59.999Z")
	x.wants("applied", "completed 1 v1 of 2026-03-02T11:00:00.000Z")
	x.pays("a", "2026-03-02T10:00:00Z")
	x.wants("revoked 1 v1 of 2026-03-02T11:00:00.000Z", "completed 1 v1 of 2026-03-02T10:00:00.000Z")
}

func TestRecurringWindows(t *testing.T) {
	m := everything("m", MetricCount, 2)
	m.Window, m.TimeZone = Window{Kind: WindowRecurring, Every: EveryDay}, "Asia/Kolkata"
	x := &tale{t: t, s: snapshot(t, m)}
	for _, when := range []string{"2026-03-02T18:29:59Z", "2026-03-02T18:30:00Z", "2026-03-02T18:31:00Z", "2026-03-02T00:00:00Z"} {
		x.pays("p"+when, when)
	}
	x.wants("completed 1 v1 of 2026-03-02T18:30:00.000Z", "completed 1 v1 of 2026-03-01T18:30:00.000Z")
	for when, want := range map[string]int64{"2026-03-02T18:29:59Z": 2, "2026-03-02T18:30:00Z": 2, "2026-03-03T18:30:00Z": 0} {
		v, _ := ViewOf(x.row, "u1", "m", x.s, at(when), DefaultConfig())
		if v.Progress != want || !v.Enrolled || v.End.Sub(v.Start) != 24*time.Hour || at(when) < v.Start || at(when) >= v.End {
			t.Errorf("at %s: %+v", when, v)
		}
	}
}

// Old windows are dropped; what was won in them stays, and nothing counts for them any more.
func TestWindowsBeyondTheBound(t *testing.T) {
	m := everything("m", MetricCount, 1)
	m.Window = Window{Kind: WindowRecurring, Every: EveryDay}
	x := &tale{t: t, s: snapshot(t, m)}
	begin := at("2026-03-02T12:00:00Z")
	for i := range MaxTallies + 5 {
		p := settled(facts(fmt.Sprint("t", i), 100, "2026-03-02T12:00:00Z"))
		p.CreatedAt = begin.Add(time.Duration(i) * 24 * time.Hour)
		p.At = p.CreatedAt
		x.apply(Apply(x.row, p, x.s, DefaultConfig()))
	}
	s := x.row.State("m")
	if len(s.Tallies) != MaxTallies || s.Cut.String() != "2026-03-07T00:00:00.000Z" || len(x.told) != MaxTallies+5 {
		t.Errorf("%d windows from %s, %d completed", len(s.Tallies), s.Cut, len(x.told))
	}
	x.told = nil
	x.apply(Apply(x.row, moved(settled(facts("t4", 100, "2026-03-06T12:00:00Z")), 0), x.s, DefaultConfig()))
	x.apply(Apply(x.row, moved(settled(facts("t5", 100, "2026-03-07T12:00:00Z")), 0), x.s, DefaultConfig()))
	x.wants("after horizon", "revoked 1 v1 of 2026-03-07T00:00:00.000Z")
}

func TestSegmentsHoldFromTheirTimeOn(t *testing.T) {
	m := everything("m", MetricCount, 2)
	m.Audience.Segments = []string{"vip", "staff"}
	x := &tale{t: t, s: snapshot(t, m)}
	x.pays("a", "2026-03-02T09:00:00Z")
	if len(Views(x.row, "u1", x.s, 5, DefaultConfig())) != 0 {
		t.Error("a mission for others is seen")
	}
	x.reasons(NotAudience)
	x.isIn("2026-03-02T10:00:00Z", "vip", "new") // and before: nothing else is known of then
	x.sees(1, true)
	x.isIn("2026-03-02T12:00:00Z")
	x.pays("b", "2026-03-02T11:59:59Z")
	x.wants("applied", "applied", "completed 1 v1 of 2026-03-01T00:00:00.000Z")
	x.pays("c", "2026-03-02T12:00:00Z")
	x.reasons(NotAudience, Counted, Counted)
	if len(Views(x.row, "u1", x.s, 5, DefaultConfig())) != 0 {
		t.Error("whoever has left sees the mission")
	}
	x.isIn("2026-03-02T12:00:00Z")
	x.isIn("2026-03-02T09:30:00Z", "staff")
	x.isIn("2026-03-02T08:00:00Z", "new")
	x.wants("duplicate", "applied", "applied", "revoked 1 v1 of 2026-03-01T00:00:00.000Z")
	x.reasons(NotAudience, Counted, NotAudience)
}

func TestSwitchesAreBounded(t *testing.T) {
	var switches []Switch
	for i := range 100 {
		switches, _ = withSwitch(switches, Switch{At: instant.Milli(i + 1), Out: i%2 == 1})
	}
	if len(switches) > MaxSwitches || switches[0] != (Switch{At: 1}) || !switchedIn(switches, 1) || switchedIn(switches, 100) || !switchedIn(switches, 99) {
		t.Error(switches)
	}
	switches, _ = withSwitch(switches, Switch{At: 200})
	if switches, _ = withSwitch(switches, Switch{At: 201}); len(switches) > MaxSwitches || !switchedIn(switches, 300) {
		t.Error(switches)
	}
}

// One idempotency key is for one command: another one under it, which passed the server at the same time, is refused.
func TestOneKeyIsOneCommand(t *testing.T) {
	row, _ := ApplySegments(nil, &Segments{ID: "key.1", UserID: "u1", Segments: []string{"gold"}, At: 1}, &Snapshot{}, DefaultConfig())
	row, _ = ApplySegments(row, &Segments{ID: "key.2", UserID: "u1", Segments: []string{"silver"}, At: 2}, &Snapshot{}, DefaultConfig())
	v, _ := row.Verdicts.Find("key.2")
	if v.Result != verdict.Refused || v.Problems.Code() != problem.Conflict || len(row.Segments) != 1 {
		t.Errorf("%+v, %v", v, row.Segments)
	}
}
