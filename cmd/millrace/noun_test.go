package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// TestNouns uses every command that reads or writes over HTTP against a dev, in all forms of output.
func TestNouns(t *testing.T) {
	t.Parallel()
	r := startTour(t)
	run := func(code int, args ...string) answer {
		t.Helper()
		return millrace(t, code, append(args, "--server", r.server, "--brokers", r.brokers)...)
	}
	run(0, "mission", "apply", "-f", write(t, "m.yaml", strings.Replace(goodMission, `{kind: fixed, from: "2026-03-01", to: "2026-03-08"}`, `{kind: fixed, from: "2020-01-01", to: "2040-01-01"}`, 1)))
	event := func(id, user, status string) string {
		return fmt.Sprintf(`{"id":"e-%s","type":"payment","transaction_id":%q,"user_id":%q,"amount":60000,"currency":"INR","status":%q,"mode":"upi","instrument":"sbi","merchant":"swiggy","updated_at":%q}`+"\n",
			id, id, user, status, time.Now().UTC().Format(time.RFC3339))
	}
	run(0, "replay", write(t, "p.jsonl", event("txn_1", "usr_1", "success")+event("txn_2", "usr_1", "failed")+
		strings.Replace(event("txn_3", "usr_1", "success"), `"payment"`, `"reversal"`, 1)+"not json\n"), "--wait")

	lacks(t, run(0, "transaction", "get", "txn_1").out, "txn_1", "success", "usr_1", "INR", "60000", "event e-txn_1", "applied")
	lacks(t, run(0, "transaction", "get", "txn_2", "-o", "yaml").out, "status: failed", "transaction_id: txn_2")
	until := regexp.MustCompile(`20\d\d-\d\d-\d\dT[0-9:.]+Z`).FindString(run(0, "transaction", "get", "txn_3").out)
	if at, err := time.Parse(time.RFC3339, until); err != nil || time.Until(at) < 89*24*time.Hour || time.Until(at) > 90*24*time.Hour {
		t.Errorf("a refund without a payment waits until %q (%v)", until, err)
	}
	lacks(t, run(0, "verify").out, "reversal e-txn_3 of transaction txn_3: ₹600.00, no payment so far, given up after "+until)
	lacks(t, run(1, "transaction", "get", "none").errs, `there is no payment "none"`)
	lacks(t, run(0, "user", "missions", "usr_1", "--all").out, "swiggy-500", "60000", "50000")
	lacks(t, run(0, "user", "missions", "nobody", "-o", "json").out, `"id": "swiggy-500"`, `"progress": 0`)

	rewards := func(user string) (ids []string) {
		t.Helper()
		var list []struct{ ID, State string }
		if err := json.Unmarshal([]byte(run(0, "user", "rewards", user, "-o", "json").out), &list); err != nil {
			t.Fatal(err)
		}
		for _, w := range list {
			ids = append(ids, w.ID+" "+w.State)
		}
		return ids
	}
	granted := run(0, "reward", "grant", "usr_2", "--kind", "coins", "--amount", "70", "--reason", "apology", "--key", "k1").out
	lacks(t, granted, "coins", "70")
	if again := run(0, "reward", "grant", "usr_2", "--kind", "coins", "--amount", "70", "--reason", "apology", "--key", "k1").out; strings.Fields(again)[8] != strings.Fields(granted)[8] {
		t.Errorf("the same key gave another reward:\n%s%s", granted, again)
	}
	if got := rewards("usr_2"); len(got) != 1 {
		t.Fatalf("rewards of usr_2: %v", got)
	}
	lacks(t, run(1, "reward", "grant", "usr_2", "--kind", "coins", "--amount", "71", "--reason", "apology", "--key", "k1").errs, "409 idempotency_conflict")
	lacks(t, run(1, "reward", "grant", "usr_2", "--kind", "coins", "--amount", "-1", "--reason", "apology").errs, "/amount")
	lacks(t, run(1, "reward", "grant", "usr_2", "--kind", "coins", "--amount", "7", "--reason", "r", "--expires-after", "720h").errs, "/expires_after")
	lacks(t, run(0, "reward", "grant", "usr_2", "--kind", "coins", "--amount", "7", "--reason", "r", "--expires-after", "720h", "--grant", "claim").out, "claimable")
	id := strings.Fields(rewards("usr_2")[0])[0]
	lacks(t, run(0, "reward", "get", "usr_2", id).out, id, "coins")
	lacks(t, run(1, "reward", "get", "usr_2", "none").errs, `there is no reward "none" of user "usr_2"`, "millrace user rewards usr_2")
	lacks(t, run(0, "reward", "cancel", "usr_2", id, "--reason", "mistake").out, id)
	lacks(t, run(1, "reward", "cancel", "usr_2", "none", "--reason", "mistake").errs, `there is no reward "none"`)
	lacks(t, run(0, "user", "coins", "usr_2").out, "balance", "debt")
	lacks(t, run(0, "user", "coins", "usr_2", "-o", "json").out, `"balance":`, `"entries":`)

	letter := strings.Fields(run(0, "deadletters", "list", "--reason", "malformed").out)[6]
	lacks(t, run(0, "deadletters", "show", letter).out, letter, "malformed", `"not json"`)
	if raw := run(0, "deadletters", "show", letter, "--raw").out; raw != "not json" {
		t.Errorf("--raw wrote %q", raw)
	}
	lacks(t, run(1, "deadletters", "show", "payments-9-9").errs, `there is no dead letter "payments-9-9"`)
	lacks(t, run(0, "health", "list").out, "WHAT", "STATE")
	lacks(t, run(1, "health", "status", "upi", "nobody").errs, `there is no instrument "nobody" of mode "upi"`, "millrace health list")

	for _, d := range []struct{ noun, yaml, id string }{
		{"brand", "{id: b1, name: Swiggy}", "b1"}, {"ad", "{id: a1, title: Win, placement: home}", "a1"}, {"pool", "{id: p1, title: Diwali}", "p1"},
		{"reward-template", "{id: t1, reward: {kind: coins, amount: 5}}", "t1"},
	} {
		file := write(t, "d.yaml", "- "+d.yaml+"\n")
		lacks(t, run(0, d.noun, "apply", "--dry-run", "-f", file).out, d.id, "valid")
		lacks(t, run(1, d.noun, "get", d.id).errs, `"`+d.id+`"`, "millrace "+d.noun+" list")
		lacks(t, run(0, d.noun, "apply", "-f", file, "--reason", "new").out, d.id, "applied", "active", "1")
		lacks(t, run(0, d.noun, "apply", "-f", file).out, d.id, "unchanged")
		lacks(t, run(0, d.noun, "get", d.id, "-o", "json").out, `"revision": 1`)
		if d.noun == "pool" {
			lacks(t, run(0, "pool", "codes", "p1", write(t, "codes.csv", "A1B2C3D4\nE5F6G7H8\n")).out, "p1", "2", "done")
			lacks(t, run(0, "pool", "apply", "-f", file).out, "unchanged") // the codes are no part of what a file says
			lacks(t, run(0, "pool", "list").out, "2 codes uploaded")
			dry := run(1, "pool", "codes", "p1", write(t, "dry.csv", "code;\nA1B2C3D4;\nZ9Y8X7W6;\nVoucher Code;\n"), "--dry-run")
			lacks(t, dry.out, "dry_run", `separator ";"`, `header "code"`, "2 like A9A9A9A9, from line 2", "/lines/4 looks like a heading")
			lacks(t, dry.errs, "1 lines are no codes")
			if strings.Contains(dry.out+dry.errs, "Z9Y8") {
				t.Errorf("a code is shown: %s", dry.out)
			}
			blank := write(t, "blank.csv", "\n \n\n")
			lacks(t, run(1, "pool", "codes", "p1", blank, "--dry-run").errs, "the file holds no codes")
			lacks(t, run(1, "pool", "codes", "p1", blank).errs, "the file holds no codes")
			lacks(t, run(1, "pool", "codes", "p1", os.DevNull).errs, "the file holds no codes")
			lacks(t, run(1, "pool", "codes", "none", write(t, "codes.csv", "A1B2C3D4\n")).errs, `there is no pool "none"`)
		}
		lacks(t, run(0, d.noun, "archive", d.id, "--reason", "old").out, "archived")
		lacks(t, run(0, d.noun, "list", "--status", "archived").out, d.id, "archived")
		lacks(t, run(1, d.noun, "archive", "none").errs, `"none"`)
	}
	checkPaging(t, run)
	checkCompletion(t, r)
}

func checkPaging(t *testing.T, run func(int, ...string) answer) {
	t.Helper()
	first := run(0, "audit", "list", "--limit", "2")
	if n := strings.Count(first.out, "\n"); n != 3 {
		t.Errorf("--limit 2 shows %d lines:\n%s", n, first.out)
	}
	lacks(t, first.errs, "There are more than these 2", "--all")
	all := run(0, "audit", "list", "--all")
	if n := strings.Count(all.out, "\n"); n < 10 || all.errs != "" {
		t.Errorf("--all shows %d lines and says %q", n, all.errs)
	}
	lacks(t, run(0, "audit", "list", "--kind", "brand", "--id", "b1").out, "token of millrace-dev, role editor", actor(), "brand/b1", "created", "archived", "new", "old")
	lacks(t, run(2, "audit", "list", "--id", "b1").errs, "--kind")
	lacks(t, run(2, "audit", "list", "--from", "yesterday").errs, "--from")
	lacks(t, run(2, "audit", "list", "--kind", "boat").errs, "must be mission, ")
	lacks(t, run(2, "mission", "list", "--limit", "0").errs, "--limit 0")
	lacks(t, run(2, "mission", "list", "--limit", "3", "--all").errs, "limit", "all")
	lacks(t, run(0, "mission", "list", "--status", "active", "--all").out, "swiggy-500")
}

// checkCompletion asks as a shell does.
func checkCompletion(t *testing.T, r *tour) {
	t.Helper()
	for want, words := range map[string][]string{
		"swiggy-500\tSpend": {"mission", "get", ""}, "b1\t": {"brand", "get", ""}, ":4\n": {"mission", "pause", "swiggy-500", ""},
		"payments-0-1\t": {"deadletters", "show", ""}, "yaml": {"config", "-o", ""}, "health-setting": {"audit", "list", "--kind", ""},
	} {
		lacks(t, millrace(t, 0, append([]string{"__complete", "--server", r.server}, words...)...).out, want)
	}
	if got := millrace(t, 0, "__complete", "--server", "http://127.0.0.1:1", "mission", "get", "").out; got != ":4\n" {
		t.Errorf("without a server: %q", got)
	}
}

func TestVersionAndMan(t *testing.T) {
	elsewhere(t)
	var b map[string]any
	if err := json.Unmarshal([]byte(millrace(t, 0, "version", "-o", "json").out), &b); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"version", "commit", "commit_time", "modified", "go", "platform"} {
		if b[name] == nil || b[name] == "" {
			t.Errorf("%s is missing: %v", name, b)
		}
	}
	lacks(t, fmt.Sprint(b["go"]), "go1.")
	lacks(t, millrace(t, 0, "--version").out, "millrace version dev")
	dir := filepath.Join(t.TempDir(), "man1")
	millrace(t, 0, "man", dir)
	for _, page := range []string{"millrace.1", "millrace-mission-apply.1", "millrace-erase-user.1"} {
		text, err := os.ReadFile(filepath.Join(dir, page))
		if err != nil {
			t.Fatal(err)
		}
		lacks(t, string(text), ".TH", "SYNOPSIS")
	}
}

func TestBuildSaysWhatItWasMadeOf(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go1.99", Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-03-01T10:00:00Z"}, {Key: "vcs.modified", Value: "true"},
	}}
	if b := buildOf(info); b.Commit != "abc" || b.Time != "2026-03-01T10:00:00Z" || !b.Modified || b.Go != "go1.99" {
		t.Errorf("%+v", b)
	}
	if b := buildOf(nil); b.Commit != "unknown" || b.Go == "" {
		t.Errorf("%+v", b)
	}
}
