package health

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
)

// minutes returns closed windows of a minute that end at minute 1, 2, ..., with so many eligible attempts, so many
// good.
func minutes(good, eligible []int64) []Small {
	var out []Small
	for i := range eligible {
		small := Small{Counts: Counts{ledger.Succeeded: good[i], ledger.FailedTechnical: eligible[i] - good[i]}}
		small.Start, small.End = instant.Milli(i*60_000), instant.Milli((i+1)*60_000)
		out = append(out, small)
	}
	return out
}

func TestListedWeights(t *testing.T) {
	last := minutes([]int64{1, 2, 4, 8}, []int64{10, 10, 10, 10})
	for _, c := range []struct {
		weights []float64
		rate    float64
		samples int64
	}{
		{[]float64{1}, 0.8, 40},
		{[]float64{1, 1}, 0.6, 40},
		{[]float64{0.5, 0.25, 0.25}, (0.5*8 + 0.25*4 + 0.25*2) / 10, 40},
		{[]float64{0, 0, 0, 1}, 0.1, 40},
	} {
		s := DefaultSettings()
		s.Weights = c.weights
		p := poolOf(s, last, 4*60_000)
		if rate, ok := p.Rate(); !ok || math.Abs(rate-c.rate) > 1e-12 || p.Samples != c.samples {
			t.Errorf("weights %v: rate %v of %d, want %v", c.weights, rate, p.Samples, c.rate)
		}
	}
	s := DefaultSettings()
	s.Weights = []float64{0.5, 0.25}
	p := Pool{WeightedSuccess: unit, WeightedEligible: 2 * unit, Samples: 3, Eligible: 2}
	if got := p.aged(s, 1); got.WeightedSuccess != unit/2 || got.WeightedEligible != unit {
		t.Errorf("aged by a window: %+v", got)
	}
	if got := p.aged(s, 2); got.WeightedEligible != 0 {
		t.Errorf("older than the list: %+v", got)
	}
}

func TestWilson(t *testing.T) {
	for _, c := range []struct{ rate, n, want float64 }{
		{1, 10, 0.7224672}, {0.9, 10, 0.5958500}, {0.5, 100, 0.4038315}, {0, 10, 0}, {0.95, 1000, 0.9346862}, {1, 1e12, 1},
	} {
		if got := wilson(c.rate, c.n); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("wilson(%v, %v) = %.7f, want %.7f", c.rate, c.n, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		rate, n := rapid.Float64Range(0, 1).Draw(t, "rate"), rapid.Float64Range(0.01, 1e9).Draw(t, "n")
		if got := wilson(rate, n); got < 0 || got > rate+1e-12 {
			t.Fatalf("bound %v above the rate", got)
		}
		if less, more := wilson(rate, n), wilson(rate, 2*n); less > more+1e-12 {
			t.Fatalf("more evidence, lower bound: %v, then %v", less, more)
		}
	})
}

func TestWilsonBelowAVolume(t *testing.T) {
	p := Pool{WeightedSuccess: 9 * unit, WeightedEligible: 10 * unit, Samples: 30, Eligible: 25}
	for _, c := range []struct {
		below int64
		want  float64
	}{{0, 0.9}, {25, 0.9}, {26, 0.59585}} {
		s := DefaultSettings()
		s.WilsonBelow = c.below
		if got, ok := s.judged(p); !ok || math.Abs(got-c.want) > 1e-6 {
			t.Errorf("below %d: %v, want %v", c.below, got, c.want)
		}
	}
	s := DefaultSettings()
	s.WilsonBelow = 100
	if _, ok := s.judged(Pool{}); ok {
		t.Error("a rate of nothing")
	}
}

// TestHoppingWindows: windows of three minutes that start every minute. Each closes once, empty ones too; an attempt is
// in three of them, and once in a score.
func TestHoppingWindows(t *testing.T) {
	s := DefaultSettings()
	s.Window, s.Advance = 3*time.Minute, time.Minute
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	row, effects := Observe(s, nil, attempt(10*60_000+1, ledger.Succeeded), Source{}, 0)
	if got := dues(effects); len(got) != 3 {
		t.Errorf("an attempt opened windows due at %v", got)
	}
	row, _ = Observe(s, row, attempt(13*60_000, ledger.FailedTechnical), Source{}, 0)
	_, effects = AdvanceTo(s, row, 20*60_000+10_000)
	want := []string{"11", "12", "13", "14", "15", "16", "17 empty", "18 empty", "19 empty", "20 empty"}
	if got := published(effects); !slices.Equal(got, want) {
		t.Errorf("published %v, want %v", got, want)
	}
	for _, e := range effects {
		if e, ok := e.(Scored); ok && (e.Score.Pool.Samples > 2 || e.Score.WindowEnd >= 16*60_000 && e.Score.Pool.Samples != 2) {
			t.Errorf("score at %d counts %d attempts", e.Score.WindowEnd/60_000, e.Score.Pool.Samples)
		}
	}
	_, effects = AdvanceTo(s, row, 20*24*3_600_000)
	got := published(effects)
	if len(got) != 6+MaxEmpty+1 || got[len(got)-1] != "silent 14-77" {
		t.Errorf("%d published, the last %s", len(got), got[len(got)-1])
	}
}

func TestSettingsOfScoresAreValidated(t *testing.T) {
	for _, c := range []struct {
		change func(*Settings)
		want   string
	}{
		{func(s *Settings) { s.Advance = 7 * time.Second }, "advance 7s"},
		{func(s *Settings) { s.Advance = -time.Second }, "advance -1s"},
		{func(s *Settings) { s.Advance = time.Second / 2 }, "advance 500ms"},
		{func(s *Settings) { s.Advance, s.Windows = time.Second, 17 }, "60 of them overlap"},
		{func(s *Settings) { s.Weights = []float64{1, 1.5} }, "each must be 0 to 1"},
		{func(s *Settings) { s.Weights = []float64{math.NaN()} }, "each must be 0 to 1"},
		{func(s *Settings) { s.Weights = []float64{0, 0} }, "not all 0"},
		{func(s *Settings) { s.Windows, s.Weights = 1, []float64{1, 1} }, "at most 1"},
		{func(s *Settings) { s.WilsonBelow = -1 }, "wilson below -1"},
	} {
		s := DefaultSettings()
		c.change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}
