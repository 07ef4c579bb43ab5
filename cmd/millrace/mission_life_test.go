package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestMissionsLiveByTheCommandLine applies files to a dev, edits them, moves missions and prunes them; the audit knows
// why.
func TestMissionsLiveByTheCommandLine(t *testing.T) {
	d := startTour(t)
	elsewhere(t)
	mission := func(status int, args ...string) answer {
		t.Helper()
		return millrace(t, status, append(append([]string{"mission"}, args...), "--server", d.server, "--brokers", d.brokers)...)
	}
	editor := strings.TrimSpace(millrace(t, 0, "token", "mint", "--sub", "asif", "--role", "editor", "--server", d.server).out)
	d.post("/v1/panel/reward-templates", editor, `{"id":"hundred","reward":{"kind":"coins","amount":100},"debt":"floor"}`)
	templated := strings.Replace(goodMission, "{kind: coins, amount: 100}", "{template: hundred}", 1)
	file := write(t, "m.yaml", templated)

	lacks(t, mission(0, "apply", "--dry-run", "-f", file).out, "swiggy-500", "new", "active", "win 100 coins")
	lacks(t, mission(0, "apply", "-f", file, "--reason", "launch").out, "swiggy-500", "applied")
	lacks(t, mission(0, "apply", "-f", file).out, "unchanged")
	lacks(t, mission(2, "apply", "-f", write(t, "none.yaml", strings.Replace(templated, "hundred", "nothing", 1))).errs, "/0/reward/template", "no active reward template")

	later := time.Now().Add(time.Hour).UTC().Format(time.RFC3339) // beyond what apply waits for
	edited := write(t, "edited.yaml", strings.Replace(templated, "target: 50000", "target: 60000", 1)+"  in_force_from: "+later+"\n")
	lacks(t, mission(0, "apply", "--dry-run", "-f", edited).out, "changed", "/goal/target: 50000 -> 60000")
	lacks(t, mission(0, "apply", "-f", edited).out, "applied", "/goal/target: 50000 -> 60000")
	var shown struct {
		Version  int64
		Versions []struct {
			InForceFrom time.Time `json:"in_force_from"`
		}
		Reward struct{ Template, Kind string }
		Debt   string
	}
	if err := json.Unmarshal([]byte(mission(0, "get", "swiggy-500", "-o", "json").out), &shown); err != nil {
		t.Fatal(err)
	}
	if shown.Version != 2 || shown.Versions[1].InForceFrom.Format(time.RFC3339) != later || shown.Reward.Template != "hundred" || shown.Reward.Kind != "coins" || shown.Debt != "floor" {
		t.Errorf("%+v", shown)
	}
	lacks(t, mission(0, "get", "swiggy-500", "--version", "1", "-o", "json").out, `"target": 50000`, `"version": 1`)
	lacks(t, mission(1, "get", "swiggy-500", "--version", "3").errs, "no version 3")
	lacks(t, mission(2, "get", "swiggy-500", "--version", "0").errs, "count from 1")
	back := write(t, "back.json", mission(0, "get", "swiggy-500", "-o", "json").out) // what was read can be applied
	lacks(t, mission(0, "apply", "-f", back).out, "unchanged")

	lacks(t, mission(0, "pause", "swiggy-500", "--reason", "fraud").out, "paused")
	lacks(t, mission(1, "activate", "none").errs, `there is no mission "none"`, "millrace mission list")
	lacks(t, mission(2, "resume", "swiggy-500", "--at", "yesterday").errs, "not a time")
	lacks(t, mission(1, "resume", "swiggy-500", "--at", later).errs, "/at")
	lacks(t, mission(0, "resume", "swiggy-500").out, "active")
	second := write(t, "second.yaml", strings.NewReplacer("swiggy-500", "second", "status: active", "status: draft").Replace(goodMission))
	lacks(t, mission(0, "apply", "-f", second).out, "second", "draft")
	lacks(t, mission(0, "activate", "second", "--at", later).out, "scheduled")
	lacks(t, mission(0, "apply", "--dry-run", "--prune", "-f", edited).out, "second", "to be archived")
	lacks(t, mission(0, "apply", "--prune", "-f", edited, "--reason", "cleaning").out, "second", "archived", "swiggy-500", "unchanged")
	lacks(t, mission(0, "end", "swiggy-500").out, "ended")
	lacks(t, mission(0, "archive", "swiggy-500").out, "archived")

	var reasons []string
	_, body := d.ask(d.request("GET", "/v1/panel/audit?kind=mission&id=swiggy-500", editor, ""))
	var audit struct {
		Items []struct{ Action, Reason, Verdict string }
	}
	if err := json.Unmarshal(body, &audit); err != nil {
		t.Fatal(err)
	}
	for _, line := range audit.Items {
		if line.Verdict == "applied" { // what was so already, or could not be, is there, too
			reasons = append(reasons, strings.TrimSpace(line.Action+" "+line.Reason))
		}
	}
	if got := strings.Join(reasons, ", "); got != "status, status, status, status fraud, changed, created launch" {
		t.Errorf("the audit says %s", got)
	}
}
