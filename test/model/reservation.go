package model

// sum counts amounts and adds them up.
type sum struct{ times, amount int64 }

func (s sum) with(amount int64) sum { return sum{s.times + 1, s.amount + amount} }
func (s sum) less(o ...sum) sum {
	for _, x := range o {
		s.times, s.amount = s.times-x.times, s.amount-x.amount
	}
	return s
}

// checkReservations checks for each reward that every amount reserved for it came to its end once: it was given, and
// perhaps recovered, or it was returned, as one that has expired or was cancelled must be; and that no code that its
// user may have seen came back.
func (t *Treasury) checkReservations() {
	type ends struct{ spent, returned, recovered sum }
	heard, codes := map[string]*ends{}, map[string]map[string]int{}
	for _, list := range t.returns {
		for _, r := range list {
			e := heard[r.reward]
			if e == nil {
				e = &ends{}
				heard[r.reward], codes[r.reward] = e, map[string]int{}
			}
			switch r.what {
			case "spent":
				e.spent = e.spent.with(r.amount)
			case "returned":
				e.returned = e.returned.with(r.amount)
			case "recovered":
				e.recovered = e.recovered.with(r.amount)
			}
			codes[r.reward][r.code]--
		}
	}
	for w, won := range t.wins {
		if won.reward == nil {
			continue
		}
		r := won.reward
		e, back := heard[r.id], codes[r.id]
		delete(heard, r.id)
		if e == nil {
			e, back = &ends{}, map[string]int{}
		}
		var reserved sum
		for _, a := range won.completions() {
			if a.verdict == "reserved" {
				reserved = reserved.with(a.amount)
				back[a.code]++
			}
		}
		open, given := r.budgetShare()
		if want := reserved.less(open, e.spent); e.returned != want {
			t.problem("reward %s of %s: %s, %+v of it returned, want %+v: %+v was reserved and %+v spent", r.id,
				w.mission, r.state, e.returned, want, reserved, e.spent)
		}
		if has := e.spent.less(e.recovered); has != given {
			t.problem("reward %s of %s: %s, %+v spent and not recovered, want %+v", r.id, w.mission, r.state,
				has, given)
		}
		for code := range t.annals.shown[r.id] {
			if r.pool != "" && back[code] < 1 {
				t.problem("reward %s: code %s was revealed, and came back", r.id, code)
			}
		}
	}
	for id, e := range heard {
		t.problem("reward %s: %+v, and nothing was reserved for it", id, *e)
	}
}

// budgetShare returns what a reward holds of its budget: promised, and given.
func (r *heldReward) budgetShare() (open, given sum) {
	switch {
	case r.state == "redeemed" || r.state == "granted" && r.kind != "scratch_card":
		given = given.with(r.amount)
	case alive(r.state):
		open = open.with(r.amount)
	}
	switch r.held {
	case "":
	case "awaited":
		open = open.with(r.heldAmount)
	default:
		given = given.with(r.heldAmount)
	}
	return open, given
}
