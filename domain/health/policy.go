package health

// policy divides an instrument's traffic between its gateways. It returns one share for each standing, in order, none
// negative; only their proportions matter, and if all are zero every gateway gets the same. The traffic percent of a
// standing is the gateway's own, whatever its instrument gets.
type policy func([]Standing) []int64

// The names of the policies.
const (
	policyProportional = "proportional"
	policyBest         = "best"
)

// policies returns the names of all policies.
func policies() []string { return []string{policyProportional, policyBest} }

// policyOf returns the policy with a name, and whether there is one.
func policyOf(name string) (policy, bool) {
	switch name {
	case policyProportional:
		return proportional, true
	case policyBest:
		return best, true
	default:
		return nil, false
	}
}

// proportional gives every enabled gateway traffic in proportion to its score, and to the share of its traffic that it
// may have. One that has no score, or too few attempts for one, counts as perfect: it would not get any otherwise.
func proportional(gateways []Standing) []int64 {
	shares := make([]int64, len(gateways))
	for i, g := range gateways {
		shares[i] = merit(g) * int64(g.TrafficPercent)
	}
	return shares
}

// What Best goes by.
const (
	bestMargin  = parts / 50 // 0.02: scores that lie closer together are as good
	bestReserve = 5          // percent of the traffic for each of the others
)

// best gives all traffic to the gateway with the best score, in equal parts to those within 0.02 of it, and 5 % to each
// of the other enabled ones (together at most half), so that their scores stay true and they can take over. Gateways
// that may not have all of their traffic, and those with too few attempts for a score, are the best only if there are
// no others.
func best(gateways []Standing) []int64 {
	top, score := 0, int64(0)
	for _, g := range gateways {
		top = max(top, rank(g))
	}
	for _, g := range gateways {
		if rank(g) == top {
			score = max(score, merit(g))
		}
	}
	best := func(g Standing) bool { return rank(g) == top && merit(g) >= score-bestMargin }
	var first, rest int64
	for _, g := range gateways {
		switch {
		case best(g):
			first++
		case rank(g) > 0:
			rest++
		}
	}
	shares := make([]int64, len(gateways))
	each := min(int64(bestReserve*parts), everything*parts/2/max(rest, 1))
	for i, g := range gateways {
		switch {
		case best(g):
			shares[i] = (everything*parts - each*rest) / first
		case rank(g) > 0:
			shares[i] = each
		}
		shares[i] = shares[i] * int64(g.TrafficPercent) / everything
	}
	return shares
}

// rank orders gateways by what may be sent to them: nothing, some of their traffic, all of it, all of it with a score
// to go by.
func rank(g Standing) int {
	switch {
	case g.TrafficPercent == 0:
		return 0
	case g.TrafficPercent < everything:
		return 1
	case g.Insufficient || !g.Scored:
		return 2
	default:
		return 3
	}
}

// merit is a gateway's score in parts.
func merit(g Standing) int64 {
	if g.Insufficient || !g.Scored {
		return parts
	}
	return int64(g.Score*parts + 0.5)
}
