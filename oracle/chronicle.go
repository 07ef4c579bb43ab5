package oracle

import (
	"slices"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Chronicle is what reached one user's row. The order of postings among themselves is that of their topic, and so is
// that of enrolments and of segments; how the three met at the row is recorded only as far as arrivals say.
type Chronicle struct {
	User     string
	Postings []Movement
	Turns    []EnrolmentArrival // in order of arrival, of all missions
	Sets     []SegmentsArrival  // in order of arrival
	// Met says by mission when its stages became known to this row; missing: as the stages themselves say.
	Met map[string][]Arrival
}

// Payments returns what is left of each payment.
func (c Chronicle) Payments() []Payment {
	at := map[string]int{}
	var out []Payment
	var seq []int64
	for _, m := range c.Postings {
		i, known := at[m.Facts.TransactionID]
		switch {
		case !known:
			at[m.Facts.TransactionID] = len(out)
			out, seq = append(out, Payment{m.Facts, m.After}), append(seq, m.Seq)
		case m.Seq > seq[i]:
			out[i].Net, seq[i] = m.After, m.Seq
		}
	}
	return out
}

// Soonest returns a chronicle in which everything arrived as soon as it may have: one of the orders that c leaves open.
func (c Chronicle) Soonest() Chronicle {
	soonest := func(a Arrival) Arrival { return Arrival{a.After, a.After} }
	out := c
	out.Turns, out.Sets, out.Met = slices.Clone(c.Turns), slices.Clone(c.Sets), map[string][]Arrival{}
	for i := range out.Turns {
		out.Turns[i].Arrival = soonest(out.Turns[i].Arrival)
	}
	for i := range out.Sets {
		out.Sets[i].Arrival = soonest(out.Sets[i].Arrival)
	}
	for mission, arrivals := range c.Met {
		for _, a := range arrivals {
			out.Met[mission] = append(out.Met[mission], soonest(a))
		}
	}
	return out
}

// Movement is a posting.
type Movement struct {
	Facts         *payment.Facts
	Settles       bool // the payment; else a later movement of what is left of it
	Seq           int64
	Before, After int64 // minor units
	At            instant.Milli
}

// Arrival says when something reached the row: when After to Before postings were there, both included. Before -1: it
// was there from the beginning.
type Arrival struct{ After, Before int }

// always is the arrival of what was there from the beginning.
func always() Arrival { return Arrival{-1, -1} }

// EnrolmentArrival is an enrolment or a withdrawal that reached the row.
type EnrolmentArrival struct {
	Arrival
	Mission string
	Turn
	// Again: it may have been answered before, so that it counts or does not.
	Again bool
}

// SegmentsArrival is a set of segments that reached the row: those the user is in from a time on.
type SegmentsArrival struct {
	Arrival
	Set
}

// Career is a mission as it came to be known: what operators had done to it, stage by stage. Before its first stage it
// is not there.
type Career struct{ Stages []Stage }

// Stage is a mission as it was from some arrival on.
type Stage struct {
	Arrival
	Mission Mission // with what had been done to it so far
	// Hidden: nobody sees it, so nobody can be enrolled; it is archived.
	Hidden bool
}

// Settled returns the career of a mission that was as it is before anything reached a row.
func Settled(m Mission) Career { return Career{[]Stage{{Arrival: always(), Mission: m}}} }

// career is a Career that payments can be held against. Stage n of a user who has met n of them is stages[n-1].
type career struct {
	id     string
	stages []stage
}

type stage struct {
	Arrival
	*rule
	hidden bool
}

// met returns when stages became known to a row.
func (c *career) met(of map[string][]Arrival) []Arrival {
	if met, ok := of[c.id]; ok {
		return met
	}
	var out []Arrival
	for _, s := range c.stages {
		out = append(out, s.Arrival)
	}
	return out
}

func (c Career) compile() (*career, error) {
	out := &career{}
	for _, s := range c.Stages {
		r, err := s.Mission.compile()
		if err != nil {
			return nil, err
		}
		out.id = r.id
		out.stages = append(out.stages, stage{s.Arrival, r, s.Hidden})
	}
	return out, nil
}

// opens tells whether some version is opted in to.
func (r *rule) opens() bool {
	for i := range r.versions {
		if r.versions[i].optIn() {
			return true
		}
	}
	return false
}

func (v *version) optIn() bool { return v.Enrolment == "opt_in" }

// begins tells whether the user's own window begins with the first payment rather than with the enrolment: who is
// enrolled by a payment has both at once.
func (v *version) begins() bool {
	return v.optIn() && v.Window.Kind == "per_user" && v.Window.Start == "first_payment"
}
