package mission

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
)

// share is what one payment does to a tally: an amount, or one payment for an entry.
type share struct {
	amount int64
	entry  Entry // where the metric has some; its Settled and Recent are not set
	room   int   // for entries
	keyed  bool
}

// contribution returns what a payment that counts adds to its tally when what is left of it goes from before to after.
func (c *Compiled) contribution(f *payment.Facts, before, after int64) share {
	x := share{amount: c.Contribution(after) - c.Contribution(before)}
	if c.metric.entry != nil {
		x.keyed, x.room, x.entry = true, c.metric.room, c.metric.entry(c, f)
	}
	return x
}

// add adds what x says to the recent or the settled part. It tells whether there was room.
func (t *Tally) add(x share, recent bool) bool {
	if x.amount == 0 {
		return true
	}
	if !x.keyed {
		if recent {
			t.Recent = t.Recent.Add(x.amount)
		} else {
			t.Settled = t.Settled.Add(x.amount)
		}
		return true
	}
	i, ok := slices.BinarySearchFunc(t.Entries, x.entry, compareEntries)
	if !ok {
		if x.amount < 0 || len(t.Entries) >= x.room { // what is not there was not counted for want of room
			return x.amount < 0
		}
		t.Entries = slices.Insert(t.Entries, i, x.entry)
	}
	e := &t.Entries[i]
	if recent {
		e.Recent += x.amount
	} else {
		e.Settled += x.amount
	}
	if e.Recent == 0 && e.Settled == 0 {
		t.Entries = slices.Delete(t.Entries, i, i+1)
	}
	return true
}

func compareEntries(a, b Entry) int {
	if c := cmp.Compare(a.Day, b.Day); c != 0 {
		return c
	}
	return cmp.Compare(a.Value, b.Value)
}

// clone returns a tally that may be changed.
func (t *Tally) clone() *Tally {
	next := *t
	next.Entries = slices.Clone(t.Entries)
	return &next
}

// settled returns a tally that may be changed, without what recent payments contributed.
func (t *Tally) settled() *Tally {
	next := &Tally{Start: t.Start, Settled: t.Settled}
	for _, e := range t.Entries {
		if e.Settled != 0 {
			e.Recent = 0
			next.Entries = append(next.Entries, e)
		}
	}
	return next
}

// isEmpty tells whether nothing is counted.
func (t *Tally) isEmpty() bool {
	return t.Settled == (money.Total{}) && t.Recent == (money.Total{}) && len(t.Entries) == 0
}

// Progress returns how far a tally is, nil being empty: the sum of contributions, the number of values, or the longest
// run of days.
func (c *Compiled) Progress(t *Tally) money.Total {
	if t == nil {
		return money.Total{}
	}
	return c.metric.progress(c, t)
}

func (c *Compiled) longestRun(days []Entry) int64 {
	longest, run, last := int64(0), int64(0), int64(0)
	for _, e := range days {
		if e.Settled+e.Recent <= 0 {
			continue
		}
		if run > 0 && c.calendar.adjacent(last, e.Day) {
			run++
		} else {
			run = 1
		}
		last, longest = e.Day, max(longest, run)
	}
	return longest
}
