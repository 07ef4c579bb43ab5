package task

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
)

// queueOf draws a queue: a task that has begun or waits, and others behind it.
func queueOf(t *rapid.T, at instant.Milli) *task.Queue {
	states := []task.State{task.Scheduled, task.Running, task.Parked, task.Snoozed, task.Held}
	e := &task.Entry{
		Task:  task.Task{ID: fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "id")), Kind: rapid.SampledFrom([]string{"call", "gone"}).Draw(t, "kind")},
		State: rapid.SampledFrom(states).Draw(t, "state"), Number: 1,
	}
	e.Due = at + instant.Milli(rapid.SampledFrom([]int64{-5000, 0, 3000}).Draw(t, "due"))
	e.Since, e.Until = e.Due, e.Due
	e.Claimed = e.State == task.Running && rapid.Bool().Draw(t, "claimed")
	q := &task.Queue{Now: at, Last: 3}
	if rapid.Bool().Draw(t, "stopped") {
		q.Stopped = e.Task.Kind
	}
	if e.State == task.Scheduled {
		q.Waiting = []*task.Entry{e}
		return q
	}
	q.Head = e
	for i := range rapid.IntRange(0, 2).Draw(t, "behind") {
		q.Waiting = append(q.Waiting, &task.Entry{Task: task.Task{ID: fmt.Sprint("b", i), Kind: "call"}, State: task.Scheduled, Number: int64(2 + i)})
	}
	return q
}

// TestNeedsAgainstAModel sums all rows up that are there, after any writes.
func TestNeedsAgainstAModel(t *testing.T) {
	const at instant.Milli = 1_772_366_400_000
	rapid.Check(t, func(rt *rapid.T) {
		x := NewIndex(taskcodec.Row{}, func(key string, _ []byte, err error) { rt.Error(key, err) })
		model := map[string]*task.Queue{}
		for range rapid.IntRange(0, 40).Draw(rt, "writes") {
			key := fmt.Sprint(rapid.IntRange(0, 9).Draw(rt, "key"))
			if rapid.IntRange(0, 4).Draw(rt, "delete") == 0 {
				x.Update(key, nil)
				delete(model, key)
				continue
			}
			q := queueOf(rt, at)
			value, err := taskcodec.Row{}.Encode(&task.Row{Queue: q})
			if err != nil {
				rt.Fatal(err)
			}
			x.Update(key, value)
			model[key] = q
		}
		now := at + instant.Milli(rapid.SampledFrom([]int64{0, 10_000}).Draw(rt, "later"))
		if diff := gocmp.Diff(summed(model, now), seen(x, now)); diff != "" {
			rt.Fatal(diff)
		}
		for key := range model {
			x.Update(key, nil)
		}
		if left := seen(x, now); len(left) > 0 || len(x.kept) > 0 || len(x.rows) > 0 {
			rt.Fatalf("left: %v, %v, %v", left, x.kept, x.rows)
		}
	})
}

// seen returns the lines that say something, in order.
func seen(x *Index, now instant.Milli) []Needs {
	out := slices.DeleteFunc(append([]Needs{}, x.Needs(now)...), func(n Needs) bool {
		return n.Oldest == 0 && n.Behind == 0 && n.Keys[task.Parked]+n.Keys[task.Snoozed]+n.Keys[task.Held] == 0
	})
	slices.SortFunc(out, byKind)
	return out
}

func byKind(a, b Needs) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(fmt.Sprint(a.Stopped), fmt.Sprint(b.Stopped)))
}

func summed(model map[string]*task.Queue, now instant.Milli) []Needs {
	by := map[tallyOf]*Needs{}
	for _, q := range model {
		n, _ := q.Need()
		sum := by[tallyOf{n.Kind, n.Stopped}]
		if sum == nil {
			sum = &Needs{Kind: n.Kind, Stopped: n.Stopped, Keys: map[task.State]int64{task.Parked: 0, task.Snoozed: 0, task.Held: 0}}
			by[tallyOf{n.Kind, n.Stopped}] = sum
		}
		if n.Due > 0 && n.Due <= now && (sum.Oldest == 0 || n.Due < sum.Oldest) {
			sum.Oldest = n.Due
		}
		if _, ok := sum.Keys[n.State]; ok {
			sum.Keys[n.State]++
			sum.Behind += n.Behind
		}
	}
	out := []Needs{}
	for _, n := range by {
		if n.Oldest != 0 || n.Behind != 0 || n.Keys[task.Parked]+n.Keys[task.Snoozed]+n.Keys[task.Held] != 0 {
			out = append(out, *n)
		}
	}
	slices.SortFunc(out, byKind)
	return out
}
