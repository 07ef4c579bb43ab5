package main

import (
	"math"
	"math/rand/v2"
)

// manyFrom is the mean from which a Poisson draw is as good as normal.
const manyFrom = 60

// poisson draws how many of something happen that happen mean times on average.
func poisson(r *rand.Rand, mean float64) int64 {
	if mean <= 0 {
		return 0
	}
	if mean >= manyFrom {
		return max(0, int64(math.Round(mean+float64(math.Sqrt(mean)*r.NormFloat64()))))
	}
	limit, product, n := math.Exp(-mean), r.Float64(), int64(0)
	for product > limit {
		product *= r.Float64()
		n++
	}
	return n
}

// logUniform draws from [lo, hi) so that each order of magnitude is as likely as another.
func logUniform(r *rand.Rand, lo, hi float64) float64 {
	return lo * math.Exp(float64(math.Log(hi/lo)*r.Float64()))
}
