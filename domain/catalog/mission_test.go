package catalog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

const noon = instant.Milli(1_772_366_400_000) // 2026-03-01T12:00:00Z

// asked returns a command that puts the mission m with some status, changed as told.
func asked(id string, at instant.Milli, status mission.Status, change ...func(*Mission)) *Command {
	e := NewMission(definition(status))
	e.History.Status = status
	for _, fn := range change {
		fn(&e)
	}
	return NewPut(id, "ops", at, e)
}

func titled(title string) func(*Mission) {
	return func(m *Mission) { m.Versions[0].Mission.Title = title }
}

func inForce(from instant.Milli, backdated bool) func(*Mission) {
	return func(m *Mission) { m.Versions[0].From, m.Versions[0].Backdated = from, backdated }
}

func scheduled(at instant.Milli) func(*Mission) {
	return func(m *Mission) { m.ScheduledAt = at }
}

// judged applies commands and returns what came of each: the result, or where the first problem is.
func judged(t *testing.T, row *Row, commands ...*Command) (*Row, []string) {
	t.Helper()
	var out []string
	for _, c := range commands {
		next, e := Apply(row, c, documented())
		switch {
		case e.Result == verdict.Refused:
			out = append(out, e.Problems[0].Pointer+" "+e.Problems[0].Code)
		default:
			out = append(out, fmt.Sprintf("%s v%d %s", e.Result, e.Version, e.Status))
		}
		row = next
	}
	return row, out
}

func wantRun(t *testing.T, got []string, want ...string) {
	t.Helper()
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
}

func TestDraftsAreEditedInPlace(t *testing.T) {
	_, got := judged(t, nil, asked("c1", noon, mission.Draft), asked("c2", noon+1, "", titled("two")), asked("c3", noon+2, "", titled("three")),
		asked("c4", noon+3, mission.Active), asked("c5", noon+4, ""))
	wantRun(t, got, "applied v1 draft", "applied v1 draft", "applied v1 draft", "applied v1 active", "unchanged v1 active")
}

// A changed definition of a mission that was active is a version of its own.
func TestVersions(t *testing.T) {
	row, got := judged(t, nil, asked("c1", noon, mission.Active), asked("c2", noon, "", titled("two")), asked("c3", noon, "", titled("two")),
		asked("c4", noon, "", titled("three"), inForce(noon+60_000, false)),
		asked("c5", noon, "", titled("four"), inForce(noon+9_999, false)), asked("c6", noon, "", titled("four"), inForce(noon-5, false)))
	wantRun(t, got, "applied v1 active", "applied v2 active", "unchanged v2 active", "applied v3 active", "/in_force_from invalid_field", "/in_force_from invalid_field")
	h, _ := row.Mission()
	if h.Versions[1].From != noon+10_000 || h.Versions[2].From != noon+60_000 || h.Versions[1].Mission.Title != "two" || h.Latest().Number != 3 {
		t.Errorf("%+v", h.Versions)
	}
	back := asked("c7", noon, "", titled("back"), inForce(noon-1000, true))
	_, got = judged(t, row, back)
	wantRun(t, got, "/reason invalid_field")
	back.ID, back.Reason = "c8", "the rules said so"
	row, got = judged(t, row, back)
	wantRun(t, got, "applied v4 active")
	if h, _ := row.Mission(); !h.Latest().Backdated || h.Latest().From != noon-1000 {
		t.Errorf("%+v", h.Latest())
	}
	dollars := asked("c9", noon, "")
	m := dollars.Entity.(Mission)
	m.Versions[0].Mission.Currency = "USD"
	dollars.Entity = m
	both := asked("c10", noon, mission.Paused, titled("both"))
	row, got = judged(t, row, dollars, both)
	wantRun(t, got, "/currency invalid_field", "applied v5 paused")
	row, ended := Apply(row, asked("c11", noon, mission.Ended, titled("both")), DefaultConfig())
	_, got = judged(t, row, asked("c12", noon, "", titled("late")))
	wantRun(t, got, " invalid_state")
	if last := ended.Line; last.Result != verdict.Applied || last.Action != ActionStatus || last.From != "paused" || last.To != "ended" {
		t.Errorf("%+v", last)
	}
}

func TestMovesOfMissions(t *testing.T) {
	move := func(id string, op Op, at, when instant.Milli) *Command { return NewMove(id, "ops", at, op, "m", when) }
	_, got := judged(t, nil, move("c0", Activate, noon, 0), asked("c1", noon, mission.Draft), move("c2", Pause, noon, 0), move("c3", Activate, noon, 0),
		move("c4", Activate, noon, 0), move("c5", Resume, noon, 0), move("c6", Pause, noon+10, noon+20), move("c7", Pause, noon+10, noon-1),
		move("c8", Pause, noon+10, noon+5), move("c9", Pause, noon+10, 0), move("c10", Resume, noon+20, 0), move("c11", End, noon+40, noon+30),
		move("c12", Activate, noon+50, 0), move("c13", Archive, noon+50, 0), NewWithdrawal("c14", "ops", noon+50, KindMission, "m"))
	wantRun(t, got, " not_found", "applied v1 draft", " invalid_state", "applied v1 active", "unchanged v1 active", "unchanged v1 active", "/at invalid_field",
		"/at invalid_field", "applied v1 paused", "unchanged v1 paused", "applied v1 active", "applied v1 ended", " invalid_state", "applied v1 archived",
		"unchanged v1 archived")
	row, _ := judged(t, nil, asked("c1", noon, mission.Active), NewWithdrawal("c2", "ops", noon+5, KindMission, "m"))
	if h, _ := row.Mission(); h.Status != mission.Archived || h.EndedAt != noon+5 {
		t.Errorf("%+v", h)
	}
}

// A mission becomes active at the time for which it was scheduled, once, unless somebody came first.
func TestScheduledActivation(t *testing.T) {
	later := noon + 3_600_000
	row, got := judged(t, nil, asked("c1", noon, mission.Scheduled, scheduled(later)), asked("c2", noon, mission.Scheduled), asked("c3", noon, "", titled("edited")))
	wantRun(t, got, "applied v1 scheduled", "unchanged v1 scheduled", "applied v1 scheduled")
	if Due(row, later-1, DefaultConfig()) != nil || row.ScheduledAt() != later {
		t.Errorf("due too early, or scheduled at %s", row.ScheduledAt())
	}
	moved, got := judged(t, row, asked("c4", noon, mission.Scheduled, titled("edited"), scheduled(later+5)), NewMove("c5", "ops", noon, Activate, "m", later+9))
	wantRun(t, got, "applied v1 scheduled", "applied v1 scheduled")
	if Due(moved, later+8, DefaultConfig()) != nil || moved.ScheduledAt() != later+9 {
		t.Error("it was put off, and is due all the same")
	}
	c := Due(row, later.Add(time.Hour), DefaultConfig()) // noticed late
	active, e := Apply(row, c, DefaultConfig())
	h, _ := active.Mission()
	line := e.Line
	if h.ChangedAt != later || !h.Activated || h.ScheduledAt != 0 || line.Actor != systemActor || line.Proof.By != audit.ByTimer || line.At != later || line.Reason == "" {
		t.Errorf("%+v, %+v", h, line)
	}
	if Due(active, later.Add(time.Hour), DefaultConfig()) != nil {
		t.Error("due twice")
	}
	file := asked("c6", later+1, mission.Scheduled, titled("edited"), scheduled(later)) // the same file again, afterwards
	if _, got := judged(t, active, file); got[0] != "unchanged v1 active" {
		t.Error(got)
	}
	_, got = judged(t, nil, asked("c1", noon, mission.Active, scheduled(later)))
	wantRun(t, got, "/activate_at invalid_field")
	gone, _ := judged(t, row, NewMove("c7", "ops", noon, Archive, "m", 0))
	if Due(gone, later, DefaultConfig()) != nil {
		t.Error("an archived mission is due")
	}
}

func TestVersionsHaveToFitIntoARow(t *testing.T) {
	row, _ := judged(t, nil, asked("c", noon, mission.Active))
	long := strings.Repeat("x", 2000)
	cfg := documented()
	whole := cfg.Document
	cfg.Document = func(e Entity) []byte { return whole(NewMission(e.(Mission).Definition())) } // of the latest version, as it is outside tests
	var refused *Event
	for i := range 1000 {
		c := asked(fmt.Sprint("c", i), noon, "", func(m *Mission) { m.Versions[0].Mission.Description = fmt.Sprint(long[:1990], i) })
		next, e := Apply(row, c, cfg)
		if row = next; e.Result == verdict.Refused {
			refused = e
			break
		}
	}
	if refused == nil || refused.Version < 100 || refused.Problems[0].Code != problem.InvalidField {
		t.Errorf("%+v", refused)
	}
}

func TestResolve(t *testing.T) {
	template := NewRewardTemplate()
	template.TemplateID, template.Reward, template.Debt = "t", mission.Reward{Kind: mission.RewardGiftCard, Amount: 500}, mission.DebtNegative
	template.Grant.Hold, template.Currency = time.Hour, "INR"
	cfg := DefaultConfig()
	cfg.Find = func(kind Kind, id string) (Entity, bool) { return template, kind == KindRewardTemplate && id == "t" }
	m := definition("")
	m.Reward = mission.Reward{Template: "t"}
	e, problems := Resolve(NewMission(m), cfg)
	got := e.(Mission).Definition()
	if problems != nil || got.Reward != (mission.Reward{Template: "t", Kind: mission.RewardGiftCard, Amount: 500}) || got.Grant.Hold != time.Hour {
		t.Errorf("%+v %v", got, problems)
	}
	if again, _ := Resolve(e, DefaultConfig()); fmt.Sprint(again) != fmt.Sprint(e) { // it needs the template no more
		t.Errorf("%+v", again)
	}
	coins := template
	coins.Reward, coins.Debt, coins.Currency = mission.Reward{Kind: mission.RewardCoins, Amount: 5}, mission.DebtFloor, ""
	in := cfg
	in.Find = func(Kind, string) (Entity, bool) { return coins, true }
	if e, problems := Resolve(NewMission(m), in); problems != nil || e.(Mission).Definition().Debt != mission.DebtFloor {
		t.Errorf("%+v %v", e, problems)
	}
	for name, change := range map[string]func(){
		"unknown": func() { m.Reward.Template = "u" }, "currency": func() { m.Reward.Template, m.Currency = "t", "USD" },
		"archived": func() { m.Currency, template.State = "INR", StatusArchived },
	} {
		change()
		if _, problems := Resolve(NewMission(m), cfg); len(problems) != 1 || problems[0].Pointer != "/reward/template" {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// TestLeadCountsFromTheJudgement has a catalog that was away for a minute.
func TestLeadCountsFromTheJudgement(t *testing.T) {
	row, _ := judged(t, nil, asked("c1", noon, mission.Active))
	late := func(id string, change ...func(*Mission)) *Command {
		c := asked(id, noon, "", change...)
		c.Judged = noon.Add(time.Minute)
		return c
	}
	row, got := judged(t, row, late("c2", titled("two"), inForce(noon.Add(30*time.Second), false)), late("c3", titled("three")))
	wantRun(t, got, "/in_force_from invalid_field", "applied v2 active")
	m, _ := row.Mission()
	if from, want := m.Latest().From, noon.Add(time.Minute+mission.VersionLead); from != want {
		t.Errorf("in force from %s, want %s", from, want)
	}
}
