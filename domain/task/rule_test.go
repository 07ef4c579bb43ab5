package task_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/task"
)

func TestRulesAreValidated(t *testing.T) {
	if err := (task.Rules{{task.PaymentSettled, "tell"}, {task.PaymentSettled, "sync_2"}, {task.StateChanged, "tell"}}).Validate(); err != nil {
		t.Error(err)
	}
	for rule, want := range map[task.Rule]string{
		{"payment_lost", "tell"}:                       "on",
		{task.PaymentSettled, ""}:                      "kind",
		{task.PaymentSettled, "Tell"}:                  "kind",
		{task.PaymentSettled, "2tell"}:                 "kind",
		{task.PaymentSettled, task.RewardPayout}:       "rewards themselves",
		{task.RewardGranted, task.RewardClawback}:      "rewards themselves",
		{task.MissionRevoked, strings.Repeat("a", 65)}: "kind",
		{task.StateChanged, "known"}:                   "already",
	} {
		rules := task.Rules{{task.StateChanged, "known"}, rule}
		if err := rules.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", rule, err, want)
		}
	}
}

func TestEventsMakeTheTasksThatAreDeclared(t *testing.T) {
	asked := 0
	payload := func() []byte { asked++; return []byte("{}") }
	event := task.Event{On: task.PaymentSettled, ID: []string{"t1", "1"}, Key: "u1", At: 5}
	if got := (task.Rules{{task.MissionCompleted, "tell"}}).Tasks(event, payload); got != nil || asked != 0 {
		t.Errorf("%v, asked %d times for JSON", got, asked)
	}
	rules := task.Rules{{task.PaymentSettled, "tell"}, {task.MissionCompleted, "tell"}, {task.PaymentSettled, "sync"}}
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
