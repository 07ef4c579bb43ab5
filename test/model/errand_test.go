package model_test

import (
	"strings"
	"testing"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/test/model"
)

// errands are a payout, one that is refused, and a webhook.
type errands struct {
	t *testing.T
	*model.Errands
	effects map[string][]string
}

func newErrands(t *testing.T) *errands {
	t.Helper()
	e := &errands{t, model.NewErrands(), map[string][]string{"reward_payout rw_1 1": {"t1"}, "tell t3": {"t3"}}}
	for id, rw := range map[string]string{"t1": "rw_1", "t2": "rw_2"} {
		a := reward.TaskRequested{TaskID: id, Kind: task.RewardPayout, Epoch: 1, Amount: 5,
			Reward: &reward.Reward{ID: rw, Kind: "cash", Currency: "INR"}}
		e.submit(rewardcodec.Payout("u1", a))
	}
	e.submit(&task.Submission{Task: task.Task{ID: "t3", Kind: "tell", Key: "tell/u1"}})
	return e
}

func (e *errands) submit(s *task.Submission) {
	value, err := taskcodec.Submission{}.Encode(s)
	if err == nil {
		err = e.Task(value)
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

func (e *errands) answer(id string, ok bool) {
	value, err := rewardcodec.Result{}.Encode(&reward.Result{TaskID: id, UserID: "u1", RewardID: "rw", Epoch: 1, OK: ok})
	if err == nil {
		err = e.Answer(value)
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

func (e *errands) row(key string, row *task.Row) {
	value, err := taskcodec.Row{}.Encode(row)
	if err == nil {
		err = e.Row(key, value)
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

func entry(id string, s task.State) *task.Entry {
	return &task.Entry{Task: task.Task{ID: id, Kind: "tell"}, Number: 1, State: s, Run: 1, Since: 1000, Until: 2000}
}

func TestErrandsAreJudged(t *testing.T) {
	const running = "the end of 1 tasks of queue tell/u1: t3 is running after 1 runs"
	for name, c := range map[string]struct {
		bug   func(*errands)
		want  string
		until instant.Milli
	}{
		"nothing":                 {func(*errands) {}, "", 0},
		"no effect of a webhook":  {func(e *errands) { delete(e.effects, "tell t3") }, "the effect of task t3: tell t3", 0},
		"no effect of a payout":   {func(e *errands) { delete(e.effects, "reward_payout rw_1 1") }, "the effect of task t1: reward_payout rw_1 1", 0},
		"two keys":                {func(e *errands) { e.effects["tell t3"] = []string{"t3", "t3.2"} }, `effect of task t3 under 2 idempotency keys: tell t3: ["t3" "t3.2"]`, 0},
		"another's key":           {func(e *errands) { e.effects["tell t3"] = []string{"t1"} }, "effect of task t3 under another's key t1: tell t3", 0},
		"an effect that nobody":   {func(e *errands) { e.effects["tell t4"] = []string{"t4"} }, `effect that no task asked for: tell t4, under ["t4"]`, 0},
		"a refusal that was paid": {func(e *errands) { e.effects["reward_payout rw_2 1"] = []string{"t2"} }, "effect of task t2, which was refused: reward_payout rw_2 1", 0},
		"no answer": {func(e *errands) {
			e.submit(&task.Submission{Task: task.Task{ID: "t5", Kind: task.RewardClawback, Payload: []byte(`{"user_id":"u1","reward_id":"rw_1","epoch":1,"kind":"cash","amount":5}`)}})
		}, "the answer to task t5", 0},
		"a run that is out": {func(e *errands) { e.row("tell/u1", &task.Row{Queue: &task.Queue{Head: entry("t3", task.Running)}}) }, running, 46_000},
		"a claimed run": {func(e *errands) {
			h := entry("t3", task.Running)
			h.Claimed = true
			e.row("tell/u1", &task.Row{Queue: &task.Queue{Head: h}})
		}, running, 2000},
		"a task that waits": {func(e *errands) {
			w := entry("t3", task.Scheduled)
			w.Due = 7000
			e.row("tell/u1", &task.Row{Queue: &task.Queue{Waiting: []*task.Entry{w}}})
		}, "the end of 1 tasks of queue tell/u1: none has begun", 7000},
		"a queue that is empty": {func(e *errands) { e.row("tell/u1", &task.Row{Queue: &task.Queue{Last: 9}}) }, "", 0},
		"a task that was given up": {func(e *errands) {
			e.row("tell/u1\x1f=t3", &task.Row{Filed: &task.Ended{Entry: entry("t3", task.Exhausted)}})
		}, "task t3 has ended as exhausted", 0},
		"a row that is gone": {func(e *errands) { _ = e.Row("tell/u1", nil) }, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			e := newErrands(t)
			e.answer("t1", true)
			e.answer("t2", false)
			c.bug(e)
			if got := strings.Join(e.Judge(e.effects).All(), "; "); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
			if got := e.Until(); got != c.until {
				t.Errorf("time changes it until %v, want %v", got, c.until)
			}
		})
	}
}
