package reward

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/codecs/doc"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// Spent is what became of a spend: the entry that took the coins, or gave them back, and the balance as it is now.
type Spent struct {
	CoinEntry
	State   string `json:"state" enum:"spent,reversed" doc:"Of the spend, now"`
	Balance int64  `json:"balance" doc:"Now"`
	Debt    int64  `json:"debt" doc:"Now"`
}

// SpendContent is a spend, or a reversal of one. Without a key a request that is sent again would spend again, so there
// must be one.
type SpendContent struct {
	Key         string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"256" doc:"The same key again is the same command, with the same verdict"`
	ID          string `path:"id" maxLength:"1024" doc:"User id"`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"application/json"`
}

type reverseInput struct {
	SpendContent
	Spend string `path:"sid" maxLength:"64" doc:"Id of the spend"`
}

// RegisterSpends adds what services do with the coins of users.
func (s *Routes) RegisterSpends() {
	access := serve.Access{Roles: []token.Role{token.Service}, Class: serve.UserClass}
	spend := s.UserWrite("spend-coins", http.MethodPost, "/v1/users/{id}/coins/spend", serve.TagUsers,
		"Spend coins of a user", access)
	spend.Responses["409"] = s.ProblemResponse("The user has fewer coins (insufficient_coins), or the Idempotency-Key or the spend_id was used for something else (idempotency_conflict)")
	s.Answers(spend, http.StatusUnsupportedMediaType)
	huma.Register(s.API, spend, s.spend)
	s.Written(spend, reflect.TypeFor[rewardcodec.SpendBody](), reflect.TypeFor[Spent]())
	reverse := s.UserWrite("reverse-spend", http.MethodPost, "/v1/users/{id}/coins/spend/{sid}/reverse", serve.TagUsers,
		"Give back all that a spend took, once; debts are paid from it first", access)
	s.Answers(reverse, http.StatusUnsupportedMediaType)
	huma.Register(s.API, reverse, s.reverseSpend)
	s.Written(reverse, reflect.TypeFor[rewardcodec.ReversalBody](), reflect.TypeFor[Spent]())
}

func (s *Routes) spend(ctx context.Context, in *SpendContent) (*serve.UserWrittenOutput, error) {
	user, err := in.user(ctx)
	if err != nil {
		return nil, err
	}
	c, err := rewardcodec.SpendRequest(in.RawBody)
	if err != nil {
		return nil, serve.Unreadable(err)
	}
	c.UserID = user
	if found := reward.CheckSpend(c); len(found) > 0 {
		return nil, serve.Refused(found)
	}
	s.ask(ctx, c, in.Key, in.RawBody)
	if c.SpendID == "" {
		c.SpendID = reward.SpendID(user, c.ID)
	}
	return s.spendCommand(ctx, c)
}

func (s *Routes) reverseSpend(ctx context.Context, in *reverseInput) (*serve.UserWrittenOutput, error) {
	user, err := in.user(ctx)
	if err != nil {
		return nil, err
	}
	reason, err := doc.ReasonRequest(in.RawBody)
	if err != nil {
		return nil, serve.Unreadable(err)
	}
	c := &reward.Command{Op: reward.ReverseSpend, UserID: user, SpendID: in.Spend, Reason: reason}
	s.ask(ctx, c, in.Key, in.RawBody)
	return s.spendCommand(ctx, c)
}

// user checks what every spend has.
func (in *SpendContent) user(ctx context.Context) (string, error) {
	if err := serve.CheckJSON(in.ContentType, in.RawBody); err != nil {
		return "", err
	}
	user, err := serve.Subject(ctx, in.ID)
	if err != nil {
		return "", err
	}
	return serve.PanelUser(user)
}

func (s *Routes) spendCommand(ctx context.Context, c *reward.Command) (*serve.UserWrittenOutput, error) {
	return s.command(ctx, c, serve.UserPath(c.UserID, "coins"), func(row *reward.Row) (any, error) {
		spending := row.Coins.Spending(c.SpendID)
		if spending == nil {
			return nil, problem.Missing("spend")
		}
		number := spending.Entry
		if c.Op == reward.ReverseSpend {
			number = spending.Reversal
		}
		found, err := s.entries(c.UserID, row, number, number+1)
		if err != nil {
			return nil, err
		}
		if len(found) != 1 { // the row has let go of it since
			return nil, serve.Recovering("older entries are being moved")
		}
		return Spent{CoinEntry: entryOf(found[0]), State: spending.State(), Balance: row.Coins.Balance,
			Debt: row.Coins.Debt}, nil
	})
}
