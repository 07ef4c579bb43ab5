package main

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/traffic"
)

func readMonth(t *testing.T) month {
	t.Helper()
	raw, err := os.ReadFile("testdata/month.json")
	if err != nil {
		t.Fatal(err)
	}
	var m month
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMonthIsCurrent simulates some banks anew, large and small, and compares them with the figures that are kept.
func TestMonthIsCurrent(t *testing.T) {
	kept := map[string]row{}
	for _, r := range readMonth(t).Banks {
		kept[r.Bank] = r
	}
	for _, r := range simulate(defaultConfig(), "sbi", "jkb", "apgb").Banks {
		if diff := cmp.Diff(kept[r.Bank], r); diff != "" {
			t.Errorf("%s: not what is kept (go -C bench run ./outage -rewrite): %s", r.Bank, diff)
		}
	}
}

// TestPageIsCurrent compares docs/health.md with the kept figures and with dips found now.
func TestPageIsCurrent(t *testing.T) {
	text, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	_, got, _, err := cut(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(section(readMonth(t)), got); diff != "" {
		t.Errorf("%s is not what the figures say (go -C bench run ./outage -rewrite): %s", page, diff)
	}
}

// TestPromise is the target: with enough volume every outage of two full windows is found by the second, and there is
// at most one false alarm per instrument and month.
func TestPromise(t *testing.T) {
	m := readMonth(t)
	if m.Days < 30 || len(m.Banks) != 50 {
		t.Fatalf("%d days, %d banks", m.Days, len(m.Banks))
	}
	enough, alarms := 0, 0
	for _, c := range m.outages() {
		enough += c.Enough
		if c.InTime != c.Enough {
			t.Errorf("%d of %d outages with enough volume found by the second full window", c.InTime, c.Enough)
		}
	}
	for _, r := range m.Banks {
		alarms += r.FalseAlarms
		if r.FalseAlarms > 1 && (r.Eligible >= volumes()[0] || r.Calm > 1) {
			t.Errorf("%s: %d false alarms, %d with settings of its own", r.Bank, r.FalseAlarms, r.Calm)
		}
	}
	if enough < 200 {
		t.Errorf("%d outages with enough volume prove nothing", enough)
	}
	if alarms > len(m.Banks) {
		t.Errorf("%d false alarms of %d banks in a month", alarms, len(m.Banks))
	}
}

// TestDaysOfEveryBank is a smaller run of all of it, so that the promise is also looked at for each bank on every run.
func TestDaysOfEveryBank(t *testing.T) {
	c := defaultConfig()
	c.days, c.seed = 3, 7
	for _, o := range run(c, health.DefaultSettings(), chosen()) {
		for _, f := range o.report.Outages {
			if f.Due() && !f.InTime() {
				t.Errorf("%s: %+v", o.bank.Instrument, f)
			}
		}
	}
}

func TestPoisson(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, mean := range []float64{0, 0.3, 5, 59, 60, 2000} {
		const n = 20_000
		var sum, squares float64
		for range n {
			v := float64(poisson(r, mean))
			sum, squares = sum+v, squares+v*v
		}
		got := sum / n
		variance := squares/n - got*got
		if math.Abs(got-mean) > 5*math.Sqrt(mean/n) || math.Abs(variance-mean) > 0.06*mean {
			t.Errorf("mean %v: drawn %v with variance %v", mean, got, variance)
		}
	}
}

func TestRhythmHasMeanOneAndNoSteps(t *testing.T) {
	b := &bank{hours: traffic.HourShares()}
	sum, last := 0.0, b.rhythm(begin())
	for i := range 24 * 60 {
		v := b.rhythm(begin() + 60_000*instant.Milli(i+1))
		if math.Abs(v-last) > 0.02*last {
			t.Fatalf("a step from %v to %v", last, v)
		}
		sum, last = sum+v, v
	}
	if math.Abs(sum/(24*60)-1) > 0.001 {
		t.Errorf("mean %v", sum/(24*60))
	}
}
