package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	healthcodec "github.com/millrace/millrace/codecs/health"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/window"
)

// finals writes a file of windows: three hours of sbi at 0.99, with 0.1 from minute 60 to 70 and 0.6 from 120 to 123.
func finals(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	begin := instant.Of(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC))
	for i := range 180 {
		good := int64(198)
		switch {
		case i >= 60 && i < 70:
			good = 20
		case i >= 120 && i < 123:
			good = 120
		}
		start := begin.Add(time.Duration(i) * time.Minute)
		raw, err := healthcodec.WindowRecord{}.Encode(&health.WindowRecord{
			Path: health.Path{Mode: "upi", Instrument: "sbi", Gateway: "payu"}, Span: window.Span{Start: start, End: start.Add(time.Minute)},
			Counts: health.Counts{ledger.Succeeded: good, ledger.FailedTechnical: 200 - good}, Samples: 200, Eligible: 200,
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", raw)
	}
	return write(t, "windows.jsonl", b.String())
}

const knownOutages = `- {mode: upi, instrument: sbi, begin: 2026-03-01T11:00:00Z, end: 2026-03-01T11:10:00Z}
- {mode: upi, instrument: sbi, begin: 2026-03-01T12:00:00Z, end: 2026-03-01T12:03:00Z}
- {mode: upi, instrument: hdfc, begin: 2026-03-01T12:00:00Z, end: 2026-03-01T12:03:00Z}
`

func TestBacktestComparesSettings(t *testing.T) {
	elsewhere(t)
	windows, outages := finals(t), write(t, "outages.yaml", knownOutages)
	slow, fast := write(t, "slow.yaml", "# as configured\n"), write(t, "fast.yaml", "half_life: 1\nwindow: 60s\n")
	args := []string{"health", "backtest", "--windows", windows, "--outages", outages}
	got := millrace(t, 1, append(args, "-f", slow, "--against", fast)...)
	lacks(t, got.errs, "slow.yaml misses 1 of the outages that should be found")
	for i, want := range []string{
		"OUTAGE FULL WINDOWS SLOW.YAML FAST.YAML",
		"upi/sbi 2026-03-01 11:00:00 10m0s 10 window 2, after 2m10s, down in 4, up 14m10s after window 1, after 1m10s, down in 2, up 5m10s after",
		"upi/sbi 2026-03-01 12:00:00 3m0s 3 missed window 1, after 1m10s, down in 3, up 4m10s after",
		"upi/hdfc 2026-03-01 12:00:00 3m0s not in the history not in the history",
		"to be found 2 2", "by the second full window 1 2", "missed 1 0",
		"false alarms 0 (0.00 per instrument-month, 1 watched for 0.00 months) 0 (0.00 per instrument-month, 1 watched for 0.00 months)",
		"of gateways 0 (0.00 per gateway-month, 1 watched for 0.00 months) 0 (0.00 per gateway-month, 1 watched for 0.00 months)",
		"history 180 windows, 0 late, 0 rejected 180 windows, 0 late, 0 rejected",
	} {
		lines := strings.Split(got.out, "\n")
		if i >= len(lines) || strings.Join(strings.Fields(lines[i]), " ") != want {
			t.Errorf("line %d is not %q:\n%s", i, want, got.out)
		}
	}
	millrace(t, 0, append(args, "-f", fast, "--against", slow)...) // what counts is -f

	var answer backtestAnswer
	raw := millrace(t, 0, append(args, "-f", fast, "--from", "2026-03-01T11:30:00Z", "--to", "2026-03-01T12:30:00Z", "-o", "json")...).out
	if err := json.Unmarshal([]byte(raw), &answer); err != nil {
		t.Fatal(err)
	}
	s := answer.Settings[0]
	if len(s.Outages) != 1 || len(s.Outside) != 2 || answer.Records != 91 || answer.Source != "file" {
		t.Errorf("a part of history: %s", raw)
	}
	lacks(t, raw, `"delay_windows": 1`, `"delay_seconds": 70`, `"down_windows": 3`, `"recovery_seconds": 250`, `"gateway": null`, `"name": "half_life"`)
	lacks(t, millrace(t, 0, append(args, "-f", fast, "-o", "yaml")...).out, "delay_seconds: 70", "source: file")
}

func TestBacktestTellsFalseAlarms(t *testing.T) {
	elsewhere(t)
	windows, outages, s := finals(t), write(t, "outages.yaml", "[]"), write(t, "s.yaml", "{}")
	raw := millrace(t, 0, "health", "backtest", "--windows", windows, "--outages", outages, "-f", s, "-o", "json").out
	var answer backtestAnswer
	if err := json.Unmarshal([]byte(raw), &answer); err != nil {
		t.Fatal(err)
	}
	got := answer.Settings[0]
	if got.Alarms.Count != 1 || got.Of.Count != 1 || got.Alarms.Months != 0.0042 || got.Alarms.PerMonth != 240 {
		t.Errorf("%s", raw)
	}
	lacks(t, raw, `"from": "2026-03-01T11:02:00.000Z"`, `"to": "2026-03-01T11:24:00.000Z"`, `"gateway": "payu"`, `"down": true`, "technical rate below 0.85")
}

func TestBacktestUsage(t *testing.T) {
	elsewhere(t)
	windows, outages, s := finals(t), write(t, "outages.yaml", knownOutages), write(t, "s.yaml", "{}")
	for want, args := range map[string][]string{
		`required flag(s) "file", "outages"`:              {},
		`"today" for "--from" flag: not a time: write`:    {"-f", s, "--outages", outages, "--from", "today"},
		`"x" for "--source" flag: must be auto, attempts`: {"-f", s, "--outages", outages, "--source", "x"},
		"--to must be after --from":                       {"-f", s, "--outages", outages, "--from", "2026-03-01T11:30:00Z", "--to", "2026-03-01T11:30:00Z"},
		"no such file":                                    {"-f", "none.yaml", "--outages", outages},
		"min_sample: not a setting":                       {"-f", write(t, "bad.yaml", "min_sample: 1\nwindow: x\n"), "--outages", outages},
		"window: must be a duration":                      {"-f", write(t, "bad.yaml", "min_sample: 1\nwindow: x\n"), "--outages", outages},
		"/0: mode and instrument are needed":              {"-f", s, "--outages", write(t, "bad.yaml", "- {begin: 2026-03-01T11:30:00Z}")},
		"line 1: window record":                           {"-f", s, "--outages", outages, "--windows", write(t, "bad.jsonl", "x\n")},
		"holds no record of that time":                    {"-f", s, "--outages", outages, "--windows", windows, "--from", "2027-01-01T00:00:00Z"},
		"windows of 1m0s do not make up windows of 1m30s": {"-f", write(t, "long.yaml", "window: 90s"), "--outages", outages, "--windows", windows},
		"--source attempts does not go with it":           {"-f", s, "--outages", outages, "--windows", windows, "--source", "attempts"},
		"unable to dial":                                  append([]string{"-f", s, "--outages", outages}, nobody()...),
	} {
		got := millrace(t, 2, append([]string{"health", "backtest"}, args...)...)
		lacks(t, got.errs, want)
		if got.out != "" {
			t.Errorf("%v printed %q", args, got.out)
		}
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
		t.Errorf("something was written: %v %v", entries, err)
	}
}
