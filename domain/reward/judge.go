package reward

import (
	"slices"
	"strings"
	"unicode"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/domain/visible"
)

// Judge gives a command to its user's row, which keeps the verdict. It is total: what cannot be done is refused, with
// the reasons. A command whose verdict the row still has changes nothing. most bounds goodwill.
func Judge(row *Row, c *Command, most Ceiling, now instant.Milli) (*Row, []Effect) {
	if _, ok := row.Verdict(c.ID); ok {
		return AdvanceTo(row, c.UserID, now)
	}
	t := begin(row, c.UserID, now)
	v, before := verdict.Verdict{CommandID: c.ID, Result: verdict.Applied, At: t.now}, t.auditedCoins(c)
	switch {
	case row.Clash(c.ID):
		v.Result, v.Problems = refuse("", problem.Conflict, "the idempotency key was used for something else")
	case c.Op == Claim:
		v.Result, v.Problems = t.judgeClaim(c)
	case c.Op == Goodwill:
		v.Result, v.Problems = t.judgeGoodwill(c, most)
	case c.Op == Cancel:
		v.Result, v.Problems = t.judgeCancel(c)
	case c.Op == Spend:
		v.Result, v.Problems = t.judgeSpend(c)
	case c.Op == ReverseSpend:
		v.Result, v.Problems = t.judgeReversal(c)
	default:
		v.Result, v.Problems = refuse("", problem.InvalidField, "the command is not known")
	}
	t.row.Verdicts = t.row.Verdicts.With(v)
	t.audit(c, v, before)
	return t.end()
}

func refuse(pointer, code, detail string) (verdict.Result, problem.List) {
	return verdict.Refused, problem.One(pointer, code, detail)
}

func (t *transition) judgeClaim(c *Command) (verdict.Result, problem.List) {
	r := t.row.Find(c.RewardID)
	switch {
	case r == nil || !r.Visible():
		return refuse("", problem.NotFound, "there is no such reward")
	case r.waits():
		t.claim(t.edit(r))
		return verdict.Applied, nil
	case r.State == Granting || r.isGranted():
		return verdict.Unchanged, nil
	}
	return refuse("", problem.InvalidState, "a reward that is "+string(r.State)+" cannot be claimed")
}

func (t *transition) judgeCancel(c *Command) (verdict.Result, problem.List) {
	r := t.row.Find(c.RewardID)
	if r == nil || !r.Visible() {
		return refuse("", problem.NotFound, "there is no such reward")
	}
	if wrong := checkReason(c.Reason); len(wrong) > 0 {
		return verdict.Refused, wrong
	}
	if r.Barred {
		return verdict.Unchanged, nil
	}
	r = t.edit(r)
	r.Barred, r.Note, r.By = true, c.Reason, c.Actor
	t.drop(r, reasonSupport)
	return verdict.Applied, nil
}

func (t *transition) judgeGoodwill(c *Command, most Ceiling) (verdict.Result, problem.List) {
	if problems := CheckGoodwill(c); len(problems) > 0 {
		return verdict.Refused, problems
	}
	if given := t.row.Find(GoodwillID(c.UserID, c.ID)); given != nil {
		if given.Kind != c.Reward.Kind || given.Amount != c.Reward.Amount ||
			given.Currency != currencyOf(c.Reward.Kind, c.Currency) {
			return refuse("", problem.Conflict, "the idempotency key was used for something else")
		}
		return verdict.Unchanged, nil
	}
	if problems := most.Check(c); len(problems) > 0 {
		return verdict.Refused, problems
	}
	r := t.add(&Reward{
		ID: GoodwillID(c.UserID, c.ID), Epoch: 1, Kind: c.Reward.Kind, Amount: c.Reward.Amount,
		Currency: currencyOf(c.Reward.Kind, c.Currency), Mode: c.Grant.Mode,
		Hold: c.Grant.Hold, Expires: c.Reward.ExpiresAfter, Debt: c.Debt, At: c.At, Note: c.Reason, By: c.Actor,
	})
	t.move(r, Reserved, "")
	t.proceed(r)
	return verdict.Applied, nil
}

// maxReason is the longest reason that a command may give, in bytes.
const maxReason = 500

const longReason = "must be text of at most 500 bytes"

// CheckGoodwill returns what is wrong with a goodwill reward, before anybody is asked to give it.
func CheckGoodwill(c *Command) problem.List {
	var problems problem.List
	check := func(ok bool, pointer, detail string) {
		if !ok {
			problems = append(problems, problem.Problem{Pointer: pointer, Code: problem.InvalidField, Detail: detail})
		}
	}
	kinds := mission.RewardKinds()
	known := slices.Contains(kinds, c.Reward.Kind)
	check(c.UserID != "" && strings.IndexFunc(c.UserID, unicode.IsControl) < 0, "/user_id", "is not the id of a user")
	check(strings.TrimSpace(c.Reason) != "", "/reason", "is required")
	check(len(c.Reason) <= maxReason, "/reason", longReason)
	check(!visible.HasControls(c.Reason), "/reason", visible.ControlsDetail)
	check(known, "/kind", "must be one of "+strings.Join(kinds, ", "))
	check(c.Reward.Amount > 0, "/amount", "must be a whole number above 0")
	check(c.Reward.Amount <= money.Max, "/amount", money.MaxDetail)
	check(c.Reward.Pool == "", "/pool", "codes of pools are for missions")
	expires, hold := mission.CheckWait(c.Reward.ExpiresAfter), mission.CheckWait(c.Grant.Hold)
	check(expires == "", "/expires_after", expires)
	check(hold == "", "/grant/hold", hold)
	check(c.Grant.Mode == "" || c.Grant.Mode == mission.GrantAuto || c.Grant.Mode == mission.GrantClaim, "/grant/mode",
		"must be auto or claim")
	check(c.Debt == "" || c.Debt == mission.DebtNegative || c.Debt == mission.DebtFloor, "/debt",
		"must be negative or floor")
	kind := mission.RewardKindOf(c.Reward.Kind)
	waits := c.Grant.Mode == mission.GrantClaim || kind.Delivery == mission.ByScratch
	check(!known || waits || c.Reward.ExpiresAfter <= 0, "/expires_after",
		"belongs to what waits for its user: claim as the grant's mode, or leave it out")
	switch wrong := payment.CheckCurrency(c.Currency); {
	case !known: // what belongs to it is not known, either
	case kind.InCoins:
		check(c.Currency == "", "/currency", "coins have no currency: leave it out")
	default:
		check(wrong == "", "/currency", wrong)
		check(c.Debt == "", "/debt", "belongs to rewards in coins only: leave it out")
	}
	return problems
}
