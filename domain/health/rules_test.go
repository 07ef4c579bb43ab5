package health

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/ledger"
)

// Windows go by the settings in force at their end, in however large steps the watermark moves.
func TestRulesHoldAtTheEndOfAWindow(t *testing.T) {
	rules := Rules{Settings: DefaultSettings(), Changes: []Setting{
		{Mode: "upi", EffectiveFrom: at("3m"), Patch: Patch{{"count_timeouts", "false"}}},
		{Mode: "upi", Instrument: "sbi", EffectiveFrom: at("5m"), Patch: Patch{{"windows", "1"}}},
		{Mode: "upi", Instrument: "hdfc", EffectiveFrom: at("4m"), Patch: Patch{{"windows", "2"}}},
	}}
	rapid.Check(t, func(t *rapid.T) {
		var row *Row
		for i := range rapid.IntRange(1, 40).Draw(t, "attempts") {
			a := &ledger.Attempt{Mode: "upi", Instrument: "sbi", Gateway: "g", At: at("0m").Add(time.Duration(rapid.IntRange(0, 480).Draw(t, "at")) * time.Second)}
			a.Outcome = rapid.SampledFrom([]ledger.Outcome{ledger.Succeeded, ledger.TimedOut, ledger.FailedTechnical}).Draw(t, "outcome")
			row, _ = rules.Observe(row, a, Source{Topic: "attempts", Offset: int64(i)}, at("0m"))
		}
		end := at("12m")
		want, wanted := row, []Effect(nil)
		for w := at("0m"); w <= end; w = w.Add(time.Second) {
			var more []Effect
			want, more = AdvanceTo(rules.at("sbi", w.Add(-rules.Settings.Grace)), want, w)
			wanted = append(wanted, publishedEffects(more)...)
		}
		var got []Effect
		for w := at("0m"); w < end; {
			w = min(end, w.Add(time.Duration(rapid.IntRange(1, 720).Draw(t, "step"))*time.Second))
			var more []Effect
			row, more = rules.AdvanceTo(row, w)
			got = append(got, publishedEffects(more)...)
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(want.Series.Last, row.Series.Last); diff != "" {
			t.Fatal(diff)
		}
	})
}

// publishedEffects returns the effects that others see; requests for another call depend on the calls.
func publishedEffects(effects []Effect) (out []Effect) {
	for _, e := range effects {
		if _, ok := e.(Due); !ok {
			out = append(out, e)
		}
	}
	return out
}

func TestRulesJudgeClosedWindows(t *testing.T) {
	rules := Rules{Settings: DefaultSettings(), Changes: []Setting{{Mode: "upi", EffectiveFrom: at("3m"), Patch: Patch{{"count_timeouts", "false"}}}}}
	for end, eligible := range map[string]int64{"2m": 1, "3m": 0} {
		var revision *WindowRecord
		c := &ClosedWindow{Path: Path{"upi", "sbi", "g"}, ClosedAt: at("4m"), Tally: Tally{Counts: Counts{ledger.TimedOut: 1}}}
		c.Start, c.End = at(end).Add(-time.Minute), at(end)
		_, effects := rules.ApplyClosed(nil, c)
		for _, e := range effects {
			if e, ok := e.(Corrected); ok {
				revision = e.Record
			}
		}
		if revision == nil || revision.Eligible != eligible {
			t.Errorf("window that ends at %s: %+v, want %d eligible", end, revision, eligible)
		}
	}
}

// TestRowsShowClosedWindowsAsPublished has a deployment whose settings are not those that a window closed by.
func TestRowsShowClosedWindowsAsPublished(t *testing.T) {
	rules := Rules{Settings: DefaultSettings(), Changes: []Setting{{Mode: "upi", EffectiveFrom: at("2m"), Patch: Patch{{"count_timeouts", "false"}}}}}
	attempt := &ledger.Attempt{Mode: "upi", Instrument: "sbi", Gateway: "g", Outcome: ledger.TimedOut, At: at("30s")}
	row, _ := rules.Observe(nil, attempt, Source{}, 0)
	attempt.At = at("90s")
	row, _ = rules.Observe(row, attempt, Source{}, 0)
	_, effects := rules.AdvanceTo(row, at("3m"))
	want := []int64{1, 0}
	for _, e := range effects {
		f, ok := e.(Finished)
		if !ok || len(want) == 0 {
			continue
		}
		closed, _ := rules.ApplyClosed(nil, f.To)
		if got := closed.Record(); f.Record.Eligible != want[0] || !cmp.Equal(got, f.Record) {
			t.Errorf("published %+v, shown %+v, want %d eligible", f.Record, got, want[0])
		}
		want = want[1:]
	}
	if len(want) > 0 {
		t.Errorf("%d windows missing", len(want))
	}
}
