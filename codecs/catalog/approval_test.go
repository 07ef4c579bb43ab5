package catalog_test

import (
	"strings"
	"testing"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/codecs/codectest"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/verdict"
)

// decidedRow is a mission that was approved, of which one proposal was rejected and another waits, with the lines of
// the audit on it.
func decidedRow(t testing.TB) (*catalog.Row, []*audit.Line) {
	t.Helper()
	const at = 1_772_359_200_000
	m, err := missioncodec.Parse([]byte(codectest.Mission))
	if err != nil {
		t.Fatal(err)
	}
	m.Reward = mission.Reward{Kind: mission.RewardCash, Amount: 50_000}
	put := func(id, actor string, budget int64, status mission.Status) *catalog.Command {
		m.Limits.Budget, m.Status = budget, status
		e := catalog.NewMission(m)
		if budget > 300_000_000 {
			e.Versions[0].From, e.Versions[0].Backdated, e.Reason = at-5, true, "as announced"
		}
		return catalog.NewPut(id, actor, at, e)
	}
	decide := func(id, actor string, op catalog.Op, revision int64) *catalog.Command {
		c := catalog.NewDecision(id, actor, at+1, op, m.ID, revision)
		c.Proof, c.Reason = audit.Proof{By: audit.ByToken, Issuer: "iss", Role: audit.RoleApprover}, "because"
		return c
	}
	cfg := catalog.DefaultConfig()
	cfg.Document = catalogcodec.Document
	var row *catalog.Row
	var lines []*audit.Line
	for _, c := range []*catalog.Command{
		put("c1", "ann", 100_000_000, mission.Draft), decide("c2", "ben", catalog.Approve, 1), catalog.NewMove("c3", "ann", at+2, catalog.Activate, m.ID, 0),
		put("c4", "ann", 200_000_000, ""), decide("c5", "cy", catalog.Reject, 4), put("c6", "ann", 300_000_001, ""), put("c7", "ben", 300_000_002, ""),
	} {
		var e *catalog.Event
		if row, e = catalog.Apply(row, c, cfg); e.Result != verdict.Applied {
			t.Fatalf("%s: %v", c.ID, e.Problems)
		}
		lines = append(lines, e.Line)
	}
	return row, lines
}

// All that is known of an approval is kept, and the audit shows each step.
func TestApprovalsAreKept(t *testing.T) {
	row, written := decidedRow(t)
	m, _ := row.Entity.(catalog.Mission)
	if a := m.Approval; a.Approved == nil || a.Proposal == nil || !a.Proposal.Backdated || len(a.Proposal.Authors) != 2 || len(a.Authors) != 1 {
		t.Fatalf("%+v", a)
	}
	codectest.Golden(t, "catalog_row_approval", codectest.RoundTrip(t, catalogcodec.Row{}, row))
	rejected := *row
	m.Approval.Proposal, m.Approval.Rejected = nil, &catalog.Decision{Actor: "cy", At: 7, Reason: "no", Revision: 4}
	rejected.Entity = m
	codectest.RoundTrip(t, catalogcodec.Row{}, &rejected)
	var lines []string
	for _, a := range written {
		line := a.Action
		for _, d := range a.Differences {
			line += " " + d.Pointer
		}
		lines = append(lines, line)
	}
	want := []string{
		"created ", "approved /approved", "status /status", "proposed /proposal", "rejected /proposal /rejected",
		"proposed /proposal /rejected", "proposed /proposal/authors /proposal/limits/budget",
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("the audit has\n%s", strings.Join(lines, "\n"))
	}
}
