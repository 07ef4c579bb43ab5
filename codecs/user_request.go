package codecs

import (
	"fmt"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/reward"
)

// GoodwillRequest reads what support asks to give a user: the reward, how it is granted and why. Errors are
// problem.List with pointers into b, or of b as a whole.
func GoodwillRequest(b []byte) (*reward.Command, error) {
	c := &reward.Command{Op: reward.Goodwill, Grant: mission.Default().Grant}
	return c, request(b, formOf[GoodwillBody](), func(f fields) {
		f.text("kind", &c.Reward.Kind)
		f.text("currency", &c.Currency)
		c.Currency = payment.CurrencyCode(c.Currency)
		f.amount("amount", mission.UnitOf(c.Reward.Kind, minorUnits), c.Currency, &c.Reward.Amount)
		f.duration("expires_after", &c.Reward.ExpiresAfter)
		f.text("debt", &c.Debt)
		if c.Debt == "" && mission.RewardKindOf(c.Reward.Kind).InCoins {
			c.Debt = mission.Default().Debt
		}
		f.text("reason", &c.Reason)
		f.grant(&c.Grant)
	})
}

// ReasonRequest reads why somebody of support does something.
func ReasonRequest(b []byte) (reason string, err error) {
	return reason, request(b, formOf[ReasonBody](), func(f fields) { f.text("reason", &reason) })
}

// NoRequest reads the body of a request that has none: an object without fields. Errors are those of other requests.
func NoRequest(b []byte) error {
	return request(b, formOf[struct{}](), func(fields) {})
}

// SegmentsRequest reads the segments that a user is to be in.
func SegmentsRequest(b []byte) (segments []string, err error) {
	return segments, request(b, formOf[SegmentsBody](), func(f fields) {
		if f.values["segments"] == nil {
			f.r.add("/segments", problem.InvalidField, "is required")
		}
		f.texts("segments", &segments)
	})
}

// request reads one object of JSON, which has a form.
func request(b []byte, form Form, read func(fields)) error {
	tree, err := parseJSONTree(b)
	if err != nil {
		return fmt.Errorf("request: %w", err)
	}
	r := &treeReader{}
	if tree == nil {
		r.add("", problem.WrongType, "needs an object")
	}
	read(r.formed("", tree, form))
	if len(r.problems) > 0 {
		return r.problems
	}
	return nil
}
