package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
)

// cash is a definition that gives so much cash in all.
func cash(budget int64) func(*Mission) {
	return func(m *Mission) {
		m.Versions[0].Mission.Reward = mission.Reward{Kind: mission.RewardCash, Amount: 50_000}
		m.Versions[0].Mission.Limits.Budget = budget
	}
}

const (
	small = int64(10_000_000)  // ₹100,000.00, the threshold
	large = int64(100_000_000) // ₹1,000,000.00
)

// by returns a command as a token's: of an actor with a role.
func by(actor, role string, c *Command) *Command {
	c.Actor, c.Proof = actor, audit.Proof{By: audit.ByToken, Issuer: "iss", Role: role}
	return c
}

func approval(id, actor, role string, revision int64) *Command {
	return by(actor, role, NewDecision(id, actor, noon+60_000, Approve, "m", revision))
}

func rejection(id, actor, role string, revision int64) *Command {
	c := by(actor, role, NewDecision(id, actor, noon+60_000, Reject, "m", revision))
	c.Reason = "too generous"
	return c
}

func step(id string, op Op) *Command {
	return by("ann", "editor", NewMove(id, "ann", noon, op, "m", 0))
}

func edit(id, actor string, status mission.Status, change ...func(*Mission)) *Command {
	return by(actor, "editor", asked(id, noon, status, change...))
}

// state returns where the mission of a row stands.
func state(row *Row) string {
	m, _ := row.Entity.(Mission)
	r := m.Review()
	out := string(r.State(DefaultThresholds()))
	if r.Proposal != nil {
		out += " with a proposal"
	}
	return out + " " + strings.Join(r.Writers(), ",")
}

// lineOfLast returns the audit line of the last of several commands.
func lineOfLast(row *Row, commands ...*Command) *audit.Line {
	var line *audit.Line
	for _, c := range commands {
		next, e := Apply(row, c, documented())
		row, line = next, e.Line
	}
	return line
}

// A mission above the threshold: what one person can do about it alone, and what a second one changes.
func TestAMissionAboveTheThresholdTakesTwo(t *testing.T) {
	row, got := judged(t, nil, edit("c1", "ann", mission.Active, cash(large)), edit("c2", "ann", mission.Scheduled, cash(large), scheduled(noon+5)),
		edit("c3", "ann", mission.Paused, cash(large)), edit("c4", "ann", mission.Ended, cash(large)), edit("c5", "ann", "", cash(large)),
		step("c6", Activate), by("ann", "editor", NewMove("c7", "ann", noon, Activate, "m", noon+99)), edit("c8", "ann", mission.Active, cash(large)),
		approval("c9", "ann", "approver", 1), approval("c10", "ann", "admin", 1), approval("c11", "ben", "editor", 1), approval("c12", "ben", "approver", 0),
		approval("c13", "ben", "approver", 7))
	wantRun(t, got, " approval_required", " approval_required", " approval_required", " approval_required", "applied v1 draft",
		" approval_required", " approval_required", " approval_required",
		" same_person", " same_person", " forbidden", " precondition_required", " precondition_failed")
	if got := state(row); got != "waiting ann" {
		t.Error(got)
	}
	unproved := approval("c14", "ben", "approver", 1)
	unproved.Proof = audit.Proof{Role: "approver"}
	timer := approval("c15", "ben", "approver", 1)
	timer.Proof.By = audit.ByTimer
	line := lineOfLast(row, unproved, timer, approval("c16", "ben", "approver", 1))
	row, got = judged(t, row, unproved, timer, approval("c16", "ben", "approver", 1), approval("c17", "cy", "admin", 2), step("c18", Activate))
	wantRun(t, got, " forbidden", " forbidden", "applied v1 draft", "unchanged v1 draft", "applied v1 active")
	if got := state(row); got != "approved ann" || line.Action != ActionApproved || line.Actor != "ben" || line.Proof.Role != "approver" || len(line.Differences) == 0 {
		t.Errorf("%s, %+v", got, line)
	}
	m, _ := row.Entity.(Mission)
	if a := m.Approval.Approved; a.Actor != "ben" || a.Revision != 1 || a.At != noon+60_000 {
		t.Errorf("%+v", a)
	}
}

// Exactly the threshold is not above it.
func TestTheThresholdIsTheMostThatOneMayGive(t *testing.T) {
	_, got := judged(t, nil, edit("c1", "ann", mission.Active, cash(small)))
	wantRun(t, got, "applied v1 active")
	_, got = judged(t, nil, edit("c1", "ann", mission.Active, cash(small+1)))
	wantRun(t, got, " approval_required")
}

// A change after the approval is nobody's, whatever it changes; who approved it before may have written this one.
func TestAChangeVoidsTheApproval(t *testing.T) {
	row, got := judged(t, nil, edit("c1", "ann", "", cash(large)), approval("c2", "ben", "approver", 1), edit("c3", "ben", "", cash(large), titled("mine")),
		step("c4", Activate), edit("c5", "ann", mission.Active, cash(large), titled("more")), approval("c6", "ben", "approver", 3), approval("c7", "ann", "approver", 3),
		edit("c8", "cy", "", cash(large), titled("ours")), approval("c9", "cy", "admin", 5), approval("c10", "ben", "approver", 5), approval("c11", "dan", "admin", 5), step("c12", Activate))
	wantRun(t, got, "applied v1 draft", "applied v1 draft", "applied v1 draft", " approval_required", " approval_required", " same_person", "applied v1 draft",
		"applied v1 draft", " same_person", "applied v1 draft", " precondition_failed", "applied v1 active")
	if row.Revision != 7 {
		t.Errorf("revision %d", row.Revision)
	}
	// One command that changes and activates is one change too many.
	row, _ = judged(t, nil, edit("c1", "ann", "", cash(large)), approval("c2", "ben", "approver", 1))
	_, got = judged(t, row, edit("c3", "ann", mission.Active, cash(large+1)), edit("c4", "ann", mission.Scheduled, cash(large+1), scheduled(noon+5)))
	wantRun(t, got, " approval_required", " approval_required")
	_, got = judged(t, row, edit("c5", "ann", mission.Active, cash(large)))
	wantRun(t, got, "applied v1 active")
}

// What is raised while the mission is active is a proposal: the version before it stays in force until somebody else
// says yes.
func TestARaiseOfAnActiveMissionIsAProposal(t *testing.T) {
	row, got := judged(t, nil, edit("c1", "ann", mission.Active, cash(small-2)), edit("c2", "ann", "", cash(small-1)), edit("c3", "ann", "", cash(small)),
		edit("c4", "ann", "", cash(small+1)), edit("c5", "ann", "", cash(small+1)), edit("c6", "ben", "", cash(large)), edit("c7", "ann", "", cash(small)))
	wantRun(t, got, "applied v1 active", "applied v2 active", "applied v3 active", "applied v3 active", "unchanged v3 active", "applied v3 active", "unchanged v3 active")
	if got := state(row); got != "waiting with a proposal ann,ben" {
		t.Error(got)
	}
	if line := lineOfLast(row, edit("c6b", "ben", "", cash(large-1))); line.Action != ActionProposed {
		t.Errorf("%+v", line)
	}
	if h, _ := row.Mission(); h.Latest().Mission.Limits.Budget != small {
		t.Errorf("%+v", h.Latest())
	}
	approved, got := judged(t, row, approval("c8", "ann", "approver", 5), approval("c9", "ben", "admin", 5), approval("c10", "cy", "approver", 5))
	wantRun(t, got, " same_person", " same_person", "applied v4 active")
	h, _ := approved.Mission()
	if v := h.Latest(); v.Mission.Limits.Budget != large || v.From != noon.Add(mission.VersionLead)+60_000 || state(approved) != "approved ann,ben" {
		t.Errorf("%+v, %s", v, state(approved))
	}
	// The next one takes a second person again, and pausing takes nobody.
	_, got = judged(t, approved, edit("c11", "cy", "", cash(large), titled("again")), step("c12", Pause), step("c13", Resume), approval("c14", "cy", "admin", 9), approval("c15", "ann", "approver", 9))
	wantRun(t, got, "applied v4 active", "applied v4 paused", "applied v4 active", " same_person", "applied v5 active")
	// A change that needs nobody takes the proposal's place.
	direct, got := judged(t, row, edit("c16", "ann", "", cash(small-5)))
	wantRun(t, got, "applied v4 active")
	if state(direct) != "not_needed ann" {
		t.Error(state(direct))
	}
}

func TestRejections(t *testing.T) {
	silent := rejection("c0", "ben", "approver", 1)
	silent.Reason = ""
	line := lineOfLast(nil, edit("c1", "ann", "", cash(large)), rejection("c4", "ben", "approver", 1))
	row, got := judged(t, nil, edit("c1", "ann", "", cash(large)), silent, rejection("c2", "ben", "editor", 1), rejection("c3", "ben", "approver", 0), rejection("c4", "ben", "approver", 1),
		rejection("c5", "ben", "approver", 2), step("c6", Activate))
	wantRun(t, got, "applied v1 draft", "/reason invalid_field", " forbidden", " precondition_required", "applied v1 draft", "unchanged v1 draft", " approval_required")
	if got := state(row); got != "rejected ann" || line.Action != ActionRejected || line.Reason != "too generous" {
		t.Errorf("%s, %+v", got, line)
	}
	row, got = judged(t, row, edit("c7", "ann", "", cash(large-1)), approval("c8", "ben", "approver", 3), rejection("c9", "cy", "approver", 4), step("c10", Activate),
		approval("c11", "ann", "approver", 5), approval("c12", "ben", "approver", 5), step("c13", Activate), rejection("c14", "cy", "admin", 7))
	wantRun(t, got, "applied v1 draft", "applied v1 draft", "applied v1 draft", " approval_required", " same_person", "applied v1 draft", "applied v1 active", " invalid_state")
	// An author takes a proposal back; nothing else changes.
	row, got = judged(t, row, edit("c15", "ann", "", cash(large*2)), rejection("c16", "eve", "editor", 8), rejection("c17", "ann", "editor", 8), rejection("c18", "ann", "editor", 9))
	wantRun(t, got, "applied v1 active", " forbidden", "applied v1 active", " invalid_state")
	if state(row) != "approved ann" {
		t.Error(state(row))
	}
	_, got = judged(t, row, step("c19", End), approval("c20", "ben", "approver", 10), rejection("c21", "ben", "approver", 10))
	wantRun(t, got, "applied v1 ended", " invalid_state", " invalid_state")
	_, got = judged(t, nil, edit("c1", "ann", ""), approval("c2", "ben", "approver", 1), rejection("c3", "ben", "approver", 1))
	wantRun(t, got, "applied v1 draft", " invalid_state", " invalid_state")
}

// A scheduled mission whose definition changed stays scheduled until it is approved again, and begins then.
func TestAScheduledMissionWaitsForItsApproval(t *testing.T) {
	later := noon + 3_600_000
	row, got := judged(t, nil, edit("c1", "ann", "", cash(large)), approval("c2", "ben", "approver", 1), edit("c3", "ann", mission.Scheduled, cash(large), scheduled(later)),
		edit("c4", "ann", "", cash(large+1)), edit("c5", "ann", mission.Scheduled, cash(large+1), scheduled(later+1)))
	wantRun(t, got, "applied v1 draft", "applied v1 draft", "applied v1 scheduled", "applied v1 scheduled", " approval_required")
	if Due(row, later+5, DefaultConfig()) != nil {
		t.Error("it is due without its approval")
	}
	yes := approval("c6", "ben", "approver", 4)
	yes.At = later + 5
	row, got = judged(t, row, yes)
	wantRun(t, got, "applied v1 scheduled")
	c := Due(row, later+5, DefaultConfig())
	if c == nil || c.When != later+5 {
		t.Fatalf("%+v", c)
	}
	_, got = judged(t, row, c)
	wantRun(t, got, "applied v1 active")
}

// A threshold that is lowered stops no mission; it bars the way back from a pause.
func TestALoweredThreshold(t *testing.T) {
	row, _ := judged(t, nil, edit("c1", "ann", mission.Active, cash(small)))
	low := documented()
	low.Approval.Amount = small - 1
	m, _ := row.Entity.(Mission)
	if got := m.Review().State(low.Approval); got != ApprovalWaiting {
		t.Error(got)
	}
	run := func(commands ...*Command) (out []string) {
		for _, c := range commands {
			var e *Event
			row, e = Apply(row, c, low)
			out = append(out, strings.TrimSpace(string(e.Result)+" "+e.Status+" "+e.Problems.Code()))
		}
		return out
	}
	wantRun(t, run(step("c2", Pause), step("c3", Resume), edit("c4", "ann", mission.Active, cash(small)), approval("c5", "ann", "approver", 2), approval("c6", "ben", "approver", 2), step("c7", Resume)),
		"applied paused", "refused paused approval_required", "refused paused approval_required", "refused paused same_person", "applied paused", "applied active")
}

// What a mission can give in all, by its versions.
func TestCosts(t *testing.T) {
	type reward struct {
		kind                    string
		amount, budget, winners int64
	}
	for _, tt := range []struct {
		name     string
		versions []reward
		want     string
	}{
		{"a budget", []reward{{mission.RewardCash, 500, 9_000, 0}}, "INR up to ₹90.00"},
		{"winners", []reward{{mission.RewardCash, 500, 0, 10}}, "INR up to ₹50.00"},
		{"the smaller of both", []reward{{mission.RewardCash, 500, 4_000, 10}}, "INR up to ₹40.00"},
		{"neither", []reward{{mission.RewardCash, 500, 0, 0}}, "INR without limit"},
		{"coins", []reward{{mission.RewardScratchCard, 5, 100, 0}}, "coins up to 100 coins"},
		{"codes of an unknown worth", []reward{{mission.RewardGiftCard, 0, 0, 10}}, "INR without limit"},
		{"codes", []reward{{mission.RewardGiftCard, 2_000, 0, 10}}, "INR up to ₹200.00"},
		{"a budget that no reward fits into", []reward{{mission.RewardCash, 500, 1, 0}}, "INR up to ₹0.01"},
		{"the larger of two versions", []reward{{mission.RewardCash, 500, 9_000, 0}, {mission.RewardCash, 500, 1_000, 0}}, "INR up to ₹90.00"},
		{"many winners of the largest reward", []reward{{mission.RewardCash, 1, 0, 900}, {mission.RewardCash, 900, 0, 1}}, "INR up to ₹8100.00"},
		// The limits of the newest version hold for the users of all.
		{"a budget of coins for users who win cash", []reward{{mission.RewardCash, 500, 1_000, 0}, {mission.RewardCoins, 1, 90_000, 0}}, "INR up to ₹900.00, coins up to 90000 coins"},
		{"no budget for users who win cash", []reward{{mission.RewardCash, 500, 1_000, 0}, {mission.RewardCoins, 1, 0, 0}}, "INR without limit, coins without limit"},
		{"more than there can be", []reward{{mission.RewardCash, 1 << 50, 0, 1}, {mission.RewardCash, 1, 0, 1 << 50}}, "INR up to " + payment.FormatMoney(1<<62, "INR")},
	} {
		var versions []mission.Version
		for _, r := range tt.versions {
			m := definition("")
			m.Reward = mission.Reward{Kind: r.kind, Amount: r.amount}
			m.Limits.Budget, m.Limits.MaxWinners = r.budget, r.winners
			versions = append(versions, mission.Version{Mission: m})
		}
		var got []string
		for _, c := range costsOf(versions) {
			got = append(got, c.Unit+" "+c.String())
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestThresholds(t *testing.T) {
	lax := Thresholds{Amount: 100, Amounts: map[string]int64{"JPY": 5, "USD": NoThreshold}, Coins: NoThreshold}
	for _, tt := range []struct {
		cost   Cost
		strict bool
		want   bool
	}{
		{Cost{"INR", 100, false}, false, false}, {Cost{"INR", 101, false}, false, true}, {Cost{"JPY", 6, false}, false, true},
		{Cost{"USD", 1 << 60, true}, true, false}, {Cost{"coins", 1 << 60, true}, true, false},
		{Cost{"INR", 1, true}, true, true}, {Cost{"INR", 100, true}, false, false}, {Cost{"INR", 101, true}, false, true},
	} {
		lax.Unlimited = tt.strict
		if got := len(lax.above([]Cost{tt.cost})) > 0; got != tt.want {
			t.Errorf("%+v, unlimited %t: %t", tt.cost, tt.strict, got)
		}
	}
	if err := DefaultThresholds().Validate(); err != nil {
		t.Error(err)
	}
	bad := Thresholds{Amount: -2, Coins: 1<<50 + 1, Amounts: map[string]int64{"XXX": 1, "INR": -7}}
	err := bad.Validate()
	for _, want := range []string{"approval.amount: -2", "approval.coins", `"XXX" is no currency`, "approval.amounts: INR: -7"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}

func TestAuthorsAreBounded(t *testing.T) {
	row, _ := judged(t, nil, edit("c0", "a00", "", cash(large)))
	for i := 1; i < maxAuthors; i++ {
		row, _ = judged(t, row, edit(fmt.Sprint("c", i), fmt.Sprintf("a%02d", i), "", cash(large+int64(i))))
	}
	_, got := judged(t, row, edit("one-more", "b", "", cash(large)), edit("another", "a07", "", cash(large)))
	wantRun(t, got, " invalid_state", "applied v1 draft")
}

// What is asked for says what to do.
func TestApprovalRequiredSaysWhatToDo(t *testing.T) {
	_, e := Apply(nil, edit("c1", "ann", mission.Active, cash(large)), DefaultConfig())
	want := "more than ₹100000.00 of one mission needs the approval of a second person, and the mission can give more than that in all: write it with status draft, " +
		"have somebody else approve it (POST …/approve, millrace mission approve), then activate it"
	if len(e.Problems) != 1 || e.Problems[0] != (problem.Problem{Code: problem.ApprovalRequired, Detail: want}) {
		t.Errorf("%+v", e.Problems)
	}
}

// A proposal keeps the time from which it is to be in force, unless that is too early when it is approved; a backdated
// one says why as ever.
func TestProposalsBegin(t *testing.T) {
	row, _ := judged(t, nil, edit("c1", "ann", mission.Active, cash(small)))
	for _, tt := range []struct {
		from, want instant.Milli
		backdated  bool
	}{
		{noon + 500_000, noon + 500_000, false}, {noon + 20_000, noon + 70_000, false}, {0, noon + 70_000, false}, {noon - 7, noon - 7, true},
	} {
		c := edit("c2", "ann", "", cash(large), inForce(tt.from, tt.backdated))
		c.Reason = "as announced"
		next, got := judged(t, row, c, approval("c3", "ben", "approver", 2))
		wantRun(t, got, "applied v1 active", "applied v2 active")
		if h, _ := next.Mission(); h.Latest().From != tt.want || h.Latest().Backdated != tt.backdated {
			t.Errorf("%+v: %+v", tt, h.Latest())
		}
	}
	_, got := judged(t, row, edit("c2", "ann", "", cash(large), inForce(noon-7, true)), edit("c3", "ann", "", cash(large), inForce(noon+5, false)))
	wantRun(t, got, "/reason invalid_field", "/in_force_from invalid_field")
}

// A row is never changed after it was returned, with approvals as with all else.
func TestDecisionsLeaveTheOldRow(t *testing.T) {
	row, _ := judged(t, nil, edit("c1", "ben", "", cash(large)), edit("c2", "cy", "", cash(large+1)))
	before, _ := row.Entity.(Mission)
	authors := slices.Clone(before.Approval.Authors)
	_, _ = judged(t, row, edit("c3", "ann", "", cash(large)))
	_, _ = judged(t, row, approval("c4", "dan", "approver", 2))
	if !slices.Equal(authors, before.Approval.Authors) || before.Approval.Approved != nil {
		t.Errorf("%+v", before.Approval)
	}
}
