package model

import (
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// course is what a user's devices were told of a reward, in its order.
type course struct {
	user  string
	steps []step
}

// step is one notification.
type step struct {
	from, to string
	epoch    int64
	at       instant.Milli
	reason   string
}

// terms say how an epoch of a reward is given.
type terms struct {
	kind, pool, mode string
	hold, expires    instant.Milli // how long, in ms; 0: not at all
}

// provided tells whether somebody outside pays it.
func (k *terms) provided() bool { return !isCoins(k.kind) && k.pool == "" }

// waits tells whether a state waits for the user: to claim, or to scratch.
func (k *terms) waits(state string) bool {
	return state == "claimable" || state == "granted" && k.kind == "scratch_card"
}

// lapses tells whether time can take the reward from its user.
func (k *terms) lapses() bool {
	return k.expires > 0 && (k.mode == "claim" || k.kind == "scratch_card")
}

// leads returns to what states a state leads within an epoch (docs/design.md, section 6.3). A notification tells where
// a reward has come to at one moment, so it may have passed by others on its way: by pending and claimable once their
// time is over, by granted when what is due was granted first and revoked then.
func leads(from string) []string {
	switch from {
	case "": // an epoch begins; only an earlier one makes it wait in reserved
		return []string{"reserved", "pending", "claimable", "granting", "granted", "exhausted", "cancelled"}
	case "reserved":
		return []string{"pending", "claimable", "granting", "granted", "cancelled"}
	case "pending":
		return []string{"claimable", "granting", "granted", "redeemed", "expired", "cancelled", "clawed_back"}
	case "claimable":
		return []string{"granting", "granted", "redeemed", "expired", "cancelled"}
	case "granting":
		return []string{"granted", "failed", "cancelled"}
	case "granted":
		return []string{"redeemed", "expired", "clawed_back"}
	case "redeemed":
		return []string{"clawed_back"}
	case "cancelled": // the provider has paid all the same
		return []string{"clawed_back"}
	}
	return nil
}

// alive tells whether a reward is promised or given.
func alive(state string) bool {
	return slices.Contains([]string{"reserved", "pending", "claimable", "granting", "granted", "redeemed"}, state)
}

// clock is what an epoch's steps say of its times.
type clock struct {
	available instant.Milli // when its hold is over; 0: it has not begun
	ends      instant.Milli // when it expires, if it waits by then; 0: never
	adopted   bool          // it took over what its user had of an earlier epoch
}

// checkCourse holds a reward's steps against the state machine, and their times against its terms, and returns the
// times at which claims must have been granted. termsOf returns nil for an epoch that nobody has asked for.
func (t *Treasury) checkCourse(id string, termsOf func(epoch int64) *terms) (claimed []instant.Milli) {
	var last step
	var now clock
	steps := t.courses[id].steps
	for i, s := range steps {
		k := termsOf(s.epoch)
		if k == nil {
			t.problem("reward %s: %s at epoch %d, which nobody has asked for", id, s.to, s.epoch)
			return claimed
		}
		from, begins := last.to, s.epoch == last.epoch+1 && !alive(last.to)
		if begins {
			from, now = "", clock{}
		}
		if !begins && s.epoch != last.epoch || !slices.Contains(leads(from), s.to) || s.at < last.at {
			t.problem("reward %s: %s of epoch %d at %v cannot follow %s of epoch %d at %v", id, s.to, s.epoch, s.at,
				last.to, last.epoch, last.at)
		}
		if (from == "" || from == "reserved") && s.to == "granted" && !isCoins(k.kind) && t.wasGranted(id, steps[:i]) {
			now.adopted = true
		}
		t.checkTimes(id, from, s, k, &now)
		if byClaim(from, s.to, k) && !now.adopted {
			claimed = append(claimed, s.at)
		}
		last = s
	}
	k := termsOf(last.epoch)
	switch {
	case last.to == "pending":
		t.wait(id, "pending", now.available)
	case k != nil && now.ends > 0 && k.waits(last.to) && !now.adopted:
		t.wait(id, last.to, now.ends)
	}
	return claimed
}

// wait notes that a reward has not come to rest.
func (t *Treasury) wait(id, state string, until instant.Milli) {
	t.problem("reward %s: %s until %v, not at rest", id, state, until)
	t.until = max(t.until, until)
}

// wasGranted reports whether a user may have had an earlier epoch of a reward: it was granted, or the provider has
// paid.
func (t *Treasury) wasGranted(id string, before []step) bool {
	if slices.ContainsFunc(before, func(s step) bool { return s.to == "granted" }) {
		return true
	}
	for task, ok := range t.answers[id] {
		if ok && t.tasks[task] == payout {
			return true
		}
	}
	return false
}

// checkTimes holds one step against the wall clock.
func (t *Treasury) checkTimes(id, from string, s step, k *terms, now *clock) {
	begins := slices.Contains([]string{"pending", "claimable", "granting", "granted"}, s.to) && !now.adopted
	if now.available == 0 && begins {
		now.available = s.at
		if s.to == "pending" {
			now.available += k.hold
		}
		if k.lapses() {
			now.ends = now.available + k.expires
		}
		if (s.to == "pending") != (k.hold > 0) {
			t.problem("reward %s: %s at %v, its hold is %d ms", id, s.to, s.at, k.hold)
		}
	}
	if from == "pending" && s.to != "cancelled" && s.at < now.available {
		t.problem("reward %s: %s at %v, before its hold had passed at %v", id, s.to, s.at, now.available)
	}
	waited := k.waits(from) || from == "pending"
	switch over := now.ends > 0 && s.at >= now.ends; {
	case s.to == "expired" && !over:
		t.problem("reward %s: expired at %v, its time is over at %v", id, s.at, now.ends)
	case s.to != "expired" && over && waited:
		t.problem("reward %s: %s at %v, it had expired at %v", id, s.to, s.at, now.ends)
	}
}

// byClaim tells whether a step is a claim's doing.
func byClaim(from, to string, k *terms) bool {
	switch {
	case k.mode != "claim":
		return to == "redeemed"
	case from == "granting": // it was claimed before
		return false
	case from == "pending" && to == "clawed_back":
		return true
	}
	return to == "granting" || to == "granted" || to == "redeemed"
}

// statesAt returns where a reward of a user may have stood at a moment: as the moment found it, and at each step of it.
// A reward that was not there is "".
func (t *Treasury) statesAt(user, id string, at instant.Milli) []string {
	found := []string{""}
	if l := t.courses[id]; l != nil && l.user == user {
		for _, s := range l.steps {
			switch {
			case s.at < at:
				found = []string{s.to}
			case s.at == at:
				found = append(found, s.to)
			}
		}
	}
	return found
}
