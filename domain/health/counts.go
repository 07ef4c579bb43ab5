package health

import (
	"github.com/millrace/millrace/domain/ledger"
)

// Counts are attempts by outcome.
type Counts struct {
	Success, Technical, Business, Timeout int64
}

// Samples returns the number of all attempts.
func (c Counts) Samples() int64 { return c.Success + c.Technical + c.Business + c.Timeout }

// Eligible returns the number of attempts that the technical rate is over: a customer's own failure says nothing of the bank.
func (c Counts) Eligible(countTimeouts bool) int64 {
	n := c.Success + c.Technical
	if countTimeouts {
		n += c.Timeout
	}
	return n
}

// Plus returns the sum of c and d.
func (c Counts) Plus(d Counts) Counts {
	return Counts{c.Success + d.Success, c.Technical + d.Technical, c.Business + d.Business, c.Timeout + d.Timeout}
}

// countOf returns the counts of one attempt and whether its outcome is known.
func countOf(o ledger.Outcome) (Counts, bool) {
	switch o {
	case ledger.Succeeded:
		return Counts{Success: 1}, true
	case ledger.FailedTechnical:
		return Counts{Technical: 1}, true
	case ledger.FailedBusiness:
		return Counts{Business: 1}, true
	case ledger.TimedOut:
		return Counts{Timeout: 1}, true
	default:
		return Counts{}, false
	}
}
