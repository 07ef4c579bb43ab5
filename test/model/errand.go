package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
)

// Errands are tasks, what became of them, and what their handlers did outside. They do not ask how a task came to its
// end, only whether it did.
type Errands struct {
	tasks   map[string]*task.Task
	answers map[string]bool // of payouts and claw-backs, by task
	queues  map[string]*task.Queue
	filed   map[string]*task.Entry // by task
}

// NewErrands returns none.
func NewErrands() *Errands {
	return &Errands{tasks: map[string]*task.Task{}, answers: map[string]bool{}, queues: map[string]*task.Queue{},
		filed: map[string]*task.Entry{}}
}

// Task takes a record of tasks.
func (e *Errands) Task(value []byte) error {
	s, err := taskcodec.Submission{}.Decode(value)
	if err == nil {
		e.tasks[s.Task.ID] = &s.Task
	}
	return err
}

// Answer takes a record of reward-results.
func (e *Errands) Answer(value []byte) error {
	r, err := rewardcodec.Result{}.Decode(value)
	if err == nil {
		e.answers[r.TaskID] = r.OK
	}
	return err
}

// Row takes the last record of a row of the table of tasks.
func (e *Errands) Row(key string, value []byte) error {
	if value == nil {
		return nil
	}
	row, err := taskcodec.Row{}.Decode(value)
	if err != nil {
		return err
	}
	if row.Queue != nil {
		e.queues[key] = row.Queue
	}
	if row.Filed != nil {
		e.filed[row.Filed.Entry.Task.ID] = row.Filed.Entry
	}
	return nil
}

// EffectOf names the one thing that is to be done for a task, whoever does it and however often it is tried.
func EffectOf(x *task.Task) (string, error) {
	if !ofProvider(x.Kind) {
		return x.Kind + " " + x.ID, nil
	}
	asked, err := rewardcodec.ParsePayout(x.Payload)
	if err != nil {
		return "", fmt.Errorf("task %s: %w", x.ID, err)
	}
	return fmt.Sprintf("%s %s %d", x.Kind, asked.RewardID, asked.Epoch), nil
}

func ofProvider(kind string) bool { return kind == payout || kind == clawback }

// Verdict is what is wrong with errands, a sentence each.
type Verdict struct{ Lost, Doubled, Different []string }

// All returns all that is wrong.
func (v Verdict) All() []string { return slices.Concat(v.Lost, v.Doubled, v.Different) }

// Judge compares tasks with effects, which are the idempotency keys under which each effect was had, by EffectOf: every
// task has had its effect, under its own key alone, unless a provider has refused it; and nothing waits.
func (e *Errands) Judge(effects map[string][]string) (v Verdict) {
	add := func(to *[]string, format string, args ...any) { *to = append(*to, fmt.Sprintf(format, args...)) }
	asked := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(e.tasks)) {
		x := e.tasks[id]
		name, err := EffectOf(x)
		if err != nil {
			add(&v.Different, "%v", err)
			continue
		}
		asked[name] = true
		want := true
		if ofProvider(x.Kind) {
			ok, answered := e.answers[id]
			if want = ok; !answered {
				add(&v.Lost, "the answer to task %s", id)
				continue
			}
		}
		switch keys := effects[name]; {
		case want && len(keys) == 0:
			add(&v.Lost, "the effect of task %s: %s", id, name)
		case len(keys) > 1:
			add(&v.Doubled, "effect of task %s under %d idempotency keys: %s: %q", id, len(keys), name, keys)
		case want && keys[0] != id:
			add(&v.Different, "effect of task %s under another's key %s: %s", id, keys[0], name)
		case !want && len(keys) > 0:
			add(&v.Different, "effect of task %s, which was refused: %s", id, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(effects)) {
		if !asked[name] {
			add(&v.Different, "effect that no task asked for: %s, under %q", name, effects[name])
		}
	}
	e.judgeRows(&v)
	return v
}

// judgeRows checks that no queue has a task left, and that what is kept of ended ones is a success.
func (e *Errands) judgeRows(v *Verdict) {
	for _, key := range slices.Sorted(maps.Keys(e.queues)) {
		if q := e.queues[key]; q.Depth() > 0 {
			first := "none has begun"
			if h := q.Head; h != nil {
				first = fmt.Sprintf("%s is %s after %d runs", h.Task.ID, h.State, h.Run)
			}
			v.Lost = append(v.Lost, fmt.Sprintf("the end of %d tasks of queue %s: %s", q.Depth(),
				strings.ToValidUTF8(key, "?"), first))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(e.filed)) {
		if s := e.filed[id].State; s != task.Succeeded {
			v.Different = append(v.Different, fmt.Sprintf("task %s has ended as %s", id, s))
		}
	}
}

// Counts returns how many tasks are for a provider, and how many are not.
func (e *Errands) Counts() (payouts, others int) {
	for _, x := range e.tasks {
		if ofProvider(x.Kind) {
			payouts++
		}
	}
	return payouts, len(e.tasks) - payouts
}

// lockLasts is how long brokers keep a run of a worker that died before it claimed it, and a while more.
const lockLasts = 45 * time.Second

// Until returns when the last task that waits for a time is due, or its worker, if it is dead, is given up; 0 if none
// does.
func (e *Errands) Until() (last instant.Milli) {
	for _, q := range e.queues {
		h := q.Head
		switch {
		case h == nil:
			for _, w := range q.Waiting {
				last = max(last, w.Due)
			}
		case h.State == task.Running && !h.Claimed:
			last = max(last, h.Since.Add(lockLasts))
		default: // in a test nobody waits longer
			last = max(last, min(h.Until, h.Since.Add(lockLasts)))
		}
	}
	return last
}
