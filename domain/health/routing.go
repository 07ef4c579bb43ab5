package health

import "slices"

// Route is one gateway of an instrument with its share of the traffic.
type Route struct {
	Gateway string
	// Weight is a fraction; the weights of an instrument add up to 1, to four decimals.
	Weight float64
	State  State
	Score  float64
	Scored bool
}

// parts is the resolution of weights: four decimals.
const parts = 10_000

// Routes returns the gateways of an instrument, by name, with their weights by the policy of its settings; false if the
// instrument is not known. A disabled instrument still has routes: whether to use them is said by its standing.
func (r *ModeRow) Routes(s Settings, instrument string) ([]Route, bool) {
	inst := r.Instrument(instrument)
	if inst == nil || len(inst.Gateways) == 0 {
		return nil, inst != nil
	}
	x := s.At(r.Settings, instrument, r.Evaluated)
	gateways := make([]Standing, len(inst.Gateways))
	for j := range inst.Gateways {
		g := &inst.Gateways[j]
		gateways[j] = r.standing(x, place{instrument, g.Name}, &g.Level, g.Level.share(x))
	}
	policy, known := policyOf(x.Policy)
	if !known {
		policy = proportional
	}
	weights := divide(policy(gateways))
	routes := make([]Route, len(gateways))
	for i, g := range gateways {
		routes[i] = Route{g.Gateway, float64(weights[i]) / parts, g.State, g.Score, g.Scored}
	}
	return routes, true
}

// divide cuts parts in proportion to shares so that nothing is left over; what rounding leaves goes to the largest
// remainders, the first of equals.
func divide(shares []int64) []int64 {
	var total int64
	for i := range shares {
		shares[i] = min(max(shares[i], 0), 1<<40)
		total = sum(total, shares[i])
	}
	if total == 0 {
		for i := range shares {
			shares[i] = 1
		}
		total = int64(len(shares))
	}
	weights, order, left := make([]int64, len(shares)), make([]int, len(shares)), int64(parts)
	for i, share := range shares {
		weights[i], order[i] = share*parts/total, i
		left -= weights[i]
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return int(min(max(shares[b]*parts%total-shares[a]*parts%total, -1), 1))
	})
	for i := range left {
		weights[order[i]]++
	}
	return weights
}
