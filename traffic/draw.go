package traffic

import (
	"math"
	"math/rand/v2"
)

// alias draws an index by weight in constant time (Vose's method).
type alias struct {
	keep  []float64
	other []int
}

func newAlias(weights []float64) alias {
	n := len(weights)
	a := alias{keep: make([]float64, n), other: make([]int, n)}
	var sum float64
	for _, w := range weights {
		sum += w
	}
	scaled := make([]float64, n)
	var small, large []int
	for i, w := range weights {
		scaled[i] = w / sum * float64(n)
		if scaled[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		a.keep[s], a.other[s] = scaled[s], l
		scaled[l] -= 1 - scaled[s]
		if scaled[l] < 1 {
			large, small = large[:len(large)-1], append(small, l)
		}
	}
	for _, i := range append(large, small...) { // what rounding left over
		a.keep[i], a.other[i] = 1, i
	}
	return a
}

func aliasOf(list []weighted) alias {
	w := make([]float64, len(list))
	for i := range list {
		w[i] = list[i].weight
	}
	return newAlias(w)
}

func (a alias) draw(r *rand.Rand) int {
	i := r.IntN(len(a.keep))
	if r.Float64() < a.keep[i] {
		return i
	}
	return a.other[i]
}

// chance is true with probability p.
func chance(r *rand.Rand, p float64) bool { return p > 0 && r.Float64() < p }

// between draws evenly from [lo, hi] milliseconds.
func between(r *rand.Rand, lo, hi int64) int64 {
	if hi <= lo {
		return lo
	}
	return lo + r.Int64N(hi-lo+1)
}

// spread draws from [lo, hi] milliseconds so that each order of magnitude is as likely as another.
func spread(r *rand.Rand, lo, hi int64) int64 {
	if hi <= lo {
		return lo
	}
	ratio := math.Log(float64(hi) / float64(lo))
	return min(hi, int64(float64(lo)*math.Exp(float64(ratio*r.Float64()))))
}

// logNormal draws a number around median.
func logNormal(r *rand.Rand, median, sigma float64) float64 {
	return median * math.Exp(float64(sigma*r.NormFloat64()))
}
