package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// lettersOf returns the dead letters of a dev, newest first.
func lettersOf(t *testing.T, r *tour, more ...string) (all []shownLetter) {
	t.Helper()
	got := millrace(t, 0, append([]string{"deadletters", "list", "--all", "-o", "json", "--server", r.server}, more...)...)
	if err := json.Unmarshal([]byte(got.out), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// What could not be used is replayed, edited and replayed, and discarded; what fails again is another dead letter that
// names the first.
func TestDeadLettersAreReplayedAndDiscarded(t *testing.T) {
	t.Parallel()
	r := startTour(t)
	run := func(code int, args ...string) answer {
		t.Helper()
		return millrace(t, code, append(args, "--server", r.server, "--brokers", r.brokers)...)
	}
	now := time.Now().UTC().Format(time.RFC3339)
	event := func(id, kind, txn string, amount int) string {
		return fmt.Sprintf(`{"id":%q,"type":%q,"transaction_id":%q,"user_id":"usr_1","amount":%d,"currency":"INR","status":"success","updated_at":%q}`, id, kind, txn, amount, now)
	}
	file := write(t, "bad.jsonl", strings.Join([]string{
		event("e1", "payment", "txn_1", 100), event("e2", "reversal", "txn_1", 500), "not json", event("e3", "payment", "txn_3", -1), "nor this", "nor that",
	}, "\n"))
	run(0, "replay", file, "--wait")
	byRaw := map[string]string{}
	for _, l := range lettersOf(t, r) {
		byRaw[run(0, "deadletters", "get", l.ID, "--raw").out] = l.ID
		if l.State != "open" || l.Decision != nil {
			t.Errorf("%+v", l)
		}
	}
	over := ""
	for raw, id := range byRaw {
		if strings.Contains(raw, `"id":"e2"`) {
			over = id
		}
	}
	negative, junk := byRaw[event("e3", "payment", "txn_3", -1)], byRaw["not json"]
	if over == "" || negative == "" || junk == "" {
		t.Fatalf("%v", byRaw)
	}
	settled := func() { // everything sent so far has been worked off
		t.Helper()
		run(0, "replay", write(t, "clock.jsonl", fmt.Sprintf(`{"type":"clock","at":%q}`, now)), "--wait")
	}

	// Edited, it is a payment.
	mended := write(t, "mended.json", event("e3", "payment", "txn_3", 300))
	lacks(t, run(0, "deadletters", "replay", negative, "-f", mended, "--why", "a sign", "--key", "k1").out, "replayed", "a sign (edited)", actor())
	lacks(t, run(0, "deadletters", "replay", negative, "-f", mended, "--why", "a sign", "--key", "k1").out, "replayed") // done once
	lacks(t, run(1, "deadletters", "replay", negative, "-f", mended).errs, "it is replayed already")
	settled()
	lacks(t, run(0, "transaction", "get", "txn_3").out, "300", "event e3", "applied")
	checkReplayed(t, r.brokers, negative, "txn_3")

	// As it was, it fails again: in intake, and in the ledger, which the record reaches without its headers.
	for _, id := range []string{junk, over} {
		run(0, "deadletters", "replay", id)
		settled()
		again := lettersOf(t, r, "--state", "open")[0]
		if again.ReplayOf == nil || *again.ReplayOf != id || again.ID == id {
			t.Errorf("the replay of %s failed as %+v", id, again)
		}
		lacks(t, run(0, "deadletters", "show", again.ID).out, "replay of", id)
		lacks(t, run(0, "deadletters", "list", "--state", "replayed").out, id)
	}

	// Many, counted first.
	dry := run(0, "deadletters", "discard", "--reason", "malformed", "--topic", "payments", "--why", "noise", "--dry-run")
	lacks(t, dry.errs, "3 dead letters (malformed 3) would be discarded")
	lacks(t, run(2, "deadletters", "discard", "--reason", "malformed", "--why", "noise").errs, "3 dead letters (malformed 3) will be discarded", "--yes", "--dry-run")
	if n := len(lettersOf(t, r, "--state", "discarded")); n != 0 {
		t.Errorf("%d were discarded", n)
	}
	done := run(0, "deadletters", "discard", "--reason", "malformed", "--why", "noise", "--yes", "-o", "json").out
	if strings.Count(done, `"discarded"`) != 3 {
		t.Error(done)
	}
	if n := len(lettersOf(t, r, "--state", "discarded", "--reason", "malformed")); n != 3 {
		t.Errorf("%d are discarded", n)
	}
	lacks(t, run(1, "deadletters", "discard", "--reason", "malformed", "--why", "noise", "--yes").errs, "no open dead letter passes")
	lacks(t, run(1, "deadletters", "replay", "--topic", "claims", "--yes").errs, "no open dead letter passes")
	lacks(t, run(0, "deadletters", "replay", "--all", "--yes").out, "replayed") // the reversal's second
	lacks(t, run(0, "verify").out, "conservation  true")

	// What is decided is forgotten.
	lacks(t, run(1, "deadletters", "purge", "--all", "--before", "2020-01-01", "--why", "old", "--yes").errs, "no decided dead letter passes")
	lacks(t, run(2, "deadletters", "purge", junk, "--before", "2020-01-01", "--why", "old").errs, "leave it out beside ID")
	lacks(t, run(0, "deadletters", "purge", junk, "--why", "old").out, junk)
	lacks(t, run(1, "deadletters", "show", junk).errs, "there is no dead letter")
	run(0, "deadletters", "purge", "--all", "--why", "old", "--yes")
	if left := lettersOf(t, r); len(left) != len(lettersOf(t, r, "--state", "open")) {
		t.Errorf("%d are left", len(left))
	}
	checkLetterUse(t, run)
}

// checkReplayed finds the record of a replay in payments, under its own key and with the id of its dead letter.
func checkReplayed(t *testing.T, addr, letter, key string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics("payments"), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		for rec := range fetches.RecordsAll() {
			if len(rec.Headers) == 1 && rec.Headers[0].Key == "mr-dead-letter" && string(rec.Headers[0].Value) == letter {
				if string(rec.Key) != key {
					t.Errorf("the key is %q", rec.Key)
				}
				return
			}
		}
	}
}

// checkLetterUse gives what is not understood.
func checkLetterUse(t *testing.T, run func(int, ...string) answer) {
	t.Helper()
	for says, args := range map[string][]string{
		"which? Give ID":                      {"replay"},
		"not both":                            {"replay", "payments-0-1", "--reason", "malformed"},
		"--all is all":                        {"replay", "--all", "--group", "intake"},
		"of one dead letter":                  {"replay", "--all", "--file", "x"},
		`required flag(s) "why"`:              {"discard", "payments-0-1"},
		"no such file or directory":           {"replay", "payments-0-1", "--file", "none"},
		"is empty: it has no bytes":           {"replay", "payments-0-1", "--file", os.DevNull},
		"must be open, replayed or discarded": {"list", "--state", "lost"},
	} {
		lacks(t, run(2, append([]string{"deadletters"}, args...)...).errs, says)
	}
	for _, args := range [][]string{{"replay", "payments-9-9"}, {"discard", "payments-9-9", "--why", "w"}, {"replay", "payments-9-9", "--dry-run"}} {
		lacks(t, run(1, append([]string{"deadletters"}, args...)...).errs, `there is no dead letter "payments-9-9"`, "millrace deadletters list")
	}
}
