package model

import (
	"slices"

	"github.com/millrace/millrace/domain/instant"
)

// Tally counts what time and hands did to rewards, so that a test can tell whether there was enough of it.
type Tally struct {
	Claims    int // claims that were granted
	Unchanged int // of what their users had already
	Refused   int // claims of what was not there, not to be had yet, or not any more
	Repeated  int // commands that came again
	Holds     int // rewards that were held until they were over
	Expiries  int
	Goodwills int
	Cancels   int // by hand
	Spends    int
	Shorts    int // spends that were refused
	Reversals int
}

// Tally returns the counts, once Problems was called.
func (t *Treasury) Tally() Tally { return t.tally }

func (t *Treasury) count(c *command, v ruling) {
	t.tally.Repeated += c.times - 1
	switch {
	case c.op == "claim" && v.result == "applied":
		t.tally.Claims++
	case c.op == "claim" && v.result == "unchanged":
		t.tally.Unchanged++
	case c.op == "claim":
		t.tally.Refused++
	case c.op == "spend" && v.result == "refused":
		t.tally.Shorts++
	case v.result != "applied":
	case c.op == "spend":
		t.tally.Spends++
	case c.op == "reverse_spend":
		t.tally.Reversals++
	case c.op == "goodwill":
		t.tally.Goodwills++
	case c.op == "cancel":
		t.tally.Cancels++
	}
}

func (t *Treasury) countSteps(steps []step) {
	for _, s := range steps {
		switch {
		case s.to == "expired":
			t.tally.Expiries++
		case s.from == "pending" && slices.Contains([]string{"claimable", "granting", "granted", "redeemed"}, s.to):
			t.tally.Holds++
		}
	}
}

// Until returns when time changes the last reward that it has yet to change, once Problems was called; 0: none.
func (t *Treasury) Until() instant.Milli { return t.until }
