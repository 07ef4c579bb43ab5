package model

import (
	"fmt"
	"strings"
	"testing"

	"github.com/millrace/millrace/oracle"
)

// courseOf reads what devices were told: STATE@TIME, or EPOCH:STATE@TIME, and then perhaps a reason.
func courseOf(t *testing.T, text string) *course {
	t.Helper()
	c, last := &course{user: "u"}, ""
	for _, word := range strings.Fields(text) {
		s := step{from: last, epoch: 1}
		if before, rest, ok := strings.Cut(word, ":"); ok {
			word = rest
			_, _ = fmt.Sscan(before, &s.epoch)
		}
		word, s.reason, _ = strings.Cut(word, "/")
		state, at, ok := strings.Cut(word, "@")
		if _, err := fmt.Sscan(at, &s.at); err != nil || !ok {
			t.Fatal(word, err)
		}
		s.to, last = state, state
		c.steps = append(c.steps, s)
	}
	return c
}

func TestCoursesAreThoseOfTheStateMachine(t *testing.T) {
	coins, cash := terms{kind: "coins", mode: "auto"}, terms{kind: "cash", mode: "auto"}
	held := terms{kind: "coins", mode: "auto", hold: 5}
	asked := terms{kind: "gift_card", pool: "p", mode: "claim", hold: 5, expires: 10}
	card := terms{kind: "scratch_card", mode: "auto", expires: 10}
	for _, c := range []struct {
		terms terms
		told  string
		want  string // empty: nothing is wrong
	}{
		{coins, "granted@1 clawed_back@2 2:granted@3", ""},
		{coins, "granted@1 pending@2", "cannot follow granted"},
		{coins, "granted@1 2:granted@3", "cannot follow granted"},
		{coins, "granted@1 clawed_back@2 3:granted@3", "nobody has asked for"},
		{coins, "exhausted@1 granted@2", "cannot follow exhausted"},
		{coins, "granted@5 clawed_back@4", "cannot follow granted"},
		{coins, "pending@1 granted@1", "its hold is 0 ms"},
		{cash, "granting@1 granted@2 clawed_back@3 2:reserved@4 2:granted@5", ""},
		{cash, "granting@1 failed@2 granted@3", "cannot follow failed"},
		{cash, "granting@1 cancelled@2 clawed_back@3", ""},
		{held, "pending@1 granted@6", ""},
		{held, "pending@1 cancelled@3 2:pending@4 2:granted@9", ""},
		{held, "pending@1 granted@5", "before its hold had passed"},
		{held, "pending@1 clawed_back@5", "before its hold had passed"},
		{held, "granted@7", "its hold is 5 ms"},
		{held, "pending@1", "pending until"},
		{asked, "pending@1 claimable@6 granted@15", ""},
		{asked, "pending@1 claimable@6 granted@16", "it had expired"},
		{asked, "pending@1 claimable@6 cancelled@16", "it had expired"},
		{asked, "pending@1 claimable@16", "it had expired"},
		{asked, "pending@1 claimable@6 expired@16", ""},
		{asked, "pending@1 claimable@8 expired@16", ""}, // a hold that ended late does not put off the end
		{asked, "pending@1 claimable@6 expired@15", "its time is over at"},
		{asked, "pending@1 expired@16", ""},
		{asked, "pending@1 claimable@6", "not at rest"},
		{asked, "pending@1 claimable@6 granted@7 clawed_back@8 2:granted@9", ""}, // a code that was seen stays the user's
		{asked, "pending@1 cancelled@7 2:granted@9", "its hold is 5 ms"},
		{card, "granted@1 redeemed@5", ""},
		{card, "granted@1 redeemed@11", "it had expired"},
		{card, "granted@1 expired@11 clawed_back@12", "cannot follow expired"},
		{card, "granted@1", "not at rest"},
		{terms{kind: "scratch_card"}, "granted@1", ""},
		{terms{kind: "scratch_card"}, "granted@1 expired@99", "its time is over at"},
	} {
		o := NewTreasury()
		o.courses["r"] = courseOf(t, c.told)
		o.checkCourse("r", func(epoch int64) *terms {
			if epoch > 2 {
				return nil
			}
			return &c.terms
		})
		got := strings.Join(o.problems, "\n")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s of %+v: %q, want %q", c.told, c.terms, got, c.want)
		}
		if rests := !strings.Contains(got, "not at rest"); rests != (o.Until() == 0) {
			t.Errorf("%s of %+v: rests at %v", c.told, c.terms, o.Until())
		}
	}
}

// Each line tells of a reward to be claimed, what was asked, and what was said to that.
func TestCommandsHaveVerdictsThatFit(t *testing.T) {
	const claimable = "pending@1 claimable@6"
	for _, c := range []struct{ told, op, verdict, want string }{
		{claimable + " granted@8", "claim", "applied@8", ""},
		{claimable + " granted@8", "claim", "applied@9", "as to a claim, of which there were 0"},
		{claimable + " granted@8", "claim", "", "no verdict"},
		{claimable + " granted@8", "cancel", "applied@8", "as to a claim, of which there were 0"},
		{claimable + " granted@8 clawed_back@9", "claim", "applied@9", "and it did not change"},
		{claimable + " granted@8", "claim", "unchanged@9", "as to a claim, of which there were 0"},
		{claimable + " cancelled@8", "claim", "unchanged@7", "verdict"},
		{claimable + " cancelled@8", "claim", "refused@7", "verdict"},
		{claimable + " cancelled@8", "claim", "missing@7", "verdict"},
		{claimable + " cancelled@8", "claim", "refused@9", ""},
		{claimable + " cancelled@8", "claim", "refused@3", ""},
		{claimable + " cancelled@8", "claim", "missing@0", ""},
		{claimable + " cancelled@8", "claim", "applied@7", "claims were granted at"},
		{claimable + " cancelled@8/support", "cancel", "applied@8", ""},
		{claimable + " cancelled@8/support", "cancel", "applied@9", "who had not asked for it"},
		{claimable + " cancelled@8/support", "cancel", "refused@8", "who had not asked for it"},
		{claimable + " cancelled@8/support 2:pending@9 2:cancelled@9", "cancel", "applied@8", "support had cancelled it"},
		{claimable, "cancel", "applied@8", "verdict"},
		{claimable + " cancelled@8", "cancel", "unchanged@9", "verdict"},
		{claimable + " cancelled@8", "cancel", "missing@9", "verdict"},
		{claimable + " cancelled@8", "cancel", "refused@9", "verdict"},
		{claimable + " cancelled@8", "goodwill", "applied@1", ""},
		{claimable + " cancelled@8", "goodwill", "applied@2", "verdict"},
		{claimable + " cancelled@8", "goodwill", "unchanged@1", "verdict"},
		{claimable + " cancelled@8", "goodwill", "refused@1", "verdict"},
		{claimable + " cancelled@8", "", "applied@7", "never sent"},
	} {
		k := terms{kind: "coins", mode: "claim", hold: 5, expires: 100}
		o := NewTreasury()
		o.courses["r"] = courseOf(t, c.told)
		o.terms["r"] = func(int64) *terms { return &k }
		o.claimed["r"] = o.checkCourse("r", o.terms["r"])
		if c.op != "" {
			o.commands["c"] = &command{op: c.op, user: "u", reward: "r", reason: "why", prize: oracle.Prize{Amount: 1}, times: 1}
		}
		if result, at, ok := strings.Cut(c.verdict, "@"); ok {
			v := ruling{user: "u", result: result, missing: result == "missing"}
			_, _ = fmt.Sscan(at, (*int64)(&v.at))
			o.annals.verdicts["c"] = v
		}
		o.bar()
		o.problems = nil
		o.checkCommands()
		got := strings.Join(o.problems, "\n")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s, %s %s: %q, want %q", c.told, c.op, c.verdict, got, c.want)
		}
	}
}

func TestVerdictsAreOfTheirUsersAndOfSomething(t *testing.T) {
	o := NewTreasury()
	o.courses["r"] = courseOf(t, "granted@1")
	o.terms["r"] = func(int64) *terms { return &terms{kind: "coins"} }
	o.commands["c"] = &command{op: "claim", user: "u", reward: "r", times: 1}
	o.annals.verdicts["c"] = ruling{user: "v", result: "unchanged", at: 1}
	o.commands["d"] = &command{op: "claim", user: "u", reward: "none", times: 1}
	o.annals.verdicts["d"] = ruling{user: "u", result: "applied", at: 1}
	o.checkCommands()
	for _, want := range []string{"its verdict is in the row of v", "reward none: claimed, and nothing came of it"} {
		if got := strings.Join(o.problems, "\n"); !strings.Contains(got, want) {
			t.Error(got)
		}
	}
}
