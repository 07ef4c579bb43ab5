package oracle

import "slices"

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

// answered checks that the budget has answered each outcome once, and in their order, and promised what the mission says. Where
// gift codes are fetched from a pool, a revocation may overtake its completion.
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
		if (Prize{a.kind, a.full, a.pool}) != d.Reward || a.currency != d.Currency || a.mode != mode || a.debt != debt {
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

func (t *Treasury) definition(w win) (Definition, bool) {
	versions := t.missions[w.mission]
	if w.version < 1 || w.version > int64(len(versions)) {
		return Definition{}, false
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
	if want := states(last, won.inForce()); !slices.Contains(want, r.state) {
		t.problem("reward %s for %+v: %s, want %v", r.id, w, r.state, want)
	}
	if keeps := r.paid != 0 && r.paid != r.epoch; r.amount != last.amount && !keeps {
		t.problem("reward %s for %+v: %d, allotted %d", r.id, w, r.amount, last.amount)
	}
}

// states returns where a reward may stand whose last completion got an allotment, and whose completion is in force or not.
func states(a *allotment, inForce bool) []string {
	switch {
	case a.verdict == "exhausted":
		return []string{"exhausted"}
	case !inForce:
		return []string{"cancelled", "clawed_back", "failed"}
	}
	out := []string{"granted"}
	if a.kind == "scratch_card" {
		out = append(out, "redeemed")
	}
	if a.mode == "claim" {
		out = append(out, "claimable")
	}
	if a.pool == "" && !isCoins(a.kind) {
		out = append(out, "failed")
	}
	return out
}

func isCoins(kind string) bool {
	return kind == "coins" || kind == "scratch_card"
}
