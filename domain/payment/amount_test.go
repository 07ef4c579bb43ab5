package payment

import (
	"strings"
	"testing"

	"github.com/millrace/millrace/domain/money"
)

// An amount beyond the bound is refused with the bound, whichever way it is too large, and never cut to something
// smaller.
func TestAmountsBeyondTheBoundAreRefused(t *testing.T) {
	for _, amount := range []string{"1125899906842625", "9223372036854775807", "9223372036854775808", "99999999999999999999"} {
		for _, kind := range []string{"payment", "reversal"} {
			in := sample()
			in.Type, in.Amount = str(kind), num(amount)
			_, problem := Normalise(in, origin(), DefaultConfig())
			if problem == nil || problem.Reason != InvalidField || problem.Field != "amount" || !strings.Contains(problem.Detail, money.MaxDetail) {
				t.Errorf("%s of %s: %+v", kind, amount, problem)
			}
		}
	}
}
