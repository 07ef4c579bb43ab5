package health

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestPolicies(t *testing.T) {
	on := func(score float64) Standing { return Standing{Score: score, Scored: true, TrafficPercent: 100} }
	part := func(score float64, percent int) Standing {
		return Standing{Score: score, Scored: true, TrafficPercent: percent}
	}
	unknown := Standing{Insufficient: true, TrafficPercent: 100}
	for name, c := range map[string]struct {
		gateways           []Standing
		proportional, best string
	}{
		"two":                  {[]Standing{on(0.9), on(0.6)}, "[6000 4000]", "[9500 500]"},
		"as good":              {[]Standing{on(0.9), on(0.88), on(0.87)}, "[3396 3321 3283]", "[4750 4750 500]"},
		"one is off":           {[]Standing{on(0.9), part(0.95, 0)}, "[10000 0]", "[10000 0]"},
		"one comes back":       {[]Standing{on(0.8), part(0.8, 25)}, "[8000 2000]", "[9870 130]"},
		"one is new":           {[]Standing{on(0.8), unknown}, "[4444 5556]", "[9500 500]"},
		"all are new":          {[]Standing{unknown, unknown}, "[5000 5000]", "[5000 5000]"},
		"all are off":          {[]Standing{part(0.5, 0), part(0.7, 0)}, "[5000 5000]", "[5000 5000]"},
		"none has all traffic": {[]Standing{part(0.5, 5), part(0.9, 25)}, "[1000 9000]", "[104 9896]"},
		"scores of nothing":    {[]Standing{on(0), on(0)}, "[5000 5000]", "[5000 5000]"},
	} {
		if got := fmt.Sprint(divide(proportional(c.gateways))); got != c.proportional {
			t.Errorf("%s: proportional %s, want %s", name, got, c.proportional)
		}
		if got := fmt.Sprint(divide(best(c.gateways))); got != c.best {
			t.Errorf("%s: best %s, want %s", name, got, c.best)
		}
	}
	many := slices.Repeat([]Standing{on(0.5)}, 39)
	if best := divide(best(append(many, on(0.9)))); best[39] < 5000 || best[0] < 120 {
		t.Errorf("the reserve of many: %v", best)
	}
}

// Whatever the standings, nothing goes to what is off while something is on, and everything that is on keeps some.
func TestPoliciesGiveToThoseThatAreOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var gateways []Standing
		on := false
		for range rapid.IntRange(1, 6).Draw(t, "gateways") {
			g := Standing{
				Score: float64(rapid.IntRange(1, 10_000).Draw(t, "score")) / 10_000, Scored: rapid.Bool().Draw(t, "scored"),
				Insufficient: rapid.Bool().Draw(t, "few"), TrafficPercent: rapid.SampledFrom([]int{0, 5, 25, 50, 100}).Draw(t, "percent"),
			}
			gateways, on = append(gateways, g), on || g.TrafficPercent > 0
		}
		for _, name := range policies() {
			policy, ok := policyOf(name)
			if !ok {
				t.Fatal(name)
			}
			for i, share := range policy(gateways) {
				if on && (share > 0) != (gateways[i].TrafficPercent > 0) {
					t.Fatalf("%s gives %d to %+v", name, share, gateways[i])
				}
			}
		}
	})
}

func TestPolicyBySetting(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	m.score("sbi/a", "1m", 100)
	m.score("sbi/b", "1m", 90)
	m.row, _ = m.row.Set(m.s, &Setting{Mode: "upi", Instrument: "sbi", Patch: Patch{{"policy", "best"}}}, 0)
	m.settle(at("1m10s"))
	routes, _ := m.row.Routes(m.s, "sbi")
	want := []Route{{"a", 0.95, Up, 1, true}, {"b", 0.05, Up, 0.9, true}}
	if diff := cmp.Diff(want, routes); diff != "" {
		t.Error(diff)
	}
	if err := (func() error { s := DefaultSettings(); s.Policy = "worst"; return s.Validate() })(); err == nil {
		t.Error("took an unknown policy")
	}
}
