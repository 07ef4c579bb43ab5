package reward

import (
	"strconv"

	"github.com/millrace/millrace/domain/instant"
)

// EntryKind says what an entry of the coin balance is for.
type EntryKind string

// The kinds of entries.
const (
	EntryReward        EntryKind = "reward"         // coins that were won
	EntryGoodwill      EntryKind = "goodwill"       // coins that support gave
	EntryClawback      EntryKind = "clawback"       // coins that were taken back
	EntryDebt          EntryKind = "debt"           // coins that paid for a debt
	EntrySpend         EntryKind = "spend"          // coins that a service spent
	EntrySpendReversal EntryKind = "spend_reversal" // coins of a spend that came back
)

// EntryKinds returns every kind of entry.
func EntryKinds() []EntryKind {
	return []EntryKind{EntryReward, EntryGoodwill, EntryClawback, EntryDebt, EntrySpend, EntrySpendReversal}
}

// Entry is one change of a coin balance.
type Entry struct {
	Number       int64  // from 1
	RewardID     string // empty where it is for a spend
	SpendID      string // empty where it is for a reward
	Kind         EntryKind
	Amount       int64
	BalanceAfter int64
	Reason       string        // of a spend and its reversal, for the user to read
	At           instant.Milli // wall time
}

// Summary says in plain words what the entry is.
func (e Entry) Summary() string {
	came, went := inCoins(e.Amount), inCoins(-e.Amount)
	switch e.Kind {
	case EntryReward:
		return "Won " + came
	case EntryGoodwill:
		return "Given " + came
	case EntryClawback:
		return "Taken back " + went
	case EntryDebt:
		return "Paid " + went + " of debt"
	case EntrySpend:
		return "Spent " + went
	case EntrySpendReversal:
		return came + " came back from a spend"
	}
	return ""
}

// inCoins returns a number of coins in words.
func inCoins(n int64) string {
	if n == 1 {
		return "1 coin"
	}
	return strconv.FormatInt(n, 10) + " coins"
}

// Coins is a user's coin balance. Its entries add up to Balance.
type Coins struct {
	Balance int64 // at most money.MaxTotal
	// Debt is what a claw-back could not take, of missions with debt: floor. Coins that come later pay it first.
	Debt int64
	// Count is the number of the last entry.
	Count int64
	// Entries are the last ones, latest last. Earlier ones lie on pages, PageSize on each; see PageKey.
	Entries []Entry
	// Spends are the last MaxSpends, latest last.
	Spends []Spending
}

// PageSize is how many entries go to a page at once.
const PageSize = 64

// maxEntries is the most entries in a user's row: a page that is about to be full, and some to look back on.
const maxEntries = 2 * PageSize
