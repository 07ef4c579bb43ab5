package task_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/task"
)

// lines returns what the last call gives to the audit.
func (w *world) lines() (out []*audit.Line) {
	for _, e := range w.effects {
		if a, ok := e.(task.Audited); ok {
			out = append(out, a.Line)
		}
	}
	return out
}

// Every command of a person leaves one line, whatever came of it; others, and one that comes again, leave none.
func TestCommandsOfPeopleAreAudited(t *testing.T) {
	w := newWorld(t, "usr_1", plain("call"))
	w.submit("call", "a", "b")
	w.answer(w.last(), failed)
	proof := audit.Proof{By: audit.ByToken, Issuer: "iss", Role: "editor"}
	n := 0
	says := func(c task.Command, want string) {
		t.Helper()
		n++
		c.ID, c.Actor, c.Proof = fmt.Sprint("c", n), "eve", proof
		w.command(c)
		lines := w.lines()
		if want == "" {
			if len(lines) != 0 {
				t.Errorf("%s: %+v", c.Op, lines[0])
			}
			return
		}
		if len(lines) != 1 {
			t.Fatalf("%s: %d lines", c.Op, len(lines))
		}
		l := lines[0]
		if l.CommandID != c.ID || l.Kind != audit.KindTask || l.ID != c.TaskID || l.Actor != "eve" || l.Proof != proof || l.At != w.now {
			t.Errorf("%+v", l)
		}
		var changes []string
		for _, d := range l.Differences {
			changes = append(changes, d.Pointer+" "+d.Before+"->"+d.After)
		}
		got := fmt.Sprintf("%s %s run %d %s->%s: %s", l.Action, l.Result, l.Revision, l.From, l.To, strings.Join(changes, ", "))
		if got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		w.command(c)
		if len(w.lines()) != 0 {
			t.Errorf("%s again: a second line", c.Op)
		}
	}
	later := w.now.Add(time.Hour)
	says(task.Command{Op: task.OpSnooze, TaskID: "a", Until: later}, fmt.Sprintf(
		"task_snoozed applied run 1 parked->parked: /not_before %q->%q", w.now.Add(time.Second), later))
	says(task.Command{Op: task.OpRetry, TaskID: "a"}, fmt.Sprintf(
		"task_retried applied run 1 parked->parked: /not_before %q->%q", later, w.now))
	says(task.Command{Op: task.OpRetry, TaskID: "a"}, "task_retried refused run 2 running->running: ")
	says(task.Command{Op: task.OpCancel, TaskID: "a"}, "task_cancelled applied run 2 running->running: /cancelled false->true")
	says(task.Command{Op: task.OpCancel, TaskID: "a"}, "task_cancelled unchanged run 2 running->running: ")
	says(task.Command{Op: task.OpCancel, TaskID: "b"}, fmt.Sprintf(
		"task_cancelled applied run 0 waiting->cancelled: /cancelled false->true, /not_before %q->null, /state \"waiting\"->\"cancelled\"", w.now))
	says(task.Command{Op: task.OpSnooze, TaskID: "none", Until: later}, "task_snoozed refused run 0 ->: ")
	says(task.Command{Op: task.OpDiscard, TaskID: "none"}, "")
}

// The key of a task, and what it carries, may be a user's: the audit, which keeps no lines by user, has neither.
func TestAuditOfATaskNamesNoUser(t *testing.T) {
	w := newWorld(t, "usr_secret", plain("call"))
	w.add(task.Submission{Task: task.Task{ID: "a", Kind: "call", Payload: []byte(`{"user_id":"usr_secret"}`)}})
	w.command(task.Command{ID: "c1", Op: task.OpCancel, TaskID: "a", Actor: "eve"})
	if text := fmt.Sprintf("%+v", w.lines()[0]); strings.Contains(text, "usr_secret") {
		t.Error(text)
	}
}
