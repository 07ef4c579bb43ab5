package model

import (
	"slices"

	"github.com/millrace/millrace/oracle"
)

// checkGoodwill checks what support gave by hand: that it was asked for, once, and where it stands.
func (t *Treasury) checkGoodwill() {
	asked := map[string]*command{}
	for id, c := range t.commands {
		if c.op == "goodwill" && t.annals.verdicts[id].result == "applied" {
			asked[c.reward] = c
		}
	}
	for user, p := range t.purses {
		for _, r := range p.rewards {
			c := asked[r.id]
			if !r.byHand {
				continue
			}
			if c == nil || c.user != user || (oracle.Prize{Kind: r.kind, Amount: r.amount}) != c.prize || r.epoch != 1 {
				t.problem("reward %s of %s: %+v is not what support gave: %+v", r.id, user, *r, c)
				continue
			}
			t.terms[r.id] = func(int64) *terms { return &c.terms }
			_, cancelled := t.barred[r.id]
			a := &allotment{verdict: "reserved", kind: c.prize.Kind, mode: c.terms.mode, hold: c.terms.hold,
				expires: c.terms.expires}
			if want := states(a, true, cancelled); !slices.Contains(want, r.state) {
				t.problem("reward %s of %s: %s, want %v", r.id, user, r.state, want)
			}
			delete(asked, r.id)
		}
	}
	for id, c := range asked {
		t.problem("reward %s of %s: support gave it, and it is not there", id, c.user)
	}
}

// checkCourses holds all that devices were told against the state machine.
func (t *Treasury) checkCourses() {
	for _, won := range t.wins {
		if won.reward != nil {
			completions := won.completions()
			t.terms[won.reward.id] = func(epoch int64) *terms {
				if epoch < 1 || epoch > int64(len(completions)) {
					return nil
				}
				return completions[epoch-1].terms()
			}
		}
	}
	for id, l := range t.courses {
		if t.terms[id] == nil {
			t.problem("notification of reward %s of %s: there is no such reward", id, l.user)
			continue
		}
		t.claimed[id] = t.checkCourse(id, t.terms[id])
		t.countSteps(l.steps)
	}
}

// lastStep returns what was told last of a reward.
func (t *Treasury) lastStep(id string) step {
	if l := t.courses[id]; l != nil {
		return l.steps[len(l.steps)-1]
	}
	return step{}
}
