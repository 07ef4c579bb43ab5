package deadletter

import (
	"cmp"
	"reflect"
	"testing"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

func TestDecide(t *testing.T) {
	row := File(nil, letter("ledger", payment.OverReversal, 5))
	ask := func(id string, op Op) *Command {
		return &Command{ID: id, Op: op, LetterID: "payments-3-42", Actor: "ann", Role: "editor", At: 9, Judged: 10, Reason: "why", Partition: 1, Offset: 5,
			Proof: audit.Proof{By: audit.ByToken, Issuer: "iss", Role: "editor"}}
	}
	step := func(from *Row, c *Command, state State, send bool, code string) *Row {
		t.Helper()
		before := *from
		next, sent, line := Decide(from, c)
		v, ok := next.Verdicts.Find(c.ID)
		if next.State != state || sent != send || !ok || (v.Result == verdict.Refused) != (code != "") || code != "" && v.Problems[0].Code != code {
			t.Errorf("%s %s: %v, sent %v, %+v", c.ID, c.Op, next.State, sent, v)
		}
		want := audit.Line{
			CommandID: c.ID, Kind: "dead-letter", ID: "payments-3-42", Actor: "ann", Proof: c.Proof, At: 10, Reason: "why",
			Action: map[Op]string{Replay: "replayed"}[c.Op], Result: v.Result, Problems: v.Problems, Revision: from.Judged + 1,
			From: from.State.String(), To: state.String(),
		}
		want.Action = cmp.Or(want.Action, "discarded")
		if code == "" {
			want.Differences = []audit.Difference{{Pointer: "/state", Before: `"` + want.From + `"`, After: `"` + want.To + `"`}}
		}
		if !reflect.DeepEqual(line, &want) {
			t.Errorf("the audit has %+v, want %+v", line, want)
		}
		if from.State != before.State || len(from.Verdicts) != len(before.Verdicts) || from.Decision != before.Decision {
			t.Error("the row itself was changed")
		}
		if again, sent, more := Decide(next, c); again != next || sent || more != nil {
			t.Errorf("%s %s again changes the row, or sends", c.ID, c.Op)
		}
		return next
	}
	if next, send, line := Decide(nil, ask("a.1", Replay)); next != nil || send || line != nil {
		t.Error("what is not there was decided on")
	}
	replayed := step(row, ask("a.1", Replay), Replayed, true, "")
	if d := replayed.Decision; *d != (Decision{Op: Replay, Actor: "ann", Role: "editor", Reason: "why", At: 9}) {
		t.Errorf("%+v", d)
	}
	step(replayed, ask("b.1", Replay), Replayed, false, problem.Decided)
	step(replayed, ask("b.1", Discard), Replayed, false, problem.Decided)
	step(replayed, ask("a.2", Replay), Replayed, false, problem.Conflict)
	discarded := step(row, ask("a.1", Discard), Discarded, false, "")
	step(discarded, ask("b.1", Discard), Discarded, false, problem.Decided)
	step(discarded, ask("b.1", Replay), Replayed, true, "")
	step(row, ask("a.1", "burn"), Open, false, problem.InvalidField)
	stale := ask("a.1", Replay)
	stale.Offset = 4
	step(row, stale, Open, false, problem.PreconditionFailed)

	if same := File(replayed, letter("ledger", payment.OverReversal, 6)); same.State != Replayed || len(same.Verdicts) != 1 || same.Decision == nil {
		t.Errorf("filed again by the same group: %+v", same)
	}
	if anew := File(replayed, letter("health", payment.LateBeyondHorizon, 6)); anew.State != Open || len(anew.Verdicts) != 1 || anew.Decision == nil {
		t.Errorf("filed for another reason: %+v", anew)
	}
	for state, want := range map[State]string{Open: "open", Replayed: "replayed", Discarded: "discarded", 9: ""} {
		if state.String() != want {
			t.Errorf("%d is %q", state, state)
		}
	}
}

// Whoever discards an exhausted task lets others know, once and for good: a replay would pay a reward that has failed.
func TestExhaustedTasksAreDiscardedForGood(t *testing.T) {
	row := File(nil, letter("tasks", payment.TaskExhausted, 5))
	ask := func(id string, op Op) *Command {
		return &Command{ID: id, Op: op, LetterID: "payments-3-42", Partition: 1, Offset: 5}
	}
	discarded, sent, _ := Decide(row, ask("a.1", Discard))
	if !sent || discarded.State != Discarded {
		t.Fatalf("%v, sent %t", discarded.State, sent)
	}
	next, sent, _ := Decide(discarded, ask("b.1", Replay))
	if v, _ := next.Verdicts.Find("b.1"); sent || next.State != Discarded || v.Result != verdict.Refused {
		t.Errorf("%v, sent %t, %+v", next.State, sent, v)
	}
	if next, sent, _ := Decide(row, ask("a.1", Replay)); !sent || next.State != Replayed {
		t.Errorf("%v, sent %t", next.State, sent)
	}
}

// A reason is read by people: nothing in it steers what shows it.
func TestReasonsHaveNoControls(t *testing.T) {
	row := File(nil, letter("ledger", payment.OverReversal, 5))
	for reason, result := range map[string]verdict.Result{"two\nlines": verdict.Applied, "a\x1bb": verdict.Refused, "a\u202eb": verdict.Refused} {
		next, _, _ := Decide(row, &Command{ID: "a.1", Op: Discard, LetterID: "payments-3-42", Reason: reason, Partition: 1, Offset: 5})
		if v, _ := next.Verdicts.Find("a.1"); v.Result != result {
			t.Errorf("%q: %+v", reason, v)
		}
	}
}

// A letter that is decided can be forgotten, one that is open cannot; the audit says so.
func TestDecidedLettersArePurged(t *testing.T) {
	row := File(nil, letter("ledger", payment.OverReversal, 5))
	ask := func(id string, op Op) *Command {
		return &Command{ID: id, Op: op, LetterID: "payments-3-42", Actor: "ann", Reason: "old", Partition: 1, Offset: 5}
	}
	next, send, line := Decide(row, ask("a.1", Purge))
	if v, _ := next.Verdicts.Find("a.1"); send || v.Result != verdict.Refused || !v.Problems.Has(problem.InvalidState) || line.Action != "purged" || line.To != "open" {
		t.Errorf("an open one: %+v, %+v", v, line)
	}
	for _, first := range []Op{Replay, Discard} {
		decided, _, _ := Decide(row, ask("a.1", first))
		next, send, line := Decide(decided, ask("b.1", Purge))
		if next != nil || send || line.Action != "purged" || line.From != decided.State.String() || line.To != "purged" || line.Reason != "old" || line.Result != verdict.Applied {
			t.Errorf("%s: %+v, sent %t, %+v", first, next, send, line)
		}
	}
	moved := ask("b.1", Purge)
	moved.Offset = 4
	decided, _, _ := Decide(row, ask("a.1", Discard))
	if next, _, _ := Decide(decided, moved); next == nil || !next.Verdicts[1].Problems.Has(problem.PreconditionFailed) {
		t.Errorf("filed anew: %+v", next)
	}
}
