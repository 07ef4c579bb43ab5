package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

const goodMission = `- id: swiggy-500
  title: Spend ₹500 at Swiggy
  currency: INR
  goal: {metric: amount, target: 50000}
  filters: [{id: amount, operator: gte, values: 10000}, {id: merchant, operator: eq, values: swiggy}]
  window: {kind: fixed, from: "2026-03-01", to: "2026-03-08"}
  time_zone: Asia/Kolkata
  reward: {kind: coins, amount: 100}
  status: active
`

// nobody returns flags with addresses where nobody listens.
func nobody() []string { return []string{"--brokers", "127.0.0.1:1", "--server", "http://127.0.0.1:1"} }

func TestMissionApplyDryRun(t *testing.T) {
	elsewhere(t)
	file := write(t, "m.yaml", goodMission)
	const sentence = "Spend ₹500.00 at swiggy from 1 to 7 March, win 100 coins"
	got := millrace(t, 0, append([]string{"mission", "apply", "--dry-run", "-f", file}, nobody()...)...)
	lacks(t, got.out, "swiggy-500", "valid", "active", sentence)

	got = millrace(t, 0, append([]string{"mission", "apply", "--dry-run", "-o", "json", "-f", file}, nobody()...)...)
	var list []map[string]any
	if err := json.Unmarshal([]byte(got.out), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0]["id"] != "swiggy-500" || list[0]["result"] != "valid" || list[0]["sentence"] != sentence {
		t.Errorf("got %v", list)
	}
}

// The sentence leaves the year out where both ends are in the same. The table shows it, and apply warns of a window in
// which nobody can pay.
func TestMissionApplyShowsTheYearAndWarnsOfAFarOne(t *testing.T) {
	elsewhere(t)
	now := time.Now()
	for name, tt := range map[string]struct {
		from, to time.Time
		warning  string
	}{
		"over":              {now.AddDate(-1, 0, -9), now.AddDate(-1, 0, -2), "is over: nobody can reach it any more, unless payments of that time are replayed"},
		"over since today":  {now.AddDate(0, 0, -9), now.AddDate(0, 0, -1), "is over: nobody can reach it any more"},
		"under way":         {now.AddDate(0, 0, -3), now.AddDate(0, 0, 4), ""},
		"next week":         {now.AddDate(0, 0, 7), now.AddDate(0, 0, 14), ""},
		"next year":         {now.AddDate(0, 11, 0), now.AddDate(0, 11, 7), ""},
		"a generation away": {now.AddDate(36, 0, 0), now.AddDate(36, 0, 7), "begins more than a year ahead: is the year right?"},
	} {
		from, to := tt.from.Format(time.DateOnly), tt.to.Format(time.DateOnly)
		file := write(t, "m.yaml", strings.NewReplacer("2026-03-01", from, "2026-03-08", to).Replace(goodMission))
		window := from + " to " + tt.to.AddDate(0, 0, -1).Format(time.DateOnly) + " Asia/Kolkata"
		for _, form := range []string{"table", "json"} {
			got := millrace(t, 0, append([]string{"mission", "apply", "--dry-run", "-o", form, "-f", file}, nobody()...)...)
			lacks(t, got.out, window)
			if tt.warning != "" {
				lacks(t, got.errs, "Warning: mission swiggy-500: its window, "+window+", "+tt.warning)
			} else if strings.Contains(got.errs+got.out, "arning") {
				t.Errorf("%s: %s%s", name, got.out, got.errs)
			}
		}
		ended := write(t, "ended.yaml", strings.NewReplacer("2026-03-01", from, "2026-03-08", to, "status: active", "status: ended").Replace(goodMission))
		if got := millrace(t, 0, append([]string{"mission", "apply", "--dry-run", "-f", ended}, nobody()...)...); strings.Contains(got.errs, "Warning") {
			t.Errorf("%s: of what has ended anyhow: %s", name, got.errs)
		}
	}
	file := write(t, "m.yaml", strings.ReplaceAll(goodMission, "2026-", "1926-"))
	lacks(t, millrace(t, 2, append([]string{"mission", "apply", "--dry-run", "-f", file}, nobody()...)...).errs, "/0/window/to", "before the year 2000")
}

// A mission whose days depend on a zone, and that names none, is applied with a note that says so; one that names it
// has none.
func TestMissionWithoutTimeZoneSaysSo(t *testing.T) {
	elsewhere(t)
	const note = "time_zone is not given: its days and local times are those of UTC"
	without := write(t, "m.yaml", strings.Replace(goodMission, "  time_zone: Asia/Kolkata\n", "", 1))
	for _, form := range []string{"table", "json"} {
		args := append([]string{"mission", "apply", "--dry-run", "-o", form, "-f"}, without)
		lacks(t, millrace(t, 0, append(args, nobody()...)...).out, note)
		args[len(args)-1] = write(t, "zone.yaml", goodMission)
		if got := millrace(t, 0, append(args, nobody()...)...); strings.Contains(got.out+got.errs, "time_zone") {
			t.Errorf("a mission with a zone: %s%s", got.out, got.errs)
		}
	}
}

func TestInvalidMissionsListEveryProblem(t *testing.T) {
	elsewhere(t)
	bad := strings.NewReplacer("target: 50000", "target: -1", "operator: gte", "operator: near", "INR", "rupees", "metric: amount", "metric: hops").Replace(goodMission)
	second := strings.Replace(goodMission, "id: swiggy-500", "id: other\n  colour: red", 1)
	files := []string{"-f", write(t, "bad.yaml", bad), "-f", write(t, "second.yaml", goodMission+second)}
	for _, dry := range []bool{true, false} { // nothing is sent of a file that has problems
		args := append(append([]string{"mission", "apply"}, files...), nobody()...)
		if dry {
			args = append(args, "--dry-run")
		}
		got := millrace(t, 2, args...)
		lacks(t, got.errs, "bad.yaml", "/0/goal/target", "/0/filters/0/operator", "/0/currency", "/0/goal/metric", "second.yaml", "/1/colour")
		if got.out != "" {
			t.Errorf("it printed %q", got.out)
		}
	}
}

func TestMissionFilesThatCannotBeApplied(t *testing.T) {
	elsewhere(t)
	good, again := write(t, "a.yaml", goodMission), write(t, "b.yaml", goodMission)
	for want, files := range map[string][]string{
		`mission "swiggy-500" is in ` + good + " too": {good, again},
		"no missions given":                           {write(t, "none.yaml", "[]")},
		"no such file":                                {"nowhere.yaml"},
		"is used twice in the file":                   {write(t, "twice.yaml", goodMission+goodMission)},
	} {
		args := append([]string{"mission", "apply", "--dry-run"}, nobody()...)
		for _, f := range files {
			args = append(args, "-f", f)
		}
		lacks(t, millrace(t, 2, args...).errs, want)
	}
}

func TestMissionCommandsWithoutAServer(t *testing.T) {
	elsewhere(t)
	for _, args := range [][]string{{"mission", "list"}, {"mission", "get", "m"}} {
		lacks(t, millrace(t, 2, append(args, nobody()...)...).errs, "no answer from http://127.0.0.1:1", "connection refused", "start `millrace dev`")
		lacks(t, millrace(t, 2, append(append(args, "--token", "x"), nobody()...)...).errs, "no answer from http://127.0.0.1:1")
	}
}

// What is sound and can never give anything is taken with a warning.
func TestMissionApplyWarnsOfWhatNobodyCanWin(t *testing.T) {
	elsewhere(t)
	now := time.Now().UTC()
	from, to := now.AddDate(0, 0, 7).Format(time.DateOnly), now.AddDate(0, 0, 14).Format(time.DateOnly)
	sound := strings.NewReplacer("2026-03-01", from, "2026-03-08", to).Replace(goodMission)
	for change, warning := range map[string]string{
		"limits: {budget: 5}":                                        "one reward is more than the whole budget: nobody can win it",
		"limits: {budget: 100}":                                      "",
		"limits: {budget: 5, over_budget: truncate}":                 "",
		"activate_at: " + now.AddDate(0, 0, 15).Format(time.RFC3339): "is over when it becomes active: nobody can reach it",
		"activate_at: " + now.AddDate(0, 0, 6).Format(time.RFC3339):  "",
	} {
		text := sound + "  " + change + "\n"
		if strings.HasPrefix(change, "activate_at") {
			text = strings.Replace(text, "status: active", "status: scheduled", 1)
		}
		got := millrace(t, 0, append([]string{"mission", "apply", "--dry-run", "-f", write(t, "m.yaml", text)}, nobody()...)...)
		if warned := strings.Contains(got.errs, "Warning"); warned != (warning != "") || !strings.Contains(got.errs, warning) {
			t.Errorf("%s: %s", change, got.errs)
		}
	}
}
