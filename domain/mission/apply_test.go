package mission

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/money"
)

// transcript writes effects as a readable transcript.
func transcript(effects []Effect) []string {
	var out []string
	for _, e := range effects {
		switch e := e.(type) {
		case *Outcome:
			out = append(out, fmt.Sprintf("%s %s/%d by %s", e.Kind, e.Mission, e.Iteration, e.TransactionID))
		case Credit:
			out = append(out, fmt.Sprintf("credit %s %d to %d", e.Currency, e.Minor, e.Missions))
		case Duplicate:
			out = append(out, "duplicate")
		case Forgotten:
			out = append(out, "forgotten "+e.Mission)
		}
	}
	return out
}

func TestApplyTellsCompletionsAndRevocations(t *testing.T) {
	m := swiggy()
	m.Limits.CompletionsPerUser = 2
	s := snapshot(t, m)
	first := settled(facts("t1", 45000, "2026-03-02T10:00:00Z"))
	second := settled(facts("t2", 60000, "2026-03-03T10:00:00Z"))
	third := settled(facts("t3", 90000, "2026-03-03T11:00:00Z"))
	row, effects := fold(nil, s, first, second, second, moved(second, 50000), moved(first, 0), third)
	want := []string{
		"credit INR 45000 to 1",
		"credit INR 60000 to 1", "completed swiggy-500/1 by t2", "completed swiggy-500/2 by t2",
		"duplicate",
		"credit INR -10000 to 1", "revoked swiggy-500/2 by t2",
		"credit INR -45000 to 1",
		"credit INR 90000 to 1", "completed swiggy-500/2 by t3",
	}
	if diff := cmp.Diff(want, transcript(effects)); diff != "" {
		t.Error(diff)
	}
	v := progress(t, row, s, "swiggy-500")
	got := []int64{v.Progress, v.Remaining, v.Percent, v.Completions}
	if diff := cmp.Diff([]int64{140000, 0, 100, 2}, got); diff != "" {
		t.Error(diff)
	}
	o := effects[2].(*Outcome)
	if o.Reward.Amount != 100 || o.UserID != "u1" || o.WindowStart.String() != "2026-02-28T18:30:00.000Z" || o.At != second.At || o.Version != 1 {
		t.Errorf("%+v", o)
	}
}

func TestReasons(t *testing.T) {
	m := swiggy()
	v := NewHistory(m, at("2026-03-01T00:00:00Z")).
		WithStatus(Paused, at("2026-03-04T00:00:00Z")).WithStatus(Active, at("2026-03-05T00:00:00Z")).
		WithStatus(Ended, at("2026-03-06T00:00:00Z"))
	v.Versions[0].Mission.Audience.RolloutPercent = 50
	plan, problems := Compile(&v)
	if problems != nil {
		t.Fatal(problems)
	}
	c := plan.At(0)
	in, out := "", ""
	for i := 0; in == "" || out == ""; i++ {
		if user := fmt.Sprint("u", i); c.includes(user) {
			in = user
		} else {
			out = user
		}
	}
	tests := []struct {
		user, currency, created string
		amount                  int64
		want                    Reason
	}{
		{in, "INR", "2026-03-02T10:00:00Z", 10000, Counted},
		{in, "USD", "2026-03-02T10:00:00Z", 10000, NotCurrency},
		{in, "INR", "2026-02-28T18:29:59.999Z", 10000, OutsideWindow},
		{in, "INR", "2026-02-28T18:30:00Z", 10000, Counted},
		{in, "INR", "2026-03-07T18:30:00Z", 10000, OutsideWindow},
		{in, "INR", "2026-03-03T23:59:59.999Z", 10000, Counted},
		{in, "INR", "2026-03-04T00:00:00Z", 10000, NotActive},
		{in, "INR", "2026-03-05T00:00:00Z", 10000, Counted},
		{in, "INR", "2026-03-06T00:00:00Z", 10000, OutsideWindow},
		{in, "INR", "2026-03-02T10:00:00Z", 9999, NotFilter},
		{out, "INR", "2026-03-02T10:00:00Z", 10000, NotAudience},
	}
	for _, tt := range tests {
		f := facts("t", tt.amount, tt.created)
		f.UserID, f.Currency = tt.user, tt.currency
		if got := c.Judge(&f); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}

func TestRolloutIsStickyAndEven(t *testing.T) {
	const users = 20000
	last := map[string]bool{}
	for _, percent := range []int64{0, 10, 50, 100} {
		m := swiggy()
		m.Audience.RolloutPercent = percent
		c := compiled(t, m).At(0)
		n := 0
		for i := range users {
			user := fmt.Sprint("usr_", i)
			in := c.includes(user)
			if in {
				n++
			}
			if last[user] && !in {
				t.Fatal("raising the percentage lost a user")
			}
			last[user] = in
		}
		if diff := math.Abs(float64(n)/users - float64(percent)/100); diff > 0.02 {
			t.Errorf("%d %%: %d of %d", percent, n, users)
		}
	}
}

func TestCountAndCap(t *testing.T) {
	count := everything("count", MetricCount, 2)
	capped := everything("capped", MetricAmount, 1000)
	capped.Goal.PerEventCap = 300
	s := snapshot(t, count, capped)
	a := settled(facts("a", 500, "2026-03-02T10:00:00Z"))
	b := settled(facts("b", 500, "2026-03-02T11:00:00Z"))
	partly := moved(a, 400)
	row, effects := fold(nil, s, a, b, partly, moved(partly, 0))
	want := []string{"credit INR 500 to 2", "credit INR 500 to 2", "completed count/1 by b", "credit INR -100 to 2", "credit INR -400 to 2", "revoked count/1 by a"}
	if diff := cmp.Diff(want, transcript(effects)); diff != "" {
		t.Error(diff)
	}
	if got := progress(t, row, s, "capped").Progress; got != 300 {
		t.Errorf("capped progress %d", got)
	}
	c, _ := s.Find("count")
	got := contributions(row, "u1", c)
	if len(got) != 2 || got[0].TransactionID != "b" || !got[0].Counted || got[0].Contribution != 1 || got[1].Counted || got[1].Reason != NotSettled {
		t.Errorf("%+v", got)
	}
}

func TestMissionCreatedLaterCountsWhatTheRowRemembers(t *testing.T) {
	none := snapshot(t)
	old := settled(facts("old", 30000, "2026-03-01T09:00:00Z"))
	kept := settled(facts("kept", 30000, "2026-03-03T10:00:00Z"))
	row, _ := fold(nil, none, old, kept, settled(facts("other", 5, "2026-03-03T11:00:00Z")))

	s := snapshot(t, swiggy())
	if v := progress(t, row, s, "swiggy-500"); v.Progress != 30000 || !v.Enrolled {
		t.Errorf("before the row is touched: %+v", v)
	}
	if v := progress(t, nil, s, "swiggy-500"); v.Progress != 0 || v.Enrolled || v.Remaining != 50000 {
		t.Errorf("without a row: %+v", v)
	}
	row, effects := fold(row, s, settled(facts("new", 20000, "2026-03-03T12:00:00Z")), moved(old, 0), moved(kept, 10000))
	want := []string{"credit INR 20000 to 1", "completed swiggy-500/1 by new", "forgotten swiggy-500", "credit INR -30000 to 0", "credit INR -20000 to 1", "revoked swiggy-500/1 by kept"}
	if diff := cmp.Diff(want, transcript(effects)); diff != "" {
		t.Error(diff)
	}
	// A payment as old as the forgotten one that arrives only now counts, and so do its reversals.
	late := settled(facts("late", 25000, "2026-03-01T10:00:00Z"))
	row, _ = fold(row, s, late, late)
	if v := progress(t, row, s, "swiggy-500"); v.Progress != 55000 || v.Completions != 1 {
		t.Errorf("after a late payment: %+v", v)
	}
	row, _ = fold(row, s, moved(late, 0))
	if v := progress(t, row, s, "swiggy-500"); v.Progress != 30000 || v.EnrolledAt != late.CreatedAt {
		t.Errorf("after its reversal: %+v", v)
	}
}

func TestPauseReachesPaymentsThatWereThereFirst(t *testing.T) {
	v := NewHistory(everything("m", MetricAmount, 1000), at("2026-03-01T00:00:00Z"))
	snap := func(v History) *Snapshot {
		c, problems := Compile(&v)
		if problems != nil {
			t.Fatal(problems)
		}
		return newSnapshot([]*Plan{c})
	}
	before, after := settled(facts("before", 400, "2026-03-02T10:00:00Z")), settled(facts("after", 700, "2026-03-02T12:00:00Z"))
	row, _ := fold(nil, snap(v), before, after)
	paused := snap(v.WithStatus(Paused, at("2026-03-02T11:00:00Z")))
	row, effects := fold(row, paused, moved(before, 300))
	if diff := cmp.Diff([]string{"credit INR -100 to 1", "revoked m/1 by before"}, transcript(effects)); diff != "" {
		t.Error(diff)
	}
	if v := progress(t, row, paused, "m"); v.Progress != 300 {
		t.Errorf("%+v", v)
	}
	// The reversal of a payment that the pause keeps out changes nothing.
	row, _ = fold(row, paused, moved(after, 0))
	if v := progress(t, row, paused, "m"); v.Progress != 300 {
		t.Errorf("%+v", v)
	}
}

func TestRowForgetsByHorizonAndBound(t *testing.T) {
	s := snapshot(t, everything("m", MetricCount, 1))
	cfg := DefaultConfig()
	var row *UserRow
	start := at("2026-03-02T00:00:00Z")
	for i := range 400 {
		p := settled(facts(fmt.Sprintf("t%03d", i), 100, "2026-03-02T00:00:00Z"))
		p.CreatedAt = start.Add(time.Duration(i) * time.Second)
		p.At = p.CreatedAt
		row, _ = Apply(row, p, s, cfg)
	}
	if len(row.Recent) != cfg.MaxRecent || len(row.Old) != cfg.MaxOld || row.States[0].Tallies[0].Settled.Int64() != 144 || row.States[0].Tallies[0].Recent.Int64() != 256 {
		t.Errorf("%d recent, %d old, %+v", len(row.Recent), len(row.Old), row.States[0])
	}
	row, _ = fold(row, s, settled(facts("next day", 100, "2026-03-03T00:06:00Z")))
	if row.Recent[0].TransactionID != "t360" || row.Frontier != (Mark{At: start.Add(6 * time.Minute)}) || row.States[0].Tallies[0].Recent.Int64() != 41 {
		t.Errorf("%s %+v %+v", row.Recent[0].TransactionID, row.Frontier, row.States[0])
	}
	// A payment dated into the far future does not empty the row.
	future := settled(facts("future", 100, "2036-01-01T00:00:00Z"))
	future.At = at("2026-03-03T00:06:00Z")
	row, _ = fold(row, s, future)
	if len(row.Recent) != 42 {
		t.Errorf("%d recent", len(row.Recent))
	}
	forgotten := settled(facts("t000", 100, "2026-03-02T00:00:00Z"))
	row, _ = fold(row, s, moved(forgotten, 0))
	if got := progress(t, row, s, "m").Progress; got != 400 {
		t.Errorf("the reversal of a forgotten payment gives %d", got)
	}
}

func TestApplyNeverOverflows(t *testing.T) {
	huge := everything("huge", MetricAmount, money.Max)
	huge.Limits.CompletionsPerUser = 0
	tiny := everything("tiny", MetricAmount, 1)
	tiny.Limits.CompletionsPerUser = 0
	s := snapshot(t, huge, tiny)
	var postings []*ledger.Posting
	for i := range 5 {
		postings = append(postings, settled(facts(fmt.Sprint("t", i), math.MaxInt64, "2026-03-02T10:00:00Z")))
	}
	row, effects := fold(nil, s, postings...)
	if v := progress(t, row, s, "huge"); v.Completions != maxCompletions || v.Progress != math.MaxInt64 || v.Percent != 100 {
		t.Errorf("%+v", v)
	}
	if v := progress(t, row, s, "tiny"); v.Completions != maxCompletions || len(effects) != 5+2*maxCompletions {
		t.Errorf("%+v, %d effects", v, len(effects))
	}
	for _, p := range postings {
		row, _ = fold(row, s, moved(p, 0))
	}
	if v := progress(t, row, s, "huge"); v.Completions != 0 || v.Progress != 0 {
		t.Errorf("%+v", v)
	}
	if got := row.Received[0].Net; got != (money.Total{}) {
		t.Errorf("received %+v", got)
	}
}

func TestViewsHideWhatUsersMustNotSee(t *testing.T) {
	x := NewIndex()
	put := func(id string, status Status, percent int64) {
		m := everything(id, MetricAmount, 100)
		m.Status, m.Audience.RolloutPercent = status, percent
		v := NewHistory(m, at("2026-03-01T00:00:00Z"))
		if status == Archived {
			m.Status = Active
			v = NewHistory(m, at("2026-03-01T00:00:00Z")).WithStatus(Archived, at("2026-03-02T00:00:00Z"))
		}
		if problems := x.Put(id, &v); problems != nil {
			t.Fatal(problems)
		}
	}
	for _, s := range []Status{Draft, Scheduled, Active, Paused, Ended, Archived} {
		put(string(s), s, 100)
	}
	put("nobody", Active, 0)
	var got []string
	for _, v := range Views(nil, "u1", x.Snapshot(), 1, DefaultConfig()) {
		got = append(got, v.Mission.ID())
	}
	if diff := cmp.Diff([]string{"active", "ended", "paused"}, got); diff != "" {
		t.Error(diff)
	}
	if _, ok := ViewOf(nil, "u1", "nobody", x.Snapshot(), 1, DefaultConfig()); ok {
		t.Error("a mission for nobody is visible")
	}
	x.Remove("active")
	if _, ok := x.Snapshot().Find("active"); ok {
		t.Error("removed, and still there")
	}
}

func TestConfigValidate(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	if err := (Config{ReorderHorizon: 1, MaxRecent: 0, MaxLate: -1, MaxOld: -1}).Validate(); err == nil {
		t.Error("nothing wrong with it?")
	}
}

// The tally inside of a state is given once, and to a state that has no other.
func TestRoomForOneTally(t *testing.T) {
	o := owned{fresh: new(fresh)}
	if many := o.room(2); o.owns(many) {
		t.Error("one of two")
	}
	first := o.room(1)
	if again := o.room(1); !o.owns(first) || again == first || o.owns(again) {
		t.Error("given twice")
	}
	o = owned{}
	if o.owns(o.room(1)) || o.list() != nil {
		t.Error("there is no room")
	}
}
