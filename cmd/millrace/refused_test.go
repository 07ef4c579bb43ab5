package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestReplayReportsWhatBecameDeadLetters: by reason, in whatever form the file is, and exit 1 when nothing could be
// used.
func TestReplayReportsWhatBecameDeadLetters(t *testing.T) {
	r := startTour(t)
	event := func(id string) string {
		return fmt.Sprintf(`{"id":%q,"type":"payment","transaction_id":%q,"user_id":"u","amount":100,"currency":"INR","status":"success","updated_at":"2026-03-02T10:00:00Z"}`, id, id)
	}
	bad := `{"id":"x","type":"payment","transaction_id":"x","user_id":"u","amount":-1,"currency":"INR","status":"success","updated_at":"2026-03-02T10:00:00Z"}`
	for _, c := range []struct {
		name, file string
		flags      []string
		exit       int
		errs       []string
	}{
		{"some", "\ufeff" + event("a") + "\r\n" + bad + "\r\nnot json\r\n", []string{"--wait"}, 0, []string{"2 of 3 events became dead letters", "invalid_field 1", "malformed 1"}},
		{"an array of bad ones", "[" + bad + ",\n" + bad + "]", []string{"--wait"}, 1, []string{"2 of 2 events became dead letters: invalid_field 2"}},
		{"nobody waits, but time is moved", bad + "\n" + `{"type":"clock","at":"2026-03-02T10:00:01Z"}` + "\n", []string{"--advance", "1m"}, 1, []string{"1 of 1 events became dead letters: invalid_field 1"}},
		{"a clock without a time", `{"type":"clock","at":"soon"}` + "\n", []string{"--wait"}, 1, []string{"1 of 1 events became dead letters"}},
		{"only a clock", `{"type":"clock","at":"2026-03-02T10:00:02Z"}` + "\n", []string{"--advance", "1m", "--wait"}, 0, nil},
		{"none", event("b") + "\n", []string{"--wait"}, 0, nil},
	} {
		args := append([]string{"replay", write(t, "events.jsonl", c.file), "--server", r.server, "--brokers", r.brokers}, c.flags...)
		got := millrace(t, c.exit, args...)
		lacks(t, got.errs, c.errs...)
		if c.errs == nil && got.errs != "" {
			t.Errorf("%s: %s", c.name, got.errs)
		}
	}
}

// Flags that would make a replay fail for another reason, or do nothing, are refused before it begins.
func TestReplayRefusesFlagsThatMakeNoSense(t *testing.T) {
	elsewhere(t)
	file := write(t, "e.jsonl", "{}\n")
	for flags, says := range map[string]string{
		"--timeout 0s":                    "--timeout 0s: must be above 0",
		"--timeout -1m":                   "--timeout -1m0s: must be above 0",
		"--advance -1m":                   "--advance -1m0s: must not be below 0",
		"--shift-to 1970-01-01":           `"1970-01-01" for "--shift-to" flag: it is not after the beginning of 1970`,
		"--shift-to 1969-12-31":           `"1969-12-31" for "--shift-to" flag: it is not after the beginning of 1970`,
		"--shift-to 1970-01-01T00:00:00Z": "it is not after the beginning of 1970",
		"--shift-to 1999-12-31":           "it is before 2000",
		"--shift-to soon":                 `"soon" for "--shift-to" flag: not a time`,
	} {
		errs := millrace(t, 2, append(append([]string{"replay", file}, strings.Fields(flags)...), nobody()...)...).errs
		lacks(t, errs, says)
		if strings.Contains(errs, "dial") {
			t.Errorf("%s: %s", flags, errs)
		}
	}
}

// TestReplayRefusesWhatItCannotRead: with a sentence, before anything is sent.
func TestReplayRefusesWhatItCannotRead(t *testing.T) {
	addr := broker(t)
	create(t, addr, "payments", 1)
	for file, says := range map[string]string{"PK\x03\x04": "JSON lines", "\xff\xfe{\x00": "UTF-8", `{"events":[{}]}`: "POST /v1/events", "[{},": "event 2"} {
		lacks(t, millrace(t, 2, "replay", write(t, "events", file), "--brokers", addr).errs, says)
	}
	if n := sent(t, addr, "payments"); n != 1 { // of the array that was cut off
		t.Errorf("%d records", n)
	}
}
