package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// Events that the ledger would refuse for their age are found before anything is sent, and can be moved to a time that
// it takes.
func TestReplayLooksForWhatIsTooOld(t *testing.T) {
	r := startTour(t)
	event := func(id, at string) string {
		return fmt.Sprintf(`{"id":%q,"type":"payment","transaction_id":%q,"user_id":"u","amount":100,"currency":"INR","status":"success","updated_at":%q}`, id, id, at) + "\n"
	}
	replay := func(code int, file string, more ...string) answer {
		t.Helper()
		return millrace(t, code, append([]string{"replay", write(t, "events.jsonl", file), "--server", r.server, "--brokers", r.brokers}, more...)...)
	}
	journal := func(id string) (at []string) {
		t.Helper()
		got := millrace(t, 0, "transaction", "get", id, "-o", "json", "--server", r.server)
		var shown struct {
			Journal []struct{ At, Verdict string }
		}
		if err := json.Unmarshal([]byte(got.out), &shown); err != nil {
			t.Fatal(err)
		}
		for _, line := range shown.Journal {
			at = append(at, line.Verdict+" "+line.At)
		}
		return at
	}
	march := event("m1", "2026-03-01T10:00:00Z") + event("m2", "2026-03-01T10:00:07.5Z") + `{"type":"clock","at":"2026-03-01T10:01:00Z"}` + "\n"
	november := event("n1", "2026-11-20T10:00:00Z")
	if got := replay(0, november, "--wait"); got.errs != "" { // a pipeline without a time refuses nothing
		t.Errorf("november: %s", got.errs)
	}

	before := sent(t, r.brokers, "payments")
	got := replay(1, march)
	lacks(t, got.errs, "all 2 events", "too_old", "2026-03-01T10:00:07.500Z", "2026-08-22T10:00:00.000Z", "2160h", "--shift-to now", "nothing was sent")
	if n := sent(t, r.brokers, "payments"); n != before || got.out != "" {
		t.Errorf("%d records were sent, and it says %q", n-before, got.out)
	}
	got = replay(0, event("n2", "2026-11-20T10:00:01Z")+march, "--wait")
	lacks(t, got.errs, "2 of 3 events", "too_old", "--shift-to", "2 of 3 events became dead letters: too_old 2")
	lacks(t, got.out, "sent=4")

	got = replay(0, strings.NewReplacer(`"m1"`, `"s1"`, `"m2"`, `"s2"`).Replace(march), "--shift-to", "2026-11-21T00:01:00Z", "--wait")
	lacks(t, got.errs, "moved by 6350h0m0s", "2026-11-21T00:00:00.000Z", "2026-11-21T00:01:00.000Z")
	if a, b := journal("s1"), journal("s2"); fmt.Sprint(a, b) != "[applied 2026-11-21T00:00:00.000Z] [applied 2026-11-21T00:00:07.500Z]" {
		t.Errorf("%v %v", a, b)
	}
	started := instant.Of(time.Now())
	replay(0, event("k", "2026-03-01T10:00:00Z"), "--shift-to", "now", "--wait")
	var at instant.Milli
	if err := at.UnmarshalText([]byte(strings.TrimPrefix(journal("k")[0], "applied "))); err != nil || at < started || at > instant.Of(time.Now()) {
		t.Errorf("now is %v: %v", at, err)
	}
	lacks(t, replay(1, march, "--shift-to", "2026-04-01").errs, "all 2 events", "too_old")
	for says, to := range map[string]string{
		"write RFC 3339": "yesterday", "in the future": "2099-01-01", "before 2000": "1999-01-01",
	} {
		lacks(t, replay(2, march, "--shift-to", to).errs, "--shift-to", says)
	}
	lacks(t, replay(2, "not json\n", "--shift-to", "now").errs, "no event with a usable updated_at")
	lacks(t, millrace(t, 2, "replay", "-", "--shift-to", "now", "--brokers", r.brokers).errs, "--shift-to", "standard input", "file")
}
