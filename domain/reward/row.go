package reward

import (
	"slices"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/verdict"
)

// State is where a reward stands.
type State string

// The states. A reward begins in Reserved; what it becomes next is told in the package comment.
const (
	Reserved   State = "reserved"
	Pending    State = "pending"
	Claimable  State = "claimable"
	Granting   State = "granting"
	Granted    State = "granted"
	Redeemed   State = "redeemed"
	Expired    State = "expired"
	Cancelled  State = "cancelled"
	ClawedBack State = "clawed_back"
	Exhausted  State = "exhausted"
	Failed     State = "failed"
)

// States returns every state, in the order of a reward's life.
func States() []State {
	return []State{Reserved, Pending, Claimable, Granting, Granted, Redeemed, Expired, Cancelled, ClawedBack, Exhausted,
		Failed}
}

// Why a reward is cancelled or clawed back; exhausted ones have the budget's reasons, failed ones the provider's.
const (
	reasonRevoked  = "revoked"  // the completion was lost again
	reasonSupport  = "support"  // by hand
	reasonExpired  = "expired"  // nobody claimed it in time
	reasonGoodwill = "goodwill" // of a reward that support gave
	reasonBalance  = "balance"  // the user's coins would exceed money.MaxTotal
)

// Reward is one reward of a user.
type Reward struct {
	ID          string
	Number      int64  // of the user's rewards, from 1, in the order in which they came
	Mission     string // empty: goodwill
	Version     int64
	Iteration   int64
	WindowStart instant.Milli
	// Epoch counts how often the completion was reached, from 1; 0 as long as only a revocation came.
	Epoch    int64
	Kind     string
	Pool     string
	Amount   int64
	Currency string // of cash, gift cards and custom rewards; empty for coins
	Mode     string // mission.GrantAuto or mission.GrantClaim
	Hold     time.Duration
	Expires  time.Duration // after it can be claimed or scratched; 0: never
	Debt     string
	// Code is the gift code. Nobody but its user sees it, and that not before the reward is granted.
	Code   string
	State  State
	Reason string
	// Note is what support wrote, By who it was.
	Note, By    string
	At          instant.Milli // event time of the completion
	Since       instant.Milli // wall time of the last change of State
	AvailableAt instant.Milli // wall time at which it can be granted or claimed
	ExpiresAt   instant.Milli // wall time; 0: never
	// Revoked: the completion of this epoch is lost. The next one is a new epoch.
	Revoked bool
	// Barred: support has cancelled it for good.
	Barred bool
	// Ahead counts revocations that came before the completion that they revoke, which waits for a code of its pool.
	Ahead int64
	// Paid is the epoch whose task, or code, the user has; 0: none.
	Paid int64
	// Held is what a user has, or may have, of an epoch that is over.
	Held *Holding
}

// Hold is how it stands with what a user has of an epoch that is over.
type Hold uint8

// The holds.
const (
	Awaited    Hold = iota + 1 // the provider was asked to pay, and has not answered
	Recovering                 // the provider was asked to take it back, and has not answered
	Kept                       // it cannot be taken back
)

// Holding is what a user has, or may have, although the epoch for which it was given is over. The next epoch waits for
// what becomes of it, and takes it over where the user keeps it: so nobody is paid twice for one reward.
type Holding struct {
	Hold   Hold
	Epoch  int64 // of the task that paid it
	Ended  int64 // the epoch at whose end it was asked back
	Amount int64
	Code   string
}

// live tells whether the reward of this epoch is still promised or given.
func (r *Reward) live() bool {
	return r.State == Reserved || r.State == Pending || r.State == Claimable || r.State == Granting || r.isGranted()
}

func (r *Reward) isGranted() bool { return r.State == Granted || r.State == Redeemed }

// Visible tells whether there is anything to show: not for a revocation that came before its completion.
func (r *Reward) Visible() bool { return r.Epoch > 0 }

// Shown returns the gift code as its user may see it: granting it is what reveals it.
func (r *Reward) Shown() string {
	if r.State == Granted {
		return r.Code
	}
	return ""
}

// unit is what the budget counts the reward in.
func (r *Reward) unit() string { return mission.UnitOf(r.Kind, r.Currency) }

// Row is one row of the rewards table: a user's, or a page of entries that the user's row had no room for. It is
// immutable.
type Row struct {
	Rewards  []*Reward // in the order in which they came
	Coins    Coins
	Verdicts verdict.List
	// Audited is how many lines the audit has of what support and services did for the user.
	Audited int64
	// Now is the wall time of the last change; it never goes back.
	Now instant.Milli
	// Page are the entries of a page; such a row has nothing else.
	Page []Entry
}

// Find returns a reward by id, nil if there is none.
func (r *Row) Find(id string) *Reward {
	if r != nil {
		for _, w := range r.Rewards {
			if w.ID == id {
				return w
			}
		}
	}
	return nil
}

// Verdict returns the verdict on a command, if it is among the last.
func (r *Row) Verdict(commandID string) (verdict.Verdict, bool) {
	if r == nil {
		return verdict.Verdict{}, false
	}
	return r.Verdicts.Find(commandID)
}

// Clash tells whether one of the last commands was another one under the same idempotency key.
func (r *Row) Clash(commandID string) bool { return r != nil && r.Verdicts.Clash(commandID) }

// next returns a copy of r to write to; rewards in it are shared until they are changed (see transition.edit).
func (r *Row) next() *Row {
	if r == nil {
		return &Row{}
	}
	n := *r
	n.Rewards = slices.Clone(r.Rewards)
	n.Coins.Entries, n.Coins.Spends = slices.Clone(r.Coins.Entries), slices.Clone(r.Coins.Spends)
	return &n
}
