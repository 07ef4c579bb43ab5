package mission

import "slices"

// Absorb returns the row with what others have received added to it: the row of erasure.Nobody, by which amounts of
// users who were forgotten stay in the sum of all. It has no part in missions.
func Absorb(row *UserRow, received []Received) *UserRow {
	next := &UserRow{}
	if row != nil {
		*next = *row
	}
	next.Received = slices.Clone(next.Received)
	for _, r := range received {
		i := slices.IndexFunc(next.Received, func(have Received) bool { return have.Currency == r.Currency })
		if i < 0 {
			i = len(next.Received)
			next.Received = append(next.Received, Received{Currency: r.Currency})
		}
		next.Received[i].Net = next.Received[i].Net.Plus(r.Net)
	}
	slices.SortFunc(next.Received, func(a, b Received) int {
		switch {
		case a.Currency < b.Currency:
			return -1
		case a.Currency > b.Currency:
			return 1
		}
		return 0
	})
	return next
}
