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

// Policy divides an instrument's traffic. It returns one share for each standing, in order, none negative; only their
// proportions matter, and if all are zero every gateway gets the same.
type Policy func([]Standing) []int64

// Proportional gives every enabled gateway traffic in proportion to its score. One that has no score, or too few attempts
// for one, counts as perfect: it would not get any otherwise.
func Proportional(gateways []Standing) []int64 {
	shares := make([]int64, len(gateways))
	for i, g := range gateways {
		switch {
		case !g.Enabled:
		case g.Insufficient || !g.Scored:
			shares[i] = parts
		default:
			shares[i] = int64(g.Score*parts + 0.5)
		}
	}
	return shares
}

// parts is the resolution of weights: four decimals.
const parts = 10_000

// Routes returns the gateways of an instrument, by name, with their weights; false if the instrument is not known.
// A disabled instrument still has routes: whether to use them is said by its standing.
func (r *ModeRow) Routes(s Settings, instrument string, policy Policy) ([]Route, bool) {
	whole, gateways, ok := r.Standing(s, instrument)
	if !ok || len(gateways) == 0 {
		return nil, ok
	}
	if !whole.Enabled { // its gateways are all off with it; their own states decide between them
		for i := range gateways {
			gateways[i].Enabled = gateways[i].State != Down
		}
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
