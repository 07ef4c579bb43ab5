package codecs

import (
	"fmt"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/reward"
)

// GoodwillRequest reads what support asks to give a user: the reward, how it is granted and why. Errors are problem.List with
// pointers into b, or of b as a whole.
func GoodwillRequest(b []byte) (*reward.Command, error) {
	c := &reward.Command{Op: reward.Goodwill, Grant: mission.Default().Grant, Debt: mission.Default().Debt}
	return c, request(b, []string{"kind", "amount", "currency", "expires_after", "grant", "debt", "reason"}, func(f fields) {
		f.text("kind", &c.Reward.Kind)
		f.text("currency", &c.Currency)
		f.amount("amount", unitOf(c.Reward.Kind), c.Currency, &c.Reward.Amount)
		f.duration("expires_after", &c.Reward.ExpiresAfter)
		f.text("debt", &c.Debt)
		f.text("reason", &c.Reason)
		grant := f.inner("grant", "mode", "hold")
		grant.text("mode", &c.Grant.Mode)
		grant.duration("hold", &c.Grant.Hold)
	})
}

// ReasonRequest reads why somebody of support does something.
func ReasonRequest(b []byte) (reason string, err error) {
	return reason, request(b, []string{"reason"}, func(f fields) { f.text("reason", &reason) })
}

// SegmentsRequest reads the segments that a user is to be in.
func SegmentsRequest(b []byte) (segments []string, err error) {
	return segments, request(b, []string{"segments"}, func(f fields) {
		if f.values["segments"] == nil {
			f.r.add("/segments", problem.InvalidField, "is required")
		}
		for i, node := range f.list("segments") {
			text, ok := node.(string)
			if !ok {
				f.r.add(fmt.Sprintf("/segments/%d", i), problem.WrongType, "needs a text")
			}
			segments = append(segments, text)
		}
	})
}

// request reads one object of JSON.
func request(b []byte, known []string, read func(fields)) error {
	tree, err := parseJSONTree(b)
	if err != nil {
		return fmt.Errorf("request: %w", err)
	}
	r := &treeReader{}
	if tree == nil {
		r.add("", problem.WrongType, "needs an object")
	}
	read(r.object("", tree, known...))
	if len(r.problems) > 0 {
		return r.problems
	}
	return nil
}
