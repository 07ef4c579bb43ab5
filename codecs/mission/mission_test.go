package mission_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/codecs/codectest"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
)

// The example of docs/missions.md, with what else may stand there.
const contractMission = `
- id: swiggy-500
  title: Spend ₹500 at Swiggy
  currency: INR
  goal: {metric: amount, target: 50000}            # count: {metric: count, target: 3}; distinct: {metric: distinct, field: merchant, target: 3}; streak: {metric: streak, target: 3}
  filters: [{id: amount, operator: gte, values: 10000}, {id: merchant, operator: eq, values: swiggy}]   # OR: {any: [filter, …]}
  window: {kind: fixed, from: "2026-03-01", to: "2026-03-08"}   # local dates or times, to excluded; {kind: recurring, every: day|week|month}; {kind: per_user, duration: 168h, start: enrolment|first_payment}
  time_zone: Asia/Kolkata
  reward: {kind: coins, amount: 100}
  grant: {mode: auto, hold: 0s}
  enrolment: automatic
  limits: {completions_per_user: 1, max_winners: 0, budget: 0, over_budget: reject}   # 0 = none
  audience: {rollout_percent: 100, segments: []}
  debt: negative
  status: active
`

func parseMissions(t *testing.T, text string) []mission.Mission {
	t.Helper()
	missions, err := missioncodec.ParseAll(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return missions
}

func TestMissionOfTheContract(t *testing.T) {
	missions := parseMissions(t, contractMission)
	if len(missions) != 1 {
		t.Fatal(len(missions))
	}
	if diff := cmp.Diff(codectest.Mission, string(missioncodec.JSON(&missions[0]))); diff != "" {
		t.Error(diff)
	}
	for _, same := range []string{codectest.Mission, "[" + codectest.Mission + "]", " \n" + codectest.Mission} {
		if diff := cmp.Diff(missions, parseMissions(t, same)); diff != "" {
			t.Errorf("JSON is not identical: %s", diff)
		}
	}
	one, err := missioncodec.Parse([]byte(codectest.Mission))
	if err != nil || !cmp.Equal(one, missions[0]) {
		t.Errorf("%v %+v", err, one)
	}
	if got := mission.Sentence(&missions[0]); got != "Spend ₹500.00 at swiggy from 1 to 7 March, win 100 coins" {
		t.Error(got)
	}
}

func TestMissionDefaults(t *testing.T) {
	got := parseMissions(t, `
id: m
currency: inr
goal: {metric: count, target: 3}
filters: []
window: {kind: fixed, from: 2026-03-01, to: 2026-03-08T12:00}
reward: {kind: scratch_card, amount: 100, expires_after: 168h}
`)[0]
	want := mission.Default()
	want.ID, want.Currency = "m", "INR"
	want.Goal = mission.Goal{Metric: mission.MetricCount, Target: 3}
	want.Window = mission.Window{Kind: mission.WindowFixed, From: "2026-03-01", To: "2026-03-08T12:00"}
	want.Reward = mission.Reward{Kind: mission.RewardScratchCard, Amount: 100, ExpiresAfter: 168 * time.Hour}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !bytes.Contains(missioncodec.JSON(&got), []byte(`"expires_after":"168h"`)) {
		t.Error(string(missioncodec.JSON(&got)))
	}
}

func TestMissionFilters(t *testing.T) {
	got := parseMissions(t, strings.Replace(contractMission, `filters: [{id: amount, operator: gte, values: 10000}, {id: merchant, operator: eq, values: swiggy}]`, `filters:
    - {id: amount, operator: between, values: [{amount: "100.00", currency: inr}, 50000]}
    - any:
        - {id: merchant, operator: in, values: [Swiggy, zomato]}
        - {id: attributes.score, operator: gte, values: 1.50}
    - {id: attributes.vip, operator: eq, values: true}
    - {id: category, operator: exists}`, 1))
	want := `"filters":[{"id":"amount","operator":"between","values":[10000,50000]},` +
		`{"any":[{"id":"merchant","operator":"in","values":["swiggy","zomato"]},{"id":"attributes.score","operator":"gte","values":1.50}]},` +
		`{"id":"attributes.vip","operator":"eq","values":true},{"id":"category","operator":"exists","values":true}]`
	if text := string(missioncodec.JSON(&got[0])); !strings.Contains(text, want) {
		t.Errorf("got %s\nwant %s", text, want)
	}
	again, err := missioncodec.Parse(missioncodec.JSON(&got[0]))
	if err != nil || !cmp.Equal(again, got[0]) {
		t.Errorf("%v: %s", err, cmp.Diff(got[0], again))
	}
}

func TestMissionProblems(t *testing.T) {
	replace := func(old, new string) string {
		if !strings.Contains(codectest.Mission, old) {
			t.Fatal(old)
		}
		return strings.Replace(codectest.Mission, old, new, 1)
	}
	tests := []struct{ name, text, want string }{
		{"unknown field", replace(`"debt"`, `"depth":1,"debt"`), "/0/depth unknown_field"},
		{"unknown field inside", replace(`"target":50000`, `"target":50000,"a/b":1`), "/0/goal/a~1b unknown_field"},
		{"unknown field of a filter", replace(`"values":10000`, `"values":10000,"value":1`), "/0/filters/0/value unknown_field"},
		{"text for a number", replace(`"target":50000`, `"target":"50000"`), "/0/goal/target wrong_type"},
		{"fraction", replace(`"target":50000`, `"target":0.5`), "/0/goal/target wrong_type"},
		{"too large", replace(`"target":50000`, `"target":9223372036854775808`), "/0/goal/target invalid_field"},
		{"number for a text", replace(`"currency":"INR"`, `"currency":5`), "/0/currency wrong_type"},
		{"list for an object", replace(`{"kind":"coins","amount":100}`, `[]`), "/0/reward wrong_type"},
		{"object for a list", replace(`"segments":[]`, `"segments":{}`), "/0/audience/segments wrong_type"},
		{"duration", replace(`"hold":"0s"`, `"hold":5`), "/0/grant/hold wrong_type"},
		{"value", replace(`"values":10000`, `"values":[[1]]`), "/0/filters/0/values/0 wrong_type"},
		{"wrong type", replace(`"values":10000`, `"values":"lots"`), "/0/filters/0/values wrong_type"},
		{"two at once", strings.Replace(replace(`"values":10000`, `"values":"lots"`), `"INR"`, `"rupees"`, 1), "/0/currency invalid_field; /0/filters/0/values wrong_type"},
		{"no mission", `[5]`, "/0 wrong_type"},
		{"nothing in the list", `[null]`, "/0 wrong_type"},
		{"twice", "[" + codectest.Mission + "," + codectest.Mission + "]", "/1/id invalid_field"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := missioncodec.ParseAll(strings.NewReader(tt.text))
			var problems problem.List
			if !errors.As(err, &problems) {
				t.Fatalf("%v", err)
			}
			var got []string
			for _, p := range problems {
				got = append(got, p.Pointer+" "+p.Code)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "; ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMissionFilesThatAreNone(t *testing.T) {
	for _, text := range []string{
		"- id: a\n  id: b\n", `{"id":"a","id":"b"}`, "{", "a: [", strings.Repeat("[", 10000), `{"goal":{"target":1,"target":2}}`,
	} {
		_, err := missioncodec.ParseAll(strings.NewReader(text))
		var problems problem.List
		if err == nil || errors.As(err, &problems) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func FuzzParseMissions(f *testing.F) {
	f.Add([]byte(contractMission))
	f.Add([]byte(codectest.Mission))
	f.Add([]byte("- {id: a, filters: [{any: [{id: amount, operator: gte, values: {amount: 1.5, currency: INR}}]}]}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		missions, err := missioncodec.ParseAll(bytes.NewReader(b))
		if err != nil {
			return
		}
		for i := range missions {
			again, err := missioncodec.Parse(missioncodec.JSON(&missions[i]))
			if err != nil || !cmp.Equal(again, missions[i]) {
				t.Fatalf("JSON does not come back: %v %s", err, cmp.Diff(missions[i], again))
			}
			v := mission.NewHistory(missions[i], 1)
			if _, problems := mission.Compile(&v); len(problems) > 0 {
				t.Fatal(problems)
			}
		}
	})
}
