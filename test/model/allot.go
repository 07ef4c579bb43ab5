package model

import (
	"slices"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/oracle"
)

func (w *won) completions() (list []*allotment) {
	for i := range w.allotments {
		if a := &w.allotments[i]; a.verdict != "revoked" {
			list = append(list, a)
		}
	}
	return list
}

func (w *won) inForce() bool {
	n := 0
	for _, completed := range w.outcomes {
		if completed {
			n++
		} else {
			n--
		}
	}
	return n > 0
}

// answered checks that the budget has answered each outcome once, and in their order, and promised what the mission
// says. Where gift codes are fetched from a pool, a revocation may overtake its completion.
func (t *Treasury) answered(w win, won *won) {
	want, got := slices.Clone(won.outcomes), []bool(nil) // completed
	d, known := t.definition(w)
	if !known {
		t.problem("outcome %+v: there is no such mission or version", w)
		return
	}
	pooled := d.Reward.Pool != ""
	for _, a := range won.allotments {
		got = append(got, a.verdict != "revoked")
		mode, debt := d.Grant.Mode, d.Debt
		if mode == "" {
			mode = "auto"
		}
		if debt == "" {
			debt = "negative"
		}
		if (oracle.Prize{Kind: a.kind, Amount: a.full, Pool: a.pool,
			ExpiresAfter: d.Reward.ExpiresAfter}) != d.Reward || a.currency != d.Currency || a.mode != mode ||
			a.debt != debt ||
			a.hold != lasting(d.Grant.Hold) || a.expires != lasting(d.Reward.ExpiresAfter) {
			t.problem("allotment of %+v: %+v is not what the mission says", w, a)
		}
		if (a.code != "") != (pooled && a.verdict == "reserved") {
			t.problem("allotment of %+v: %s with code %q", w, a.verdict, a.code)
		}
	}
	if pooled {
		for _, list := range [][]bool{want, got} {
			slices.SortFunc(list, func(a, b bool) int {
				switch {
				case a == b:
					return 0
				case a:
					return -1
				default:
					return 1
				}
			})
		}
	}
	if !slices.Equal(want, got) {
		t.problem("outcomes of %+v: completed %v, answered %v", w, want, got)
	}
}

// lasting reads a duration as docs/contract.md#conventions writes it; one that cannot be read is like no other.
func lasting(text string) instant.Milli {
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return -1
	}
	return milli(d)
}

func (t *Treasury) definition(w win) (oracle.Definition, bool) {
	versions := t.missions[w.mission]
	if w.version < 1 || w.version > int64(len(versions)) {
		return oracle.Definition{}, false
	}
	return versions[w.version-1], true
}

// settled checks what state the reward of a win is in.
func (t *Treasury) settled(w win, won *won) {
	completions := won.completions()
	r := won.reward
	switch {
	case r == nil:
		if len(won.allotments) > 0 {
			t.problem("win %+v: no reward", w)
		}
		return
	case len(completions) == 0:
		if r.epoch > 0 {
			t.problem("reward %s for %+v: %s, but nothing was allotted", r.id, w, r.state)
		}
		return
	case r.epoch != int64(len(completions)):
		t.problem("reward %s for %+v: epoch %d of %d", r.id, w, r.epoch, len(completions))
		return
	}
	last := completions[len(completions)-1]
	_, cancelled := t.barred[r.id]
	if want := states(last, won.inForce(), cancelled); !slices.Contains(want, r.state) {
		t.problem("reward %s for %+v: %s, want %v", r.id, w, r.state, want)
	}
	if keeps := r.paid != 0 && r.paid != r.epoch; r.amount != last.amount && !keeps {
		t.problem("reward %s for %+v: %d, allotted %d", r.id, w, r.amount, last.amount)
	}
}

// states returns where a reward may stand at rest whose last completion got an allotment, and whose completion is in
// force or not, or which support has cancelled.
func states(a *allotment, inForce, cancelled bool) []string {
	k := a.terms()
	var out []string
	if k.lapses() {
		out = append(out, "expired")
	}
	if k.provided() {
		out = append(out, "failed")
	}
	switch {
	case cancelled:
		return append(out, "cancelled", "clawed_back", "exhausted", "failed")
	case a.verdict == "exhausted":
		return []string{"exhausted"}
	case !inForce:
		return append(out, "cancelled", "clawed_back")
	case k.kind == "scratch_card":
		out = append(out, "redeemed")
	}
	if k.mode == "claim" && k.expires == 0 {
		out = append(out, "claimable")
	}
	if k.kind != "scratch_card" || k.mode != "claim" && k.expires == 0 {
		out = append(out, "granted")
	}
	return out
}

func isCoins(kind string) bool {
	return kind == "coins" || kind == "scratch_card"
}
