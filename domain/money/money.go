// Package money holds how large an amount may be, and sums that no number of amounts can overflow.
//
// Every amount is a whole number of minor units, or of coins. Whatever enters the system is at most Max: an event's
// amount, a mission's target, cap, filter values, reward and budget, a goodwill reward. Sums of them are kept in one of
// two ways:
//
//   - Totals of 128 bits, where nothing bounds how many amounts come together: what a user received, progress, audits.
//   - Checked sums of at most MaxTotal, where a decision can say no: a mission's budget, a user's coins.
package money

// Max is the largest amount, in minor units or coins: 1,125,899,906,842,624. It is far beyond any payment, and below
// 2^53, so that a reader who has only floating point numbers (JavaScript, Prometheus) still reads it exactly.
const Max = 1 << 50

// MaxTotal is the largest checked sum. The difference of two such sums fits int64 as well.
const MaxTotal = 1 << 62

// MaxDetail is how Max is told to people.
const MaxDetail = "must be at most 1125899906842624 (2^50)"

// Fits tells whether n is an amount: from 0 to Max.
func Fits(n int64) bool { return n >= 0 && n <= Max }

// Room returns how much can be added to a checked sum, which may be negative: from 0 to MaxTotal.
func Room(sum int64) int64 { return max(0, MaxTotal-max(0, sum)) }
