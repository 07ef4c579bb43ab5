package health

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/health/backtest"
)

func TestParseOutages(t *testing.T) {
	const text = `
- mode: upi
  instrument: sbi
  begin: 2026-03-01T10:00:00Z
  end: "2026-03-01T15:35:00.5+05:30"
- {mode: upi, instrument: hdfc, gateway: payu, begin: 2026-03-01T10:00:00Z, end: 2026-03-01T10:01:00Z, success: 0}
`
	want := []backtest.Outage{
		{Mode: "upi", Instrument: "sbi", Begin: 1772359200000, End: 1772359500500, Success: OutageSuccess},
		{Mode: "upi", Instrument: "hdfc", Gateway: "payu", Begin: 1772359200000, End: 1772359260000},
	}
	got, err := ParseOutages(strings.NewReader(text))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for text, wants := range map[string][]string{
		"- 1\n-": {"/0: needs an object", "/1: needs an object"},
		"a: [":   {"outages: line 1, column 4: sequence end"},
		"- {mode: upi, instrument: 1, begin: now, end: 1, succes: 0, success: most}\n- {mode: upi, begin: 2026-03-01T10:00:00Z, end: 2026-03-01T10:00:00Z, success: 2}": {
			"/0/begin: needs a time", "/0/end: needs a time", "/0/instrument: needs a text", "/0/succes: is not a known field", "/0/success: needs a number",
			"/1: mode and instrument are needed", "end after begin", "success 2: must be 0 to 1",
		},
	} {
		_, err := ParseOutages(strings.NewReader(text))
		lacksError(t, text, err, wants)
	}
}

func TestParseHealthSettings(t *testing.T) {
	base := health.DefaultSettings()
	base.MinSamples = 50
	got, err := ParseHealthSettings(strings.NewReader("window: 60s\ngrace: 5s\ndegraded_below: 0.9\ncount_timeouts: false\nhalf_life: 3\n"), base)
	want := base
	want.Grace, want.DegradedBelow, want.CountTimeouts, want.HalfLife = 5*time.Second, 0.9, false, 3
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if got, err := ParseHealthSettings(strings.NewReader("# all as it is\n"), base); err != nil || !cmp.Equal(got, base) {
		t.Errorf("an empty file: %v %+v", err, got)
	}
	for text, wants := range map[string][]string{
		"[]": {"a single object is needed"}, "- 1": {"an object is needed"},
		"- {}\n- {}": {"a single object is needed"},
		"window: long\nmin_sample: 3\nhalf_life: [1]\nup_after: 1.5": {"window: must be a duration", "min_sample: not a setting", "half_life: needs a number", "up_after: must be a whole number"},
		"down_below: 0.9\nup_after: 0":                               {"down below", "up after 0"},
		"up_after: 1\nup_after: 2":                                   {"health settings:", "already defined"},
	} {
		_, err := ParseHealthSettings(strings.NewReader(text), base)
		lacksError(t, text, err, wants)
	}
}

func lacksError(t *testing.T, text string, err error, wants []string) {
	t.Helper()
	if err == nil {
		t.Errorf("%q is taken", text)
		return
	}
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q is missing in:\n%v", text, want, err)
		}
	}
}
