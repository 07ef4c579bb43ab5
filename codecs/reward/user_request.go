package reward

import (
	"github.com/millrace/millrace/codecs/doc"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/reward"
)

// GoodwillRequest reads what support asks to give a user: the reward, how it is granted and why. Errors are
// problem.List with pointers into b, or of b as a whole.
func GoodwillRequest(b []byte) (*reward.Command, error) {
	c := &reward.Command{Op: reward.Goodwill, Grant: mission.Default().Grant}
	err := doc.Request(b, doc.FormOf[GoodwillBody](), func(f doc.Object) {
		f.Text("kind", &c.Reward.Kind)
		f.Text("currency", &c.Currency)
		c.Currency = payment.CurrencyCode(c.Currency)
		f.Amount("amount", mission.UnitOf(c.Reward.Kind, missioncodec.MinorUnits), c.Currency, &c.Reward.Amount)
		f.Duration("expires_after", &c.Reward.ExpiresAfter)
		f.Text("debt", &c.Debt)
		if c.Debt == "" && mission.RewardKindOf(c.Reward.Kind).InCoins {
			c.Debt = mission.Default().Debt
		}
		f.Text("reason", &c.Reason)
		missioncodec.ReadGrant(f, &c.Grant)
	})
	return c, err
}

// SpendRequest reads what a service spends of a user's coins, and on what. Errors are those of GoodwillRequest.
func SpendRequest(b []byte) (*reward.Command, error) {
	c := &reward.Command{Op: reward.Spend}
	err := doc.Request(b, doc.FormOf[SpendBody](), func(f doc.Object) {
		f.Amount("amount", mission.Coins, "", &c.Amount)
		f.Text("reason", &c.Reason)
		f.Text("spend_id", &c.SpendID)
		if f.Values["spend_id"] != nil && c.SpendID == "" && len(f.Reader.Problems) == 0 {
			f.Reader.Add(f.At("spend_id"), problem.InvalidField, "must not be empty: leave it out to have one made")
		}
	})
	return c, err
}

// SegmentsRequest reads the segments that a user is to be in.
func SegmentsRequest(b []byte) (segments []string, err error) {
	err = doc.Request(b, doc.FormOf[SegmentsBody](), func(f doc.Object) {
		if f.Values["segments"] == nil {
			f.Reader.Add("/segments", problem.InvalidField, "is required")
		}
		f.Texts("segments", &segments)
	})
	return segments, err
}

// GoodwillBody is what support gives a user.
type GoodwillBody struct {
	Kind         string                `json:"kind" enum:"@reward_kind"`
	Amount       int64                 `json:"amount" minimum:"1" maximum:"1125899906842624" doc:"Coins, or minor units" example:"100"`
	Currency     string                `json:"currency,omitempty" doc:"ISO 4217; required for cash, gift cards and custom rewards, and refused for coins and scratch cards" example:"INR"`
	ExpiresAfter string                `json:"expires_after,omitempty" doc:"A Go duration, of what waits for its user: of a scratch card, or with the grant mode claim; default: never" example:"720h"`
	Grant        missioncodec.GrantDoc `json:"grant,omitzero"`
	Debt         string                `json:"debt,omitempty" enum:"@debt" doc:"For coins and scratch cards only; default: negative"`
	Reason       string                `json:"reason" minLength:"1" maxLength:"500" doc:"Why, for the audit"`
}

// SpendBody is what a service spends of a user's coins.
type SpendBody struct {
	Amount  int64  `json:"amount" minimum:"1" maximum:"1125899906842624" doc:"Whole coins" example:"100"`
	Reason  string `json:"reason" minLength:"1" maxLength:"500" doc:"On what, for the user and the audit" example:"A coffee at Blue Tokai"`
	SpendID string `json:"spend_id,omitempty" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._:-]*$" doc:"The service's own id of what is bought: one id is spent once, whatever the key. Default: made of the Idempotency-Key" example:"order-4711"`
}

// ReversalBody is why what was spent comes back.
type ReversalBody struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Why, for the user and the audit" example:"The coffee was not served"`
}

// SegmentsBody is what segments a user is to be in.
type SegmentsBody struct {
	Segments []string `json:"segments" doc:"In place of all those before" example:"[\"new\"]"`
}
