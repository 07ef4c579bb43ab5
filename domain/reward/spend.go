package reward

import (
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/domain/visible"
)

// Spending is coins that a service has spent for the user.
type Spending struct {
	ID     string
	Entry  int64 // number of the entry that took them
	Amount int64
	// Reversal is the number of the entry that gave them back, 0 as long as there is none.
	Reversal int64
}

// MaxSpends is how many spends a row remembers. One that is older can neither be reversed nor be told from a new one
// under the same id.
const MaxSpends = 1024

// maxSpendID is the longest id of a spend that a service may choose, in bytes.
const maxSpendID = 64

// SpendID returns the id of what a command spends where the service chose none. It is made of the command's identity,
// as GoodwillID is.
func SpendID(user, command string) string {
	return hash("sp_", "spend", user, verdict.Identity(command))
}

// spendID returns the id of the spend that a command is about.
func (c *Command) spendID() string {
	if c.Op == Spend && c.SpendID == "" {
		return SpendID(c.UserID, c.ID)
	}
	return c.SpendID
}

// Spending returns a spend by id, nil if none of the last ones has it.
func (c *Coins) Spending(id string) *Spending {
	if i := slices.IndexFunc(c.Spends, func(s Spending) bool { return s.ID == id }); i >= 0 {
		return &c.Spends[i]
	}
	return nil
}

// judgeSpend takes coins that the user has. A spend that was done is not done again.
func (t *transition) judgeSpend(c *Command) (verdict.Result, problem.List) {
	if problems := CheckSpend(c); len(problems) > 0 {
		return verdict.Refused, problems
	}
	coins := &t.row.Coins
	if done := coins.Spending(c.spendID()); done != nil {
		if done.Amount != c.Amount {
			return refuse("", problem.Conflict, "the id was used for a spend of another amount")
		}
		return verdict.Unchanged, nil
	}
	if coins.Debt > 0 || coins.Balance < c.Amount {
		return refuse("", problem.InsufficientCoins, coins.detail())
	}
	e := t.enter(Entry{SpendID: c.spendID(), Kind: EntrySpend, Amount: -c.Amount, Reason: c.Reason})
	coins.Spends = append(coins.Spends, Spending{ID: c.spendID(), Entry: e.Number, Amount: c.Amount})
	coins.Spends = coins.Spends[max(0, len(coins.Spends)-MaxSpends):]
	return verdict.Applied, nil
}

// judgeReversal gives back all that a spend took, once.
func (t *transition) judgeReversal(c *Command) (verdict.Result, problem.List) {
	coins := &t.row.Coins
	s := coins.Spending(c.SpendID)
	if s == nil {
		return refuse("", problem.NotFound, "there is no such spend")
	}
	if wrong := checkReason(c.Reason); len(wrong) > 0 {
		return verdict.Refused, wrong
	}
	switch {
	case s.Reversal != 0:
		return verdict.Unchanged, nil
	case s.Amount > money.Room(coins.Balance):
		return refuse("", problem.InvalidState, "the balance cannot hold so many coins")
	}
	s.Reversal = t.receive(Entry{SpendID: s.ID, Kind: EntrySpendReversal, Amount: s.Amount, Reason: c.Reason}).Number
	return verdict.Applied, nil
}

// detail says what there is, where it is not enough.
func (c *Coins) detail() string {
	text := "the user has no coins"
	if c.Balance != 0 {
		text = "the user has " + inCoins(c.Balance)
	}
	if c.Debt > 0 {
		text += ", and a debt of " + strconv.FormatInt(c.Debt, 10)
	}
	return text
}

// CheckSpend returns what is wrong with what is to be spent, before anybody is asked for it.
func CheckSpend(c *Command) problem.List {
	var problems problem.List
	check := func(ok bool, pointer, detail string) {
		if !ok {
			problems = append(problems, problem.Problem{Pointer: pointer, Code: problem.InvalidField, Detail: detail})
		}
	}
	check(c.Amount > 0, "/amount", "must be a whole number above 0")
	check(c.Amount <= money.Max, "/amount", money.MaxDetail)
	check(c.SpendID == "" || isSpendID(c.SpendID), "/spend_id",
		"must be 1 to 64 letters, digits, '.', '_', ':' and '-', beginning with a letter or a digit")
	return append(problems, checkReason(c.Reason)...)
}

// isSpendID tells whether a service may choose the id: it stands in paths as it is.
func isSpendID(id string) bool {
	for i, r := range id {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && (i == 0 || !strings.ContainsRune("._:-", r)) {
			return false
		}
	}
	return len(id) <= maxSpendID
}

// checkReason returns what is wrong with the reason of a command.
func checkReason(reason string) problem.List {
	switch {
	case strings.TrimSpace(reason) == "":
		return problem.One("/reason", problem.InvalidField, "is required")
	case len(reason) > maxReason:
		return problem.One("/reason", problem.InvalidField, longReason)
	case visible.HasControls(reason):
		return problem.One("/reason", problem.InvalidField, visible.ControlsDetail)
	}
	return nil
}
