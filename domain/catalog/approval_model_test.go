package catalog

import (
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/verdict"
)

// anyDecisive draws a command on the mission m that has to do with its cost, by one of the actors.
func anyDecisive(t *rapid.T, i int, row *Row, actors []string) *Command {
	id, at := fmt.Sprint("c", i), noon+instant.Milli(1000*i)
	actor := rapid.SampledFrom(actors).Draw(t, "actor")
	revision := int64(1)
	if row != nil {
		revision = max(1, row.Revision-rapid.SampledFrom([]int64{0, 0, 0, 1}).Draw(t, "behind"))
	}
	var c *Command
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0:
		c = NewDecision(id, actor, at, Reject, "m", revision)
		c.Reason = "no"
	case 1, 2:
		c = NewDecision(id, actor, at, Approve, "m", revision)
	case 3, 4:
		op := rapid.SampledFrom([]Op{Activate, Activate, Activate, Pause, Resume, End, Archive}).Draw(t, "op")
		when := instant.Milli(0)
		if op == Activate && rapid.Bool().Draw(t, "ahead") {
			when = at + 1500
		}
		c = NewMove(id, actor, at, op, "m", when)
	default:
		status := rapid.SampledFrom([]mission.Status{"", "", "", mission.Draft, mission.Scheduled, mission.Active, mission.Paused, mission.Ended}).Draw(t, "status")
		budget := rapid.SampledFrom([]int64{0, 1000, small - 1, small, small + 1, large}).Draw(t, "budget")
		c = asked(id, at, status, cash(budget), titled(rapid.SampledFrom([]string{"", "x"}).Draw(t, "title")), func(m *Mission) {
			d := &m.Versions[0].Mission
			if rapid.IntRange(0, 5).Draw(t, "coins") == 0 {
				d.Reward = mission.Reward{Kind: mission.RewardCoins, Amount: 10}
			}
			d.Limits.MaxWinners = rapid.SampledFrom([]int64{0, 0, 1, 200, 201}).Draw(t, "winners")
			if status == mission.Scheduled {
				m.ScheduledAt = at + 1500
			}
			if m.Versions[0].Backdated = rapid.IntRange(0, 4).Draw(t, "backdated") == 0; m.Versions[0].Backdated {
				m.Versions[0].From = at - 5000
			}
		})
		c.Reason = "why"
	}
	c.Actor = actor
	c.Proof = audit.Proof{
		By:   rapid.SampledFrom([]audit.ProofBy{audit.ByToken, audit.ByToken, audit.ByToken, audit.ByToken, audit.ByToken, audit.ByToken, audit.ByTimer, audit.Unproved}).Draw(t, "by"),
		Role: rapid.SampledFrom([]string{"editor", audit.RoleApprover, audit.RoleApprover, audit.RoleAdmin}).Draw(t, "role"),
	}
	return c
}

// decide applies commands, and what the catalog does by itself between them, and tells check of each.
func decide(t *rapid.T, actors []string, check func(before, after *Row, c *Command, e *Event)) {
	var row *Row
	apply := func(c *Command) {
		next, e := Apply(row, c, documented())
		check(row, next, c, e)
		row = next
	}
	if rapid.Bool().Draw(t, "drafted") { // else most missions are active before they cost much
		apply(edit("draft", actors[0], mission.Draft, cash(large)))
	}
	for i := range rapid.IntRange(1, 40).Draw(t, "commands") {
		if due := Due(row, noon+instant.Milli(1000*i), documented()); due != nil {
			apply(due)
		}
		apply(anyDecisive(t, i, row, actors))
	}
}

// No sequence of commands by one person, in whatever roles, makes a mission win more than the threshold.
func TestOnePersonAloneNeverPassesTheThreshold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		decide(t, []string{"mallory"}, func(_, after *Row, c *Command, _ *Event) {
			if h, ok := after.Mission(); ok && h.Activated && len(DefaultThresholds().above(costsOf(h.Versions))) > 0 {
				t.Fatalf("after %s by %s: %s with %+v", c.Op, c.Actor, h.Status, costsOf(h.Versions))
			}
		})
	})
}

// deed is what somebody did to a definition: they wrote it, or approved it.
type deed struct {
	actor    string
	approved bool
	text     mission.Mission
}

// approvals is the model: who did what since the last definition that counts.
type approvals struct{ deeds []deed }

// Whatever several people do: every definition above the threshold that users win by was approved, as it is, by
// somebody who wrote none of it since the last one that counted.
func TestEveryVersionAboveTheThresholdWasApprovedByAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		model := &approvals{}
		decide(t, []string{"ann", "ben", "cy"}, func(before, after *Row, c *Command, e *Event) { model.check(t, before, after, c, e) })
	})
}

func (a *approvals) check(t *rapid.T, before, after *Row, c *Command, e *Event) {
	if e.Result != verdict.Applied {
		return
	}
	old, now := missionOf(before), missionOf(after)
	switch {
	case c.Op == Approve:
		text := old.Latest().Mission
		if p := old.Approval.Proposal; p != nil {
			text = p.Mission
		}
		a.deeds = append(a.deeds, deed{c.Actor, true, text})
	case c.Op == Reject && old.Approval.Proposal != nil:
		a.deeds = nil
	case c.Op == Put && now.Approval.Proposal != nil && !reflect.DeepEqual(old.Approval.Proposal, now.Approval.Proposal):
		if old.Approval.Proposal == nil {
			a.deeds = nil
		}
		a.deeds = append(a.deeds, deed{actor: c.Actor, text: now.Approval.Proposal.Mission})
	case c.Op == Put && !reflect.DeepEqual(old.Latest().Mission, now.Latest().Mission):
		if old.Activated {
			a.deeds = nil
		}
		a.deeds = append(a.deeds, deed{actor: c.Actor, text: now.Latest().Mission})
	}
	counts := now.Activated && (!old.Activated || len(now.Versions) > len(old.Versions))
	if counts && len(DefaultThresholds().above(costsOf(now.History.Versions))) > 0 {
		a.judge(t, now.Latest().Mission)
	}
}

// judge checks that the last thing that was done to a definition is an approval of it by somebody who had no part in
// it.
func (a *approvals) judge(t *rapid.T, text mission.Mission) {
	n := len(a.deeds) - 1
	if n < 1 || !a.deeds[n].approved || !reflect.DeepEqual(a.deeds[n].text, text) {
		t.Fatalf("%+v counts after %+v", text, a.deeds)
	}
	i := n - 1
	for i > 0 && a.deeds[i].approved { // approved, taken back, and approved again
		i--
	}
	for ; i >= 0 && !a.deeds[i].approved; i-- {
		if a.deeds[i].actor == a.deeds[n].actor {
			t.Fatalf("%s approved what they wrote: %+v", a.deeds[n].actor, a.deeds)
		}
	}
}

func missionOf(row *Row) Mission {
	if row == nil {
		return Mission{}
	}
	m, _ := row.Entity.(Mission)
	return m
}
