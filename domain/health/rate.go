package health

import (
	"math"
	"math/bits"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
)

// unit is the weight of a window of age 0; weights are fixed-point, so that sums are exact and the same everywhere.
const unit = 1 << 24

// Pool is what a score is made of: attempts over a number of windows, weighted by age. Pools add up, so that the pool
// of an instrument or mode is the sum over its gateways.
type Pool struct {
	// WeightedSuccess and WeightedEligible are sums of weight times count, in 1/2^24.
	WeightedSuccess, WeightedEligible int64
	// Samples and Eligible are the counts themselves.
	Samples, Eligible int64
}

// Plus returns the sum of p and q.
func (p Pool) Plus(q Pool) Pool {
	return Pool{
		sum(p.WeightedSuccess, q.WeightedSuccess), sum(p.WeightedEligible, q.WeightedEligible),
		sum(p.Samples, q.Samples), sum(p.Eligible, q.Eligible),
	}
}

// Rate returns the pooled weighted technical rate, and false if nothing eligible weighs in it.
func (p Pool) Rate() (float64, bool) {
	if p.WeightedEligible <= 0 {
		return 0, false
	}
	return float64(p.WeightedSuccess) / float64(p.WeightedEligible), true
}

// judged returns the rate by which p is judged: Rate, or where the settings want it the lower bound of Wilson's
// interval for as many attempts as weigh in p.
func (s Settings) judged(p Pool) (float64, bool) {
	rate, ok := p.Rate()
	if !ok || p.Eligible >= s.WilsonBelow {
		return rate, ok
	}
	return wilson(rate, float64(p.WeightedEligible)/unit), true
}

// wilson returns the lower bound of Wilson's 95 % interval for a rate among n. Each product is rounded by itself, so
// that no machine fuses it with a sum. E. B. Wilson, Probable inference, the law of succession, and statistical
// inference, 1927.
func wilson(rate, n float64) float64 {
	const z = 1.959963984540054
	zz := float64(z*z) / n
	spread := math.Sqrt(float64(rate*(1-rate)/n) + float64(zz/(4*n)))
	return max(0, (rate+float64(zz/2)-float64(z*spread))/(1+zz))
}

// aged returns p as it weighs age windows later: with a half life exactly, with listed weights as if it were its newest
// window alone. Nothing is left of it once all of its windows are out of sight.
func (p Pool) aged(s Settings, age int64) Pool {
	switch {
	case age <= 0:
		return p
	case age >= int64(s.Windows):
		return Pool{}
	}
	w := weight(s, age)
	if newest := weight(s, 0); newest > 0 {
		w = min(unit, w*unit/newest)
	}
	p.WeightedSuccess, p.WeightedEligible = scale(p.WeightedSuccess, w), scale(p.WeightedEligible, w)
	return p
}

// poolOf returns the pool of the windows up to newest.
func poolOf(s Settings, last []Small, newest instant.Milli) Pool {
	var p Pool
	for _, small := range last {
		age := s.age(newest, small.End)
		if small.End > newest || age >= int64(s.Windows) || !s.endToEnd(newest, small.End) {
			continue
		}
		w := weight(s, age)
		eligible := small.Counts.Eligible(s.CountTimeouts)
		p = p.Plus(Pool{weigh(small.Counts[ledger.Succeeded], w), weigh(eligible, w), small.Counts.Samples(), eligible})
	}
	return p
}

// endToEnd tells whether a whole number of windows lies between two window ends: the windows do not overlap.
func (s Settings) endToEnd(newest, end instant.Milli) bool {
	size := instant.Milli(s.Window / time.Millisecond)
	return size > 0 && (newest-end)%size == 0
}

// weight returns what a window weighs in 1/2^24: 0.5^(age/half_life), or what the settings list. Rounding hides the
// last bits in which machines may differ.
func weight(s Settings, age int64) int64 {
	switch {
	case len(s.Weights) == 0:
	case age >= int64(len(s.Weights)):
		return 0
	default:
		return int64(math.RoundToEven(s.Weights[age] * unit))
	}
	return int64(math.RoundToEven(math.Exp2(-float64(age)/float64(s.HalfLife)) * unit))
}

// weigh returns n times w, at most MaxInt64.
func weigh(n, w int64) int64 {
	hi, lo := bits.Mul64(uint64(max(n, 0)), uint64(w))
	if hi != 0 || lo > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(lo)
}

// scale returns n times w/2^24 for w <= 2^24, rounded down.
func scale(n, w int64) int64 {
	hi, lo := bits.Mul64(uint64(max(n, 0)), uint64(w))
	return int64(hi<<(64-24) | lo>>24)
}

// sum adds two counts, at most MaxInt64.
func sum(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// ratio returns n/of rounded half up to four decimals.
func ratio(n, of int64) (float64, bool) {
	if of <= 0 {
		return 0, false
	}
	n = min(max(n, 0), of)
	if of > math.MaxInt64/40_000 {
		return math.Round(float64(n)/float64(of)*10_000) / 10_000, true
	}
	return float64((n*20_000+of)/(2*of)) / 10_000, true
}
