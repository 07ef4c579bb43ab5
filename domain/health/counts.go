package health

import (
	"github.com/millrace/millrace/domain/ledger"
)

// Counts are attempts by outcome. Nothing stands at 0, which is no outcome.
type Counts [ledger.OutcomeEnd]int64

// Samples returns the number of all attempts.
func (c Counts) Samples() int64 { return c.judged(true) }

// Eligible returns the number of attempts that the technical rate is over.
func (c Counts) Eligible(countTimeouts bool) int64 {
	return c.sum(countTimeouts, func(o ledger.OutcomeClass) bool { return o.Rated })
}

// judged returns the number of attempts that probing is over.
func (c Counts) judged(countTimeouts bool) int64 {
	return c.sum(countTimeouts, func(ledger.OutcomeClass) bool { return true })
}

// answered returns the number of attempts in which the bank did its part.
func (c Counts) answered() int64 {
	return c.sum(true, func(o ledger.OutcomeClass) bool { return o.Answered })
}

// sum returns the number of attempts of some outcomes. Without timeouts those are left out to which no answer came.
func (c Counts) sum(timeouts bool, counts func(ledger.OutcomeClass) bool) int64 {
	n := int64(0)
	for o := ledger.Succeeded; o < ledger.OutcomeEnd; o++ {
		if class := o.Class(); counts(class) && (timeouts || !class.Unanswered) {
			n += c[o]
		}
	}
	return n
}

// Plus returns the sum of c and d.
func (c Counts) Plus(d Counts) Counts {
	for o := range c {
		c[o] += d[o]
	}
	return c
}
