package oracle

import "github.com/millrace/millrace/domain/instant"

// Bounds are what a user's row remembers (docs/design.md, section 6.1, and ADR 9), and how far the oracle goes to say
// what may have come of it. The oracle keeps its own copy of the defaults.
type Bounds struct {
	// Horizon is how far behind the latest created_at payments are remembered. Defaults to 24 h.
	Horizon instant.Milli
	// Payments is the most that are remembered. Defaults to 256.
	Payments int
	// Late is how many payments a mission remembers that came after they had left the horizon. Defaults to 256.
	Late int
	// Old is how many postings of payments beyond the horizon are remembered to tell duplicates. Defaults to 64.
	Old int
	// Switches is how many enrolments and withdrawals a mission remembers. Defaults to 32.
	Switches int
	// Sets is how many sets of segments are remembered. Defaults to 8.
	Sets int
	// Windows is how many windows of a mission are kept. Defaults to 100.
	Windows int
	// Values and Days are how many of them one window tells apart. Beyond them it depends on more than order which are
	// counted, so that nothing is said of a mission where it may come to that. Default to 1,000 and 4,000.
	Values, Days int
	// Possibilities is how many ways are followed in which records of different topics may have met at a user's row in
	// one mission; beyond, nothing is said of it. Defaults to 5,000.
	Possibilities int
}

// DefaultBounds returns the defaults.
func DefaultBounds() Bounds {
	return Bounds{
		Horizon: 24 * 3_600_000, Payments: 256, Late: 256, Old: 64, Switches: 32, Sets: 8, Windows: 100, Values: 1000,
		Days: 4000, Possibilities: 5000,
	}
}
