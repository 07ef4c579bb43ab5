package reward

import (
	"context"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/serve"
)

// UserRewards is a page of a user's rewards, the newest first.
type UserRewards struct {
	Items      []UserReward `json:"items" nullable:"false"`
	NextCursor *string      `json:"next_cursor"`
	AsOf       serve.AsOf   `json:"as_of"`
}

// UserRewardDetail is one reward.
type UserRewardDetail struct {
	UserReward
	AsOf serve.AsOf `json:"as_of"`
}

// Coins is a user's coin balance with a page of its entries, the newest first. All entries together add up to the
// balance.
type Coins struct {
	Balance    int64       `json:"balance" doc:"Negative after a claw-back of coins that were spent, unless the mission makes debts of them"`
	Debt       int64       `json:"debt" doc:"Coins that a claw-back could not take; those that come later pay it first"`
	Entries    []CoinEntry `json:"entries" nullable:"false"`
	NextCursor *string     `json:"next_cursor"`
	AsOf       serve.AsOf  `json:"as_of"`
}

// CoinEntry is one change of a coin balance.
type CoinEntry struct {
	ID           string        `json:"id"`
	RewardID     *string       `json:"reward_id" doc:"The reward that it is for; of a debt, the one that paid it; null for a spend"`
	SpendID      *string       `json:"spend_id" doc:"The spend that it is for; of a debt, the one whose reversal paid it; else null"`
	Kind         string        `json:"kind" enum:"@coin_entry"`
	Summary      string        `json:"summary" doc:"What it is, in plain words" example:"Spent 100 coins"`
	Reason       *string       `json:"reason" doc:"Of a spend and its reversal: on what or why, as the service says; else null"`
	Amount       int64         `json:"amount" doc:"Above 0: came; below 0: went"`
	BalanceAfter int64         `json:"balance_after"`
	At           instant.Milli `json:"at" format:"date-time"`
}

func entryOf(e reward.Entry) CoinEntry {
	text := func(s string) *string { return serve.Optional(s, s != "") }
	return CoinEntry{
		ID: strconv.FormatInt(e.Number, 10), RewardID: text(e.RewardID), SpendID: text(e.SpendID),
		Kind: string(e.Kind), Summary: e.Summary(), Reason: text(e.Reason), Amount: e.Amount,
		BalanceAfter: e.BalanceAfter, At: e.At,
	}
}

type userRewardsInput struct {
	serve.Fresh
	serve.Page
	ID string `path:"id" maxLength:"1024" doc:"User id, or me"`
}

type userRewardInput struct {
	serve.Fresh
	ID     string `path:"id" maxLength:"1024" doc:"User id, or me"`
	Reward string `path:"rid" maxLength:"256" doc:"Reward id"`
}

type userRewardsOutput struct{ Body UserRewards }

type userRewardOutput struct{ Body UserRewardDetail }

type coinsOutput struct{ Body Coins }

// RegisterReads adds what users see of their rewards.
func (s *Routes) RegisterReads() {
	list := s.Read("list-user-rewards", "/v1/users/{id}/rewards", serve.TagUsers,
		"What the user has won, the newest first", serve.UserAccess())
	huma.Register(s.API, list, s.userRewards)
	one := s.Read("get-user-reward", "/v1/users/{id}/rewards/{rid}", serve.TagUsers, "One reward", serve.UserAccess())
	huma.Register(s.API, one, s.userReward)
	coins := s.Read("get-user-coins", "/v1/users/{id}/coins", serve.TagUsers,
		"The coin balance with its entries, the newest first", serve.UserAccess())
	huma.Register(s.API, coins, s.userCoins)
}

func (s *Routes) userRewards(ctx context.Context, in *userRewardsInput) (*userRewardsOutput, error) {
	user, row, as, err := s.rewardsOf(ctx, in.ID, in.Fresh)
	if err != nil {
		return nil, err
	}
	c := serve.CursorOf("user-rewards", user)
	before, err := c.Number(in.Cursor)
	if err != nil {
		return nil, err
	}
	body := UserRewards{Items: []UserReward{}, AsOf: as}
	last := int64(0)
	for _, r := range slices.Backward(row.Rewards) {
		if !r.Visible() || before > 0 && r.Number >= before {
			continue
		}
		if len(body.Items) == in.Limit {
			body.NextCursor = c.Encode(strconv.FormatInt(last, 10))
			break
		}
		body.Items, last = append(body.Items, Of(r)), r.Number
	}
	return &userRewardsOutput{body}, nil
}

func (s *Routes) userReward(ctx context.Context, in *userRewardInput) (*userRewardOutput, error) {
	_, row, as, err := s.rewardsOf(ctx, in.ID, in.Fresh)
	if err != nil {
		return nil, err
	}
	r := row.Find(in.Reward)
	if r == nil || !r.Visible() {
		return nil, problem.Missing("reward")
	}
	return &userRewardOutput{UserRewardDetail{Of(r), as}}, nil
}

func (s *Routes) userCoins(ctx context.Context, in *userRewardsInput) (*coinsOutput, error) {
	user, row, as, err := s.rewardsOf(ctx, in.ID, in.Fresh)
	if err != nil {
		return nil, err
	}
	c := serve.CursorOf("user-coins", user)
	before, err := c.Number(in.Cursor)
	if err != nil {
		return nil, err
	}
	if before == 0 {
		before = row.Coins.Count + 1
	}
	body := Coins{Balance: row.Coins.Balance, Debt: row.Coins.Debt, Entries: []CoinEntry{}, AsOf: as}
	from := max(before-int64(in.Limit), 1)
	entries, err := s.entries(user, row, from, before)
	if err != nil {
		return nil, err
	}
	for _, e := range slices.Backward(entries) {
		body.Entries = append(body.Entries, entryOf(e))
	}
	if from > 1 {
		body.NextCursor = c.Encode(strconv.FormatInt(from, 10))
	}
	return &coinsOutput{body}, nil
}

// entries returns the coin entries with numbers from from up to, but not including, before.
func (s *Routes) entries(user string, row *reward.Row, from, before int64) ([]reward.Entry, error) {
	var found []reward.Entry
	take := func(list []reward.Entry) {
		for _, e := range list {
			if e.Number >= from && e.Number < before {
				found = append(found, e)
			}
		}
	}
	pages := row.Coins.Pages()
	for n := (from - 1) / reward.PageSize; n < pages && n*reward.PageSize+1 < before; n++ {
		page, ok, err := serve.RowOf(s.Kit, s.Sources.Rewards, s.Config.Topology.Rewards, reward.PageKey(user, n))
		switch {
		case err != nil:
			return nil, err
		case !ok: // the row has let go of the entries a moment ago, and the page is on its way
			return nil, serve.Recovering("older entries are being moved")
		}
		take(page.Page)
	}
	take(row.Coins.Entries)
	return found, nil
}

// rewardsOf returns the rewards of the user that a request is about, an empty row if there are none.
func (s *Routes) rewardsOf(ctx context.Context, id string, q serve.Fresh) (string, *reward.Row, serve.AsOf, error) {
	user, err := serve.Subject(ctx, id)
	if err != nil {
		return "", nil, serve.AsOf{}, err
	}
	as, err := s.At(ctx, q, s.Sources.Rewards.Holding(user))
	if err != nil {
		return "", nil, serve.AsOf{}, err
	}
	row, err := s.Row(user)
	if err != nil {
		return "", nil, serve.AsOf{}, err
	}
	return user, row, as.Stamped(row.Now), nil
}

// Row returns the rewards of a user, an empty row if there are none.
func (s *Routes) Row(user string) (*reward.Row, error) {
	row, ok, err := serve.RowOf(s.Kit, s.Sources.Rewards, s.Config.Topology.Rewards, user)
	if err != nil || !ok {
		return &reward.Row{}, err
	}
	return row, nil
}

// IDs returns the rewards of one mission, in the order in which they came.
func IDs(row *reward.Row, missionID string) []string {
	ids := []string{}
	for _, r := range row.Rewards {
		if r.Visible() && r.Mission == missionID {
			ids = append(ids, r.ID)
		}
	}
	return ids
}
