package mission

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// UserRow is the progress state of one user over all missions. It is immutable; Apply returns a new one.
type UserRow struct {
	// Missions is the fingerprint of the missions that the row has been brought up to: while it equals the snapshot's,
	// every payment in Recent is in Progress as those missions judge it.
	Missions uint64
	States   []*State   // by mission and version
	Recent   []*Recent  // by Mark
	Frontier Mark       // payments up to here are not in Recent any more
	Old      []Seen     // the last postings of payments up to Frontier, in order of arrival, for duplicates
	Received []Received // by currency
	LastAt   instant.Milli
}

// State is how far a user has come in one version of a mission. There is one for each that some payment counted for.
type State struct {
	Mission     string
	Version     int64
	Progress    Total // sum of all contributions
	FromRecent  Total // the part of it that stems from the payments in UserRow.Recent
	Completions int64 // iterations in force, as the outcomes told
	EnrolledAt  instant.Milli
	LastAt      instant.Milli // created_at of the latest payment that counted
	// Horizon is the row's frontier at the first contribution. Payments up to it that had arrived before were forgotten
	// before the mission was known, so neither they nor their reversals count; Late names those that arrived since.
	Horizon Mark
	Late    []string // transaction ids, sorted
}

// Recent is a payment of the reorder horizon with what is left of it.
type Recent struct {
	payment.Facts // UserID empty: it is the row's key
	Seq           int64
	Net           int64 // minor units
}

// Seen is the last posting seen of a transaction.
type Seen struct {
	TransactionID string
	Seq           int64
}

// Received is the net money that postings brought for one currency.
type Received struct {
	Currency string
	Net      Total
}

// Mark orders payments by created_at and, at a tie, transaction id.
type Mark struct {
	At            instant.Milli
	TransactionID string
}

func (m Mark) compare(n Mark) int {
	if c := cmp.Compare(m.At, n.At); c != 0 {
		return c
	}
	return cmp.Compare(m.TransactionID, n.TransactionID)
}

func markOf(f *payment.Facts) Mark { return Mark{f.CreatedAt, f.TransactionID} }

func findRecent(recent []*Recent, m Mark) (int, bool) {
	return slices.BinarySearchFunc(recent, m, func(r *Recent, m Mark) int { return markOf(&r.Facts).compare(m) })
}

func findState(states []*State, mission string, version int64) (int, bool) {
	return slices.BinarySearchFunc(states, version, func(s *State, version int64) int {
		if c := cmp.Compare(s.Mission, mission); c != 0 {
			return c
		}
		return cmp.Compare(s.Version, version)
	})
}

func (s *State) isLate(transaction string) bool {
	_, ok := slices.BinarySearch(s.Late, transaction)
	return ok
}
