package audit

import (
	"math"
	"testing"
)

// Differences at the ends of int64 add up to more than fits it; the gauge shows that, and a single paisa above 2^53 is
// not lost on the way.
func TestSumsOfDifferencesNeverWrap(t *testing.T) {
	got := sumsOf([]difference{
		{currency: "INR", minor: math.MaxInt64}, {currency: "INR", minor: math.MinInt64}, {currency: "INR", minor: 1}, {minor: 7},
		{currency: "USD", minor: 1 << 53}, {currency: "USD", minor: -1}, {currency: "USD", minor: -1},
	})
	if len(got) != 2 || got["INR"].String() != "18446744073709551616" || floatOf(got["INR"]) != 1<<64 || floatOf(got["USD"]) != 1<<53+2 {
		t.Errorf("%v", got)
	}
	if floatOf(got["EUR"]) != 0 {
		t.Error("a currency without differences is 0")
	}
}
