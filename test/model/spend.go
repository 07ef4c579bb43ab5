package model

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// spending is what a row says of one spend.
type spending struct {
	id                      string
	entry, amount, reversal int64
}

// entries returns all entries of a purse, in the order of their numbers.
func (p *purse) entries() []entry {
	list := slices.Clone(p.own)
	for _, page := range p.pages {
		list = append(list, page...)
	}
	slices.SortStableFunc(list, func(a, b entry) int { return cmp.Compare(a.number, b.number) })
	return list
}

// checkSpends checks that what was spent and came back is what services have asked for and were granted, each once;
// that the row and the entries say the same of it; and returns what is spent in all.
func (t *Treasury) checkSpends(user string, p *purse) (spent int64) {
	asked, back := map[string]int64{}, map[string]bool{}
	for id, c := range t.commands {
		v := t.annals.verdicts[id]
		switch {
		case c.user != user || v.result != "applied":
		case c.op == "spend" && asked[c.spend] > 0:
			t.problem("spend %s of %s: done twice", c.spend, user)
		case c.op == "spend":
			asked[c.spend] = c.amount
		case c.op == "reverse_spend" && back[c.spend]:
			t.problem("spend %s of %s: reversed twice", c.spend, user)
		case c.op == "reverse_spend":
			back[c.spend] = true
		}
	}
	row := map[string]*spending{}
	for _, s := range p.spends {
		row[s.id] = &s
	}
	for _, e := range p.entries() {
		s := row[e.spend]
		switch {
		case e.kind == "spend" && (e.amount != -asked[e.spend] || s == nil || s.entry != e.number ||
			s.amount != asked[e.spend]):
			t.problem("spend %s of %s: entry %+v, %d were asked for, the row says %+v", e.spend, user, e,
				asked[e.spend], s)
		case e.kind == "spend" && e.after < 0:
			t.problem("spend %s of %s: below zero by entry %+v", e.spend, user, e)
		case e.kind == "spend":
			spent -= e.amount
		case e.kind == "spend_reversal" && (e.amount != asked[e.spend] || !back[e.spend] || s == nil ||
			s.reversal != e.number):
			t.problem("spend %s of %s: entry %+v, %d were spent, the row says %+v, it was asked back: %t", e.spend,
				user, e, asked[e.spend], s, back[e.spend])
		case e.kind == "spend_reversal":
			spent -= e.amount
			delete(back, e.spend)
		}
	}
	for id, amount := range asked {
		if row[id] == nil {
			t.problem("spend %s of %s: of %d, and the row has none", id, user, amount)
		}
	}
	for id := range back {
		t.problem("spend %s of %s: it was reversed, and no entry says so", id, user)
	}
	if len(row) != len(p.spends) || len(row) > len(asked) {
		t.problem("spends of %s: %d in the row, %d under ids of their own, %d asked for", user, len(p.spends), len(row),
			len(asked))
	}
	return spent
}

// fitsSpend tells whether a verdict fits what the user had at its moment, and what was spent by then.
func (t *Treasury) fitsSpend(c *command, v ruling) bool {
	if wrong := c.reason == "" || c.amount <= 0; wrong {
		return v.result == "refused"
	}
	amount, before := t.spentBy(c.user, c.spend, v.at)
	switch v.result {
	case "applied":
		return before
	case "unchanged":
		return before && amount == c.amount
	}
	return before && amount != c.amount || slices.ContainsFunc(t.balancesAt(c.user, v.at), func(balance int64) bool {
		return balance < c.amount
	})
}

// fitsReversal is fitsSpend for what was to come back.
func (t *Treasury) fitsReversal(c *command, v ruling) bool {
	_, before := t.spentBy(c.user, c.spend, v.at)
	switch {
	case v.missing:
		first, ok := t.spentAt(c.user, c.spend)
		return !ok || first >= v.at
	case v.result == "refused":
		return before && c.reason == ""
	}
	return before && c.reason != ""
}

// spentBy returns how much a spend took, and whether it was done up to a moment.
func (t *Treasury) spentBy(user, id string, at instant.Milli) (amount int64, ok bool) {
	if p := t.purses[user]; p != nil {
		for _, e := range p.entries() {
			if e.kind == "spend" && e.spend == id && e.at <= at {
				return -e.amount, true
			}
		}
	}
	return 0, false
}

// spentAt returns when a spend was done.
func (t *Treasury) spentAt(user, id string) (at instant.Milli, ok bool) {
	if p := t.purses[user]; p != nil {
		for _, e := range p.entries() {
			if e.kind == "spend" && e.spend == id {
				return e.at, true
			}
		}
	}
	return 0, false
}

// balancesAt returns what a user may have had at a moment, of which there can be several entries.
func (t *Treasury) balancesAt(user string, at instant.Milli) []int64 {
	out := []int64{0}
	if p := t.purses[user]; p != nil {
		for _, e := range p.entries() {
			switch {
			case e.at < at:
				out = []int64{e.after}
			case e.at == at:
				out = append(out, e.after)
			}
		}
	}
	return out
}
