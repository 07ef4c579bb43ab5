package task_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
)

func TestRulesAreValidated(t *testing.T) {
	good := task.Rules{
		{On: task.PaymentSettled, Kind: "tell"}, {On: task.PaymentSettled, Kind: "sync_2", Delay: task.MaxAhead},
		{On: task.StateChanged, Kind: "tell", Priority: task.MinPriority, Dedupe: task.ByPlaceState},
		{On: task.MissionCompleted, Kind: "tell", Priority: task.MaxPriority, Dedupe: task.ByMission},
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	const on, mission = task.PaymentSettled, task.MissionRevoked
	for rule, want := range map[task.Rule]string{
		{On: "payment_lost", Kind: "tell"}:                              "on",
		{On: on, Kind: ""}:                                              "kind",
		{On: on, Kind: "Tell"}:                                          "kind",
		{On: on, Kind: "2tell"}:                                         "kind",
		{On: on, Kind: task.RewardPayout}:                               "Millrace's own",
		{On: task.RewardGranted, Kind: task.RewardClawback}:             "Millrace's own",
		{On: mission, Kind: strings.Repeat("a", 65)}:                    "kind",
		{On: task.StateChanged, Kind: "known"}:                          "already",
		{On: task.StateChanged, Kind: "known", Delay: 1}:                "already", // its tasks would have the same ids
		{On: on, Kind: "a", Delay: -1}:                                  "1: delay -1ns: write 0s to 8760h0m0s",
		{On: on, Kind: "a", Delay: task.MaxAhead + 1}:                   "1: delay",
		{On: on, Kind: "a", Priority: task.MaxPriority + 1}:             "1: priority 5: write -4 to 4",
		{On: on, Kind: "a", Priority: task.MinPriority - 1}:             "1: priority -5",
		{On: on, Kind: "a", Dedupe: "usr"}:                              `1: dedupe "usr": write user, transaction or event`,
		{On: on, Kind: "a", Dedupe: task.ByMission}:                     `1: dedupe "mission": write user, transaction or event`,
		{On: mission, Kind: "a", Dedupe: task.ByReward}:                 "write user, mission, window, iteration or event",
		{On: task.RewardGranted, Kind: "a", Dedupe: task.ByTransaction}: "write user, mission, reward or event",
		{On: task.StateChanged, Kind: "a", Dedupe: task.ByUser}:         "write place, state or event",
	} {
		rules := task.Rules{{On: task.StateChanged, Kind: "known"}, rule}
		if err := rules.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", rule, err, want)
		}
	}
}

func TestEventsMakeTheTasksThatAreDeclared(t *testing.T) {
	asked := 0
	payload := func() []byte { asked++; return []byte("{}") }
	event := task.Event{On: task.PaymentSettled, ID: []string{"t1", "1"}, Key: "u1", At: 5}
	if got := (task.Rules{{On: task.MissionCompleted, Kind: "tell"}}).Tasks(event, payload); got != nil || asked != 0 {
		t.Errorf("%v, asked %d times for JSON", got, asked)
	}
	rules := task.Rules{
		{On: task.PaymentSettled, Kind: "tell"}, {On: task.MissionCompleted, Kind: "tell"},
		{On: task.PaymentSettled, Kind: "sync"},
	}
	first := rules.Tasks(event, payload)
	if diff := cmp.Diff(first, rules.Tasks(event, payload)); diff != "" || len(first) != 2 || asked != 2 {
		t.Fatalf("%d tasks, asked %d times: %s", len(first), asked, diff)
	}
	want := &task.Submission{Task: task.Task{
		ID: first[0].Task.ID, Kind: "tell", Key: "tell/u1", On: task.PaymentSettled, Payload: []byte("{}"), At: 5,
	}}
	if diff := cmp.Diff(want, first[0]); diff != "" {
		t.Error(diff)
	}
	ids := []string{first[0].Task.ID, first[1].Task.ID}
	for _, id := range [][]string{{"t1", "2"}, {"t", "11"}, {"t1"}, {"t11"}} { // parts do not run into each other
		event.ID = id
		ids = append(ids, rules.Tasks(event, payload)[0].Task.ID)
	}
	slices.Sort(ids)
	if n := len(slices.Compact(slices.Clone(ids))); n != len(ids) {
		t.Errorf("%d of %d ids differ", n, len(ids))
	}
}

// A delay counts from the event, so that it does not grow by a pipeline that is behind.
func TestRulesSayWhenATaskRuns(t *testing.T) {
	rules := task.Rules{{On: task.PaymentSettled, Kind: "tell", Delay: time.Minute, Priority: -3}}
	event := task.Event{On: task.PaymentSettled, ID: []string{"t1"}, Key: "u1", At: 5}
	got := rules.Tasks(event, func() []byte { return nil })[0]
	if got.Due != instant.Milli(5).Add(time.Minute) || got.Priority != -3 || got.Dedupe != "" {
		t.Errorf("%+v", got)
	}
	rules[0].Delay = 0
	if got := rules.Tasks(event, func() []byte { return nil })[0]; got.Due != 0 {
		t.Errorf("without a delay it is due at %s", got.Due)
	}
}

// Tasks have the same dedupe key where the rule's scope, and all before it, are the same; never across triggers.
func TestRulesDedupeByScope(t *testing.T) {
	win := func(parts ...string) task.Event { // mission, window, iteration, and what else makes the event
		return task.Event{On: task.MissionCompleted, ID: parts, Within: parts[:3], Key: "u1"}
	}
	first := win("m", "w1", "1", "t1")
	for _, c := range []struct {
		other task.Event
		same  []task.Scope
	}{
		{win("m", "w1", "1", "t1"), []task.Scope{task.ByUser, task.ByMission, task.ByWindow, task.ByIteration, task.ByEvent}},
		{win("m", "w1", "1", "t2"), []task.Scope{task.ByUser, task.ByMission, task.ByWindow, task.ByIteration}},
		{win("m", "w1", "2", "t1"), []task.Scope{task.ByUser, task.ByMission, task.ByWindow}},
		{win("m", "w2", "1", "t1"), []task.Scope{task.ByUser, task.ByMission}},
		{win("n", "w1", "1", "t1"), []task.Scope{task.ByUser}},
		{win("mw", "1", "1", "t1"), []task.Scope{task.ByUser}},
		{task.Event{On: task.MissionRevoked, ID: first.ID, Within: first.Within, Key: "u1"}, nil},
	} {
		for _, scope := range task.MissionCompleted.Scopes() {
			dedupe := func(e task.Event) string {
				rules := task.Rules{{On: e.On, Kind: "tell", Dedupe: scope}}
				return rules.Tasks(e, func() []byte { return nil })[0].Dedupe
			}
			a, b := dedupe(first), dedupe(c.other)
			if (a == b) != slices.Contains(c.same, scope) || a == "" || len(a) > task.MaxID {
				t.Errorf("%s: %q and %q of %v", scope, a, b, c.other)
			}
		}
	}
	for _, on := range task.Triggers() { // each scope of each trigger has its value
		scopes := on.Scopes()
		e := task.Event{On: on, ID: []string{"e"}, Within: make([]string, len(scopes)-2)}
		seen := map[string]bool{}
		for _, scope := range scopes {
			rules := task.Rules{{On: on, Kind: "tell", Dedupe: scope}}
			seen[rules.Tasks(e, func() []byte { return nil })[0].Dedupe] = true
		}
		if len(seen) != len(scopes) || scopes[len(scopes)-1] != task.ByEvent {
			t.Errorf("%s: %d dedupe keys of %v", on, len(seen), scopes)
		}
	}
}
