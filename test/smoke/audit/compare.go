package audit

import (
	"fmt"

	"github.com/millrace/millrace/test/model"
)

// compare counts the differences between what the oracle wants and what was seen. model.Compare says the same in
// sentences, of which it keeps the first; here all of them are counted.
func (v *Verdict) compare() {
	compare(v, "transaction", v.Want.Transactions, v.Got.Transactions)
	compare(v, "dead letter", v.Want.DeadLetters, v.Got.DeadLetters)
	compare(v, "posting", postings(v.Want), postings(v.Got))
	compare(v, "attempt", v.Want.Attempts, v.Got.Attempts)
	compare(v, "window", v.Want.Windows, v.Got.Windows)
	for id, want := range v.Want.Duplicates {
		if got := v.Got.Duplicates[id]; got < want {
			v.lost(want-got, "journal entries of %s: %d duplicates, want %d", id, got, want)
		}
	}
	for id, got := range v.Got.Duplicates {
		if want := v.Want.Duplicates[id]; got > want {
			v.duplicated(got-want, "events of %s: %d came twice, want %d", id, got, want)
		}
	}
	v.compareProgress()
}

func compare[K, V comparable](v *Verdict, what string, want, got map[K]V) {
	for k, w := range want {
		if g, ok := got[k]; !ok {
			v.lost(1, "%s %v: want %+v", what, k, w)
		} else if g != w {
			v.Differ("%s %v: %+v, want %+v", what, k, g, w)
		}
	}
	for k, g := range got {
		if _, ok := want[k]; !ok {
			v.Differ("%s %v: %+v, want none", what, k, g)
		}
	}
}

// compareProgress tells outcomes that were announced too often or not at all from rows that are wrong.
func (v *Verdict) compareProgress() {
	for k, w := range v.Want.Progress {
		g := v.Got.Progress[k]
		switch n := int(g.Outcomes - w.Outcomes); {
		case g.Progress != w.Progress || g.Completions != w.Completions:
			v.Differ("progress %v: %+v, want %+v", k, g, w)
		case n > 0:
			v.duplicated(n, "outcomes of %v: %+v, want %+v", k, g, w)
		case n < 0:
			v.lost(-n, "outcomes of %v: %+v, want %+v", k, g, w)
		}
	}
	for k, g := range v.Got.Progress {
		if _, ok := v.Want.Progress[k]; !ok {
			v.Differ("progress %v: %+v, want none", k, g)
		}
	}
}

// postingKey names a posting: an event makes at most one.
type postingKey struct{ Transaction, Event string }

type posting struct {
	Kind, User, Currency string
	Before, After        int64
}

func postings(r *model.Result) map[postingKey]posting {
	out := map[postingKey]posting{}
	for id, list := range r.Postings {
		for _, p := range list {
			key := postingKey{id, p.EventID}
			if _, again := out[key]; !again { // doubles are counted as they come
				out[key] = posting{p.Kind, p.User, p.Currency, p.Before, p.After}
			}
		}
	}
	return out
}

// hands counts what time, users and support did, by kind.
func (v *Verdict) hands() map[string]int {
	t := v.Tally
	return map[string]int{
		"claim": t.Claims, "claim of what was had already": t.Unchanged, "refused claim": t.Refused,
		"command that came again": t.Repeated,
		"claim over HTTP":         v.Answers, "hold": t.Holds, "expiry": t.Expiries, "goodwill": t.Goodwills,
		"cancellation by hand": t.Cancels, "spend": t.Spends, "refused spend": t.Shorts,
		"reversal of a spend": t.Reversals,
		"refused enrolment":   v.Refusals, "task for the provider": v.Payouts, "webhook": v.Webhooks,
	}
}

// Tame says what the traffic had too little of to prove anything; nothing if it was wild enough.
func (v *Verdict) Tame() []string {
	count := map[string]int{"duplicates": len(v.Want.Duplicates), "windows": len(v.Want.Windows)}
	for _, a := range v.Want.Attempts {
		if a.Outcome == "timeout" {
			count["timeouts"]++
		}
	}
	for _, p := range v.Want.Progress {
		count["completions"] += int(p.Completions)
	}
	for _, reason := range v.Want.DeadLetters {
		count[reason]++
	}
	var out []string
	for state, n := range v.Rewards {
		count["reward that is "+state] += n
	}
	for what, n := range v.hands() {
		count[what] += n
	}
	for _, what := range []string{
		"duplicates", "windows", "timeouts", "completions", "conflicting_duplicate", "over_reversal",
		"reward that is granted", "reward that is claimable", "reward that is exhausted", "reward that is clawed_back",
		"claim", "claim of what was had already", "refused claim", "command that came again", "claim over HTTP", "hold",
		"expiry", "goodwill",
		"cancellation by hand", "refused enrolment", "spend", "refused spend", "reversal of a spend",
		"task for the provider", "webhook",
	} {
		if count[what] == 0 {
			out = append(out, fmt.Sprintf("the traffic has no %s", what))
		}
	}
	return out
}
