package catalog

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

func definition(status mission.Status) mission.Mission {
	m := mission.Default()
	m.ID, m.Currency, m.Status = "m", "INR", status
	m.Goal = mission.Goal{Metric: mission.MetricCount, Target: 1}
	m.Window = mission.Window{Kind: mission.WindowFixed, From: "2026-03-01", To: "2026-04-01"}
	m.Reward = mission.Reward{Kind: mission.RewardScratchCard}
	return m
}

func putMission(id string, at instant.Milli, m mission.Mission) *Command {
	return NewPut(id, "ops", at, NewMission(m))
}

// changed returns what changes the mission of a command.
func changed(change func(*mission.Mission)) func(*Command) {
	return func(c *Command) {
		m := c.Entity.(Mission).Definition()
		change(&m)
		c.Entity = NewMission(m)
	}
}

func statuses() []mission.Status {
	return []mission.Status{mission.Draft, mission.Scheduled, mission.Active, mission.Paused, mission.Ended, mission.Archived}
}

// Every move between two statuses, by the path of mission.Status: forward, and back from paused to active only.
func TestMoves(t *testing.T) {
	allowed := map[string]bool{
		"draft scheduled": true, "draft active": true, "draft archived": true, "scheduled active": true, "scheduled archived": true,
		"active paused": true, "active ended": true, "active archived": true, "paused active": true, "paused ended": true,
		"paused archived": true, "ended archived": true,
	}
	for _, from := range statuses() {
		for _, to := range statuses() {
			row := &Row{Kind: KindMission, EntityID: "m", Revision: 1, Entity: Mission{History: mission.NewHistory(definition(from), 1)}}
			next, e := Apply(row, putMission("c", 2, definition(to)), DefaultConfig())
			want := verdict.Refused
			switch {
			case from == to:
				want = verdict.Unchanged
			case allowed[string(from)+" "+string(to)]:
				want = verdict.Applied
			}
			current, _ := next.Mission()
			if e.Result != want || e.Status != string(current.Status) || (want == verdict.Applied) != (current.Status == to && from != to) {
				t.Errorf("%s to %s: %s, now %s", from, to, e.Result, current.Status)
			}
		}
	}
}

// Pauses never overlap or run backwards, at most the last is open, and only while the mission is paused; no row changes
// after it was returned, and lists stay within their bounds.
func TestApplyKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var row *Row
		for i := range rapid.IntRange(1, 60).Draw(t, "commands") {
			m := definition(rapid.SampledFrom([]mission.Status{mission.Active, mission.Paused, mission.Active, mission.Paused, mission.Draft, mission.Ended}).Draw(t, "status"))
			if rapid.IntRange(0, 9).Draw(t, "other") == 0 {
				m.Goal.Target = 2
			}
			at := instant.Milli(1000 + rapid.Int64Range(0, 50).Draw(t, "at"))
			c := putMission(fmt.Sprint("c", rapid.IntRange(i/2, i).Draw(t, "id")), at, m)
			before := fmt.Sprintf("%+v", row)
			next, e := Apply(row, c, DefaultConfig())
			if after := fmt.Sprintf("%+v", row); after != before {
				t.Fatalf("the old row has changed:\n%s\n%s", before, after)
			}
			if e.Repeated {
				if next != row || e.Line != nil {
					t.Fatal("a repeated command changed the row, or has another line")
				}
				continue
			}
			if v, ok := next.Verdict(c.ID); !ok || v.Result != e.Result || (e.Result == verdict.Refused) != (len(e.Problems) > 0) {
				t.Fatalf("verdict %+v, event %+v", v, e)
			}
			row = next
			if len(row.Verdicts) > maxVerdicts || e.Line == nil || e.Line.Revision != row.Revision || string(e.Line.Result) != string(e.Result) {
				t.Fatalf("%d verdicts, line %+v, revision %d", len(row.Verdicts), e.Line, row.Revision)
			}
			if v, ok := row.Mission(); ok {
				checkPauses(t, v)
			}
		}
	})
}

func checkPauses(t *rapid.T, v mission.History) {
	end := instant.Milli(0)
	for i, p := range v.Pauses {
		open := p.To == 0
		if p.From < end || !open && p.To <= p.From || open && i < len(v.Pauses)-1 {
			t.Fatalf("pauses %+v", v.Pauses)
		}
		end = p.To
	}
	open := len(v.Pauses) > 0 && v.Pauses[len(v.Pauses)-1].To == 0
	if (v.Status == mission.Paused) != open && v.Status != mission.Ended {
		t.Fatalf("%s with pauses %+v", v.Status, v.Pauses)
	}
}

func TestRefusals(t *testing.T) {
	row, _ := Apply(nil, putMission("c1", 1, definition(mission.Active)), DefaultConfig())
	tests := []struct {
		name   string
		change func(c *Command)
		want   problem.Problem
	}{
		{"kind", func(c *Command) { c.Kind = "boat" }, problem.Problem{Code: problem.InvalidField}},
		{"op", func(c *Command) { c.Op = "sink" }, problem.Problem{Code: problem.InvalidField}},
		{"id", func(c *Command) { c.EntityID = "other" }, problem.Problem{Pointer: "/id", Code: problem.InvalidField}},
		{"codes", func(c *Command) { c.Op, c.Entity, c.Codes = AddCodes, nil, []string{"A"} }, problem.Problem{Code: problem.InvalidField}},
		{"reason", func(c *Command) { c.Reason = strings.Repeat("x", maxReason+1) }, problem.Problem{Pointer: "/reason", Code: problem.InvalidField}},
		{"controls", func(c *Command) { c.Reason = "a\x1b[31mb" }, problem.Problem{Pointer: "/reason", Code: problem.InvalidField}},
		{"entity", func(c *Command) { c.Entity = nil }, problem.Problem{Code: problem.InvalidField}},
		{"revision", func(c *Command) { c.Expected = 7 }, problem.Problem{Code: problem.PreconditionFailed}},
		{"rules", changed(func(m *mission.Mission) { m.Goal.Metric = "hops" }), problem.Problem{Pointer: "/goal/metric", Code: problem.InvalidField}},
	}
	for _, tt := range tests {
		c := putMission("c2", 2, definition(mission.Active))
		tt.change(c)
		next, e := Apply(row, c, DefaultConfig())
		if e.Result != verdict.Refused || len(e.Problems) != 1 || e.Problems[0].Pointer != tt.want.Pointer || e.Problems[0].Code != tt.want.Code {
			t.Errorf("%s: %+v", tt.name, e)
		}
		if diff := cmp.Diff(row.Entity, next.Entity); diff != "" || next.Revision != 1 {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestOtherSpellingsAreTheSameMission(t *testing.T) {
	row, _ := Apply(nil, putMission("c1", 1, definition(mission.Active)), DefaultConfig())
	m := definition(mission.Active)
	m.Currency, m.Filters, m.Audience.Segments = " inr ", []mission.Filter{}, []string{}
	if _, e := Apply(row, putMission("c2", instant.Of(time.UnixMilli(5)), m), DefaultConfig()); e.Result != verdict.Unchanged {
		t.Errorf("%+v", e)
	}
}

// One idempotency key is for one command: another one under it, which passed the server at the same time, is refused.
func TestOneKeyIsOneCommand(t *testing.T) {
	row, _ := Apply(nil, putMission("key.1", 1, definition(mission.Draft)), DefaultConfig())
	other := definition(mission.Draft)
	other.Title = "another"
	row, e := Apply(row, putMission("key.2", 2, other), DefaultConfig())
	if e.Result != verdict.Refused || e.Problems.Code() != problem.Conflict || row.Revision != 1 {
		t.Errorf("%+v, revision %d", e, row.Revision)
	}
	if row, e = Apply(row, putMission("key.1", 3, definition(mission.Draft)), DefaultConfig()); !e.Repeated || row.Revision != 1 {
		t.Errorf("the first again: %+v", e)
	}
}

// TestExpected: a command is done only to what its actor expects to find; to nothing at all there is nothing to do,
// whatever was expected.
func TestExpected(t *testing.T) {
	brand := func(name string) Brand { return Brand{BrandID: "b", Name: name, State: StatusActive} }
	made, _ := Apply(nil, NewPut("made", "ops", 1, brand("A")), DefaultConfig())
	refused, e := Apply(nil, NewPut("bad", "ops", 1, Brand{BrandID: "b", State: "sideways"}), DefaultConfig())
	if e.Result != verdict.Refused || refused == nil {
		t.Fatalf("%+v", e)
	}
	const ok = ""
	for _, tt := range []struct {
		expected               int64
		nothing, there, delete string // codes of a put where there is nothing, of one and a withdrawal where there is something
	}{
		{ExpectAnything, ok, ok, ok},
		{ExpectNothing, ok, problem.PreconditionFailed, problem.PreconditionFailed},
		{ExpectSomething, problem.PreconditionFailed, ok, ok},
		{1, problem.PreconditionFailed, ok, ok},
		{2, problem.PreconditionFailed, problem.PreconditionFailed, problem.PreconditionFailed},
	} {
		code := func(row *Row, c *Command) string {
			c.Expected = tt.expected
			_, e := Apply(row, c, DefaultConfig())
			return e.Problems.Code()
		}
		got := []string{
			code(nil, NewPut("c", "ops", 2, brand("B"))), code(refused, NewPut("c", "ops", 2, brand("B"))),
			code(made, NewPut("c", "ops", 2, brand("B"))), code(made, NewWithdrawal("c", "ops", 2, KindBrand, "b")),
			code(nil, NewWithdrawal("c", "ops", 2, KindBrand, "b")), code(refused, NewWithdrawal("c", "ops", 2, KindBrand, "b")),
		}
		want := []string{tt.nothing, tt.nothing, tt.there, tt.delete, problem.NotFound, problem.NotFound}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("expected %d:\n%s", tt.expected, d)
		}
	}
}
