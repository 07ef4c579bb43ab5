package health

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
)

// published writes what effects publish, without what was counted: "10" is a window that ended at minute 10 with
// traffic, "10 empty" one without, "silent 10-71" a silence.
func published(effects []Effect) []string {
	var out []string
	for _, e := range effects {
		switch e := e.(type) {
		case Finished:
			line := fmt.Sprint(int64(e.Record.End) / 60_000)
			if e.Record.Samples == 0 {
				line += " empty"
			}
			out = append(out, line)
		case Silent:
			out = append(out, fmt.Sprintf("silent %d-%d", int64(e.Record.Start)/60_000, int64(e.Record.End)/60_000))
		}
	}
	return out
}

// minuteByMinute is what a series must publish up to the watermark w, told by somebody who looks at the clock every
// minute. Attempts are in order of time and none is late.
func minuteByMinute(s Settings, attempts []instant.Milli, w instant.Milli) []string {
	traffic := map[int64]bool{}
	for _, at := range attempts {
		traffic[int64(at)/60_000] = true
	}
	var out []string
	known, run, last := false, 0, int64(0)
	for minute := int64(0); instant.Milli((minute+1)*60_000).Add(s.Grace) <= w; minute++ {
		end := minute + 1
		closes := instant.Milli(end * 60_000).Add(s.Grace)
		switch {
		case traffic[minute]:
			known, run = true, 0
			for _, at := range attempts {
				if int64(at)/60_000 == minute {
					last = int64(at)
				}
			}
			out = append(out, fmt.Sprint(end))
			continue
		case known && closes > instant.Milli(last).Add(forgetAfter):
			known = false
		}
		if !known {
			continue
		}
		if run++; run <= 60 {
			out = append(out, fmt.Sprintf("%d empty", end))
		} else if run == 61 {
			out = append(out, fmt.Sprintf("silent %d-%d", end-61, end))
		}
	}
	return out
}

func TestEmptyWindowsEqualAClockWatched(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := DefaultSettings()
		s.Grace = time.Duration(rapid.IntRange(0, 90_000).Draw(t, "grace")) * time.Millisecond
		// Gaps of every size that matters: within a window, around the sixty, around the seven days.
		around := rapid.SampledFrom([]int64{0, 60_000, 5 * 60_000, 60 * 60_000, 61 * 60_000, 62 * 60_000, 7 * 24 * 3_600_000})
		var attempts []instant.Milli
		at := instant.Milli(0)
		for range rapid.IntRange(1, 8).Draw(t, "attempts") {
			at = max(0, at+instant.Milli(around.Draw(t, "gap")+rapid.Int64Range(0, 180_000).Draw(t, "more")))
			attempts = append(attempts, at)
		}
		end := at + instant.Milli(around.Draw(t, "rest")+rapid.Int64Range(0, 180_000).Draw(t, "more"))
		var row *Row
		var got []string
		step := func(next *Row, effects []Effect) {
			if n := len(effects); n > 200 {
				t.Fatalf("%d effects in one call", n)
			}
			row, got = next, append(got, published(effects)...)
		}
		w := instant.Milli(0)
		var next *Row
		var effects []Effect
		for _, at := range attempts {
			for rapid.IntRange(0, 2).Draw(t, "timers") == 0 && w < at {
				w += instant.Milli(rapid.Int64Range(1, int64(at-w)).Draw(t, "ahead"))
				frozen(t, row, func() { next, effects = AdvanceTo(s, row, w) })
				step(next, effects)
			}
			w = max(w, at)
			frozen(t, row, func() {
				next, effects = Observe(s, row, &ledger.Attempt{Mode: "upi", Outcome: ledger.Succeeded, At: at}, Source{}, w)
			})
			step(next, effects)
		}
		step(AdvanceTo(s, row, end))
		if diff := cmp.Diff(minuteByMinute(s, attempts, end), got); diff != "" {
			t.Fatalf("published (-clock +series) with attempts at %v: %s", attempts, diff)
		}
		if again, effects := AdvanceTo(s, row, end); again != row || effects != nil {
			t.Fatalf("settled twice: %v", effects)
		}
	})
}

// TestDueIsNeverTooLate: who calls Settle at the times that effects ask for, and at no others, publishes everything as
// soon as somebody who calls it every second.
func TestDueIsNeverTooLate(t *testing.T) {
	s := DefaultSettings()
	for _, first := range []instant.Milli{at("0s"), at("59s"), 5} {
		row, effects := Observe(s, nil, attempt(first, ledger.Succeeded), Source{}, first)
		lazy, lazyTimes, due := row, []string(nil), dues(effects)
		eager, eagerTimes := row, []string(nil)
		for w := first; eager != nil; w = w.Add(time.Second) {
			eager, effects = AdvanceTo(s, eager, w)
			for _, line := range published(effects) {
				eagerTimes = append(eagerTimes, fmt.Sprint(w/1000, " ", line))
			}
			for len(due) > 0 && due[0] <= w {
				due = due[1:]
				lazy, effects = AdvanceTo(s, lazy, w)
				for _, line := range published(effects) {
					lazyTimes = append(lazyTimes, fmt.Sprint(w/1000, " ", line))
				}
				due = append(due, dues(effects)...)
				slices.Sort(due)
			}
		}
		if lazy != nil || len(due) != 0 || len(eagerTimes) != 62 {
			t.Errorf("row %+v, due %v, %d published", lazy, due, len(eagerTimes))
		}
		if diff := cmp.Diff(eagerTimes, lazyTimes); diff != "" {
			t.Errorf("-every second +when due: %s", diff)
		}
	}
}

func dues(effects []Effect) []instant.Milli {
	var out []instant.Milli
	for _, e := range effects {
		if d, ok := e.(Due); ok {
			out = append(out, d.At)
		}
	}
	return out
}

func TestEmptyWindowsAgeTheScoreAndAreNoEvidence(t *testing.T) {
	s := DefaultSettings()
	row, _ := Observe(s, nil, attempt(at("0s"), ledger.Succeeded), Source{}, 0)
	_, effects := AdvanceTo(s, row, at("24h"))
	var scores []*Score
	for _, e := range effects {
		if e, ok := e.(Scored); ok {
			scores = append(scores, e.Score)
		}
	}
	if len(scores) != 61 || scores[0].Correction || scores[0].Pool.WeightedSuccess != unit {
		t.Fatalf("%d scores, first %+v", len(scores), scores[0])
	}
	for age, score := range scores[1:] {
		age++
		want := Pool{}
		if age < s.Windows {
			want = Pool{weight(s, int64(age)), weight(s, int64(age)), 1, 1}
		}
		if score.Pool != want || !score.Correction || score.WindowEnd != at("1m").Add(time.Duration(age)*time.Minute) {
			t.Errorf("after %d empty windows: %+v, want %+v", age, score, want)
		}
	}
}

// TestLateAttemptMakesASeriesKnown: its silence begins where windows are closed, not at its own window.
func TestLateAttemptMakesASeriesKnown(t *testing.T) {
	s := DefaultSettings()
	row, effects := Observe(s, nil, attempt(60_000, ledger.Succeeded), Source{}, 10*60_000)
	if got := published(effects); len(got) != 0 || !hasLate(effects) {
		t.Fatalf("late: %v", effects)
	}
	if got, want := dues(effects), []instant.Milli{10*60_000 + 10_000}; !slices.Equal(got, want) {
		t.Errorf("due at %v, want %v", got, want)
	}
	_, effects = AdvanceTo(s, row, 11*60_000+10_000)
	if got, want := published(effects), []string{"10 empty", "11 empty"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestLateForAnEmptyWindow: its final has been published, so the attempt is its first revision.
func TestLateForAnEmptyWindow(t *testing.T) {
	s := DefaultSettings()
	rows := map[string]*Row{}
	row, _ := Observe(s, nil, attempt(at("0s"), ledger.Succeeded), Source{}, 0)
	row, effects := AdvanceTo(s, row, at("3m"))
	for _, e := range effects {
		if f, ok := e.(Finished); ok {
			rows[f.To.Key()], _ = ApplyClosed(s, rows[f.To.Key()], f.To)
		}
	}
	_, effects = Observe(s, row, attempt(at("90s"), ledger.FailedTechnical), Source{}, at("3m"))
	late := effects[0].(Late).To
	_, effects = ApplyClosed(s, rows[late.Key()], late)
	if r := effects[0].(Corrected).Record; r.Revision != 1 || r.Samples != 1 || rows[late.Key()] == nil {
		t.Errorf("correction %+v of row %+v", r, rows[late.Key()])
	}
}

func TestForgottenSeriesBeginsAnew(t *testing.T) {
	s := DefaultSettings()
	row, _ := Observe(s, nil, attempt(at("0s"), ledger.Succeeded), Source{}, 0)
	w := at("0s").Add(forgetAfter)
	if kept, _ := AdvanceTo(s, row, w-1); kept == nil {
		t.Fatal("forgotten too soon")
	}
	gone, effects := AdvanceTo(s, row, w)
	if n := len(published(effects)); gone != nil || n != 62 {
		t.Fatalf("%d published, row %+v", n, gone)
	}
	row, effects = Observe(s, row, attempt(w.Add(time.Minute), ledger.Succeeded), Source{}, w)
	if n := len(published(effects)); n != 62 || row.Series.Through != 0 || len(row.Series.Last) != 0 || len(row.Series.Open.Open) != 1 {
		t.Errorf("%d published, began anew as %+v", n, row.Series)
	}
	if row, _ = AdvanceTo(s, row, math.MaxInt64); row != nil {
		t.Error("not forgotten at the end of time")
	}
	// An attempt that is refused does not bring it back.
	s.CorrectionHorizon = time.Hour
	row, _ = Observe(s, nil, attempt(at("0s"), ledger.Succeeded), Source{}, 0)
	if row, _ = Observe(s, row, attempt(at("0s"), ledger.Succeeded), Source{}, w); row != nil {
		t.Errorf("refused, and kept %+v", row.Series)
	}
}
