package model

import (
	"slices"
	"strings"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/oracle"
)

// command is what a user, support or a service asked for. It may have come more than once.
type command struct {
	spend                    string // what is spent, or comes back
	amount                   int64  // to spend
	op, user, reward, reason string
	prize                    oracle.Prize
	terms                    terms
	times                    int
}

// Command takes a record of claims.
func (t *Treasury) Command(value []byte) error {
	c, err := rewardcodec.Command{}.Decode(value)
	if err != nil {
		return err
	}
	next := command{
		spend: c.SpendID, amount: c.Amount,
		op: string(c.Op), user: c.UserID, reward: c.RewardID, reason: strings.TrimSpace(c.Reason),
		prize: oracle.Prize{Kind: c.Reward.Kind, Amount: c.Reward.Amount, Pool: c.Reward.Pool},
		terms: terms{c.Reward.Kind, c.Reward.Pool, c.Grant.Mode, milli(c.Grant.Hold), milli(c.Reward.ExpiresAfter)},
	}
	if before := t.commands[c.ID]; before != nil {
		next.times = before.times
	}
	next.times++
	t.commands[c.ID] = &next
	return nil
}

// Recall takes what earlier versions of the rewards table said.
func (t *Treasury) Recall(a *Annals) { t.annals = a }

// checkCommands checks that each command has one verdict, which fits what there was at its moment, and has done what it
// says and nothing else; and with that, that each step of a reward which needs a claim or support had one.
func (t *Treasury) checkCommands() {
	t.problems = append(t.problems, t.annals.problems...)
	applied := map[string]map[instant.Milli]int{} // claims, by reward and moment
	for id, c := range t.commands {
		v, judged := t.annals.verdicts[id]
		switch {
		case !judged:
			t.problem("command %s: no verdict, to %s %s of %s", id, c.op, c.reward, c.user)
			continue
		case v.user != c.user:
			t.problem("command %s: of %s, its verdict is in the row of %s", id, c.user, v.user)
			continue
		}
		t.count(c, v)
		there := t.statesAt(c.user, c.reward, v.at)
		fits := false
		switch c.op {
		case "claim":
			fits = fitsClaim(v, there, t.termsOf(c.reward, v.at))
			if v.result == "applied" {
				if applied[c.reward] == nil {
					applied[c.reward] = map[instant.Milli]int{}
				}
				applied[c.reward][v.at]++
			}
		case "cancel":
			fits = t.fitsCancel(c, v, there)
		case "goodwill":
			fits = t.fitsGoodwill(c, v)
		case "spend":
			fits = t.fitsSpend(c, v)
		case "reverse_spend":
			fits = t.fitsReversal(c, v)
		}
		if !fits {
			t.problem("command %s: verdict %+v on %+v, the reward was %q then", id, v, *c, there)
		}
	}
	for id := range t.annals.verdicts {
		if t.commands[id] == nil {
			t.problem("command %s: there is a verdict on it, and it was never sent", id)
		}
	}
	for id := range t.courses {
		t.checkClaims(id, applied[id])
	}
	for id := range applied {
		if t.courses[id] == nil {
			t.problem("reward %s: claimed, and nothing came of it", id)
		}
	}
}

// fitsClaim tells whether a verdict fits what there was. That one which is applied was due is checked by the steps.
func fitsClaim(v ruling, there []string, k *terms) bool {
	return slices.ContainsFunc(there, func(state string) bool {
		switch {
		case v.result == "applied":
			return state != ""
		case v.result == "unchanged":
			return state == "granting" || state == "redeemed" || state == "granted" && k != nil && !k.waits(state)
		case v.missing:
			return state == ""
		}
		return slices.Contains([]string{"reserved", "pending", "expired", "cancelled", "clawed_back", "exhausted",
			"failed"}, state)
	})
}

// fitsCancel tells whether a verdict fits what there was, and what came of it.
func (t *Treasury) fitsCancel(c *command, v ruling, there []string) bool {
	known := slices.ContainsFunc(there, func(state string) bool { return state != "" })
	switch {
	case v.result == "applied":
		return known && c.reason != "" && !alive(there[len(there)-1])
	case v.result == "unchanged":
		at, cancelled := t.barred[c.reward]
		return cancelled && at <= v.at
	case v.missing:
		return slices.Contains(there, "")
	}
	return known && c.reason == ""
}

// bar notes when support first cancelled each reward.
func (t *Treasury) bar() {
	for id, c := range t.commands {
		v := t.annals.verdicts[id]
		if c.op != "cancel" || v.result != "applied" || v.user != c.user {
			continue
		}
		if first, ok := t.barred[c.reward]; !ok || v.at < first {
			t.barred[c.reward] = v.at
		}
	}
}

// fitsGoodwill tells whether what was to be given is there as it was asked for, or is not there if it made no sense.
func (t *Treasury) fitsGoodwill(c *command, v ruling) bool {
	l := t.courses[c.reward]
	if v.result == "refused" {
		waits := c.terms.mode == "claim" || c.prize.Kind == "scratch_card" // only what waits for its user expires
		return l == nil && (c.reason == "" || c.prize.Amount <= 0 || c.terms.expires > 0 && !waits)
	}
	return v.result == "applied" && l != nil && l.user == c.user && l.steps[0].at == v.at
}

// checkClaims checks that every step of a reward that needs a claim had one at its moment, and every claim its step;
// and that support had asked for what bears its name, and nothing came of the reward afterwards.
func (t *Treasury) checkClaims(id string, applied map[instant.Milli]int) {
	steps := map[instant.Milli]int{}
	for _, at := range t.claimed[id] {
		steps[at]++
	}
	for at, n := range steps {
		if applied[at] != n {
			t.problem("reward %s: given at %v as to a claim, of which there were %d", id, at, applied[at])
		}
	}
	for at, n := range applied {
		if steps[at] == 0 {
			t.problem("reward %s: %d claims were granted at %v, and it did not change", id, n, at)
		}
	}
	at, cancelled := t.barred[id]
	for _, s := range t.courses[id].steps {
		switch {
		case s.reason == "support" && (!cancelled || s.at < at):
			t.problem("reward %s: %s at %v by support, who had not asked for it", id, s.to, s.at)
		case cancelled && s.at > at && alive(s.to):
			t.problem("reward %s: %s at %v, support had cancelled it at %v", id, s.to, s.at, at)
		}
	}
}

// termsOf returns the terms of a reward at a moment, nil if there is none.
func (t *Treasury) termsOf(id string, at instant.Milli) *terms {
	l, epoch := t.courses[id], int64(0)
	if l == nil || t.terms[id] == nil {
		return nil
	}
	for _, s := range l.steps {
		if s.at <= at {
			epoch = s.epoch
		}
	}
	return t.terms[id](epoch)
}
