package mission

import (
	"cmp"
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/verdict"
)

// UserRow is the progress state of one user over all missions. It is immutable; Apply, ApplyEnrolment and ApplySegments
// return new ones.
type UserRow struct {
	// Missions is the fingerprint of the missions that the row has been brought up to: while it equals the snapshot's,
	// every payment in Recent counts as those missions judge it.
	Missions uint64
	States   []*State   // by mission
	Recent   []*Recent  // by Mark
	Frontier Mark       // payments up to here are not in Recent any more
	Old      []Seen     // the last postings of payments up to Frontier, in order of arrival, for duplicates
	Received []Received // by currency
	LastAt   instant.Milli
	Segments []SegmentSet // by At
	Verdicts verdict.List // on enrolments and segments
	Audited  int64        // lines of the audit on the user's segments
}

// State is where a user stands in one mission. There is one for each mission that some payment counted for, or that the
// user was asked to be in.
//
// Until Fixed, all of it but Switches is a function of UserRow.Recent, the user's switches and segments, and the
// missions: it is derived anew whenever one of them changes. Then only the Recent parts of the tallies are.
type State struct {
	Mission    string
	Version    int64         // that the user is in; 0: in none, the rest is empty then but for Switches
	EnrolledAt instant.Milli // decides the version
	// BeganAt is when a per_user window from the first payment began; 0 where there is none, or no payment yet.
	BeganAt instant.Milli
	// Fixed: a payment that counts is no longer in UserRow.Recent, so version and begin stay as they are.
	Fixed bool
	// Horizon is the row's frontier when the user came into the mission. Payments up to it that had arrived before were
	// forgotten before they could count, so neither they nor their reversals count; Late names those that arrived
	// since.
	Horizon  Mark
	Late     []string // transaction ids, sorted
	Switches []Switch // by At; of missions that are opted in to
	Tallies  []*Tally // by Start
	// Cut is the start of the first window that is kept; earlier ones were dropped, what they won stays.
	Cut instant.Milli
}

// Switch is an enrolment or a withdrawal.
type Switch struct {
	At  instant.Milli
	Out bool // a withdrawal; at a tie it comes last
}

// SegmentSet is what segments a user is in from At on.
type SegmentSet struct {
	At       instant.Milli
	Segments []string // sorted
}

// Tally is the count of one window of one mission version for one user.
type Tally struct {
	Start instant.Milli // tells the windows of one mission apart
	// Settled and Recent add up to the progress of amount and count: Recent is what the payments in UserRow.Recent
	// contribute, Settled what those did that have left it.
	Settled, Recent money.Total
	Entries         []Entry // of distinct and streak, sorted
	Completions     int64   // iterations in force, as the outcomes told
}

// Entry counts the payments with one value, or of one local day.
type Entry struct {
	Day             int64 // of streak: days since 1970-01-01
	Value           string
	Settled, Recent int64 // as in Tally
}

// The bounds of a state. Beyond them the oldest switches and windows are dropped, and new values and days do not count.
const (
	MaxSwitches = 32
	MaxSets     = 8
	MaxTallies  = 100
	MaxDistinct = 1000
	MaxDays     = 4000
)

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
	Net      money.Total
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

// findRecent returns where the payment of a mark is, or would be: nearly always at the end.
func findRecent(recent []*Recent, m Mark) (int, bool) {
	if n := len(recent); n == 0 || markOf(&recent[n-1].Facts).compare(m) < 0 {
		return n, false
	}
	return slices.BinarySearchFunc(recent, m, func(r *Recent, m Mark) int { return markOf(&r.Facts).compare(m) })
}

// State returns where the user stands in a mission, nil if nowhere. The row may be nil.
func (row *UserRow) State(mission string) *State {
	if row == nil {
		return nil
	}
	if i, ok := findState(row.States, mission); ok {
		return row.States[i]
	}
	return nil
}

func findState(states []*State, mission string) (int, bool) {
	return slices.BinarySearchFunc(states, mission, func(s *State, mission string) int {
		return strings.Compare(s.Mission, mission)
	})
}

// In tells whether the user is or was in the mission: whether a version is decided.
func (s *State) In() bool { return s != nil && s.Version != 0 }

// Tally returns the count of the window that begins at start, nil if nothing counted in it.
func (s *State) Tally(start instant.Milli) *Tally {
	if s == nil {
		return nil
	}
	if i, ok := findTally(s.Tallies, start); ok {
		return s.Tallies[i]
	}
	return nil
}

func findTally(tallies []*Tally, start instant.Milli) (int, bool) {
	return slices.BinarySearchFunc(tallies, start, func(t *Tally, start instant.Milli) int {
		return cmp.Compare(t.Start, start)
	})
}

func (s *State) isLate(transaction string) bool {
	_, ok := slices.BinarySearch(s.Late, transaction)
	return ok
}

// equal tells whether two states are the same.
func (s *State) equal(o *State) bool {
	return s.Mission == o.Mission && s.Version == o.Version && s.EnrolledAt == o.EnrolledAt && s.BeganAt == o.BeganAt &&
		s.Fixed == o.Fixed &&
		s.Horizon == o.Horizon && s.Cut == o.Cut && slices.Equal(s.Late, o.Late) &&
		slices.Equal(s.Switches, o.Switches) &&
		slices.EqualFunc(s.Tallies, o.Tallies, (*Tally).equal)
}

func (t *Tally) equal(o *Tally) bool {
	return t.Start == o.Start && t.Settled == o.Settled && t.Recent == o.Recent && t.Completions == o.Completions &&
		slices.Equal(t.Entries, o.Entries)
}
