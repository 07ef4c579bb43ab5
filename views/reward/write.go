package reward

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/codecs/doc"
	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/serve"
)

type rewardWriteInput struct {
	serve.Key
	ID     string `path:"id" maxLength:"1024" doc:"User id, or me"`
	Reward string `path:"rid" maxLength:"256" doc:"Reward id"`
}

type panelRewardInput struct {
	RewardContent
	Reward string `path:"rid" maxLength:"256" doc:"Reward id"`
}

// RewardContent is a write of support with a body.
type RewardContent struct {
	serve.Key
	ID          string `path:"id" maxLength:"1024" doc:"User id"`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"application/json"`
}

// GoodwillBody is what support gives a user, as its codec reads it; it is a type for the document alone.
type GoodwillBody struct{ rewardcodec.GoodwillBody }

// TransformSchema implements huma.SchemaTransformer.
func (GoodwillBody) TransformSchema(r huma.Registry, s *huma.Schema) *huma.Schema {
	return serve.Partial(r, s, "grant")
}

// RegisterWrites adds what changes rewards by hand.
func (s *Routes) RegisterWrites() {
	claim := s.UserWrite("claim-reward", http.MethodPost, "/v1/users/{id}/rewards/{rid}/claim", serve.TagUsers,
		"Claim a reward that waits for it, or scratch a scratch card", serve.UserAccess())
	huma.Register(s.API, claim, s.claim)
	s.Written(claim, nil, reflect.TypeFor[UserReward]())
	give := s.UserWrite("give-reward", http.MethodPost, "/v1/panel/users/{id}/rewards", serve.TagPanel,
		"Give a user a reward out of goodwill", serve.WriteAccess())
	huma.Register(s.API, give, s.giveReward)
	s.Written(give, reflect.TypeFor[GoodwillBody](), reflect.TypeFor[UserReward]())
	cancel := s.UserWrite("cancel-reward", http.MethodPost, "/v1/panel/users/{id}/rewards/{rid}/cancel", serve.TagPanel,
		"Take a reward back for good, with a reason: before it is granted, or after", serve.WriteAccess())
	huma.Register(s.API, cancel, s.cancelReward)
	s.Written(cancel, reflect.TypeFor[doc.ReasonBody](), reflect.TypeFor[UserReward]())
}

func (s *Routes) claim(ctx context.Context, in *rewardWriteInput) (*serve.UserWrittenOutput, error) {
	user, err := serve.Subject(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.rewardCommand(ctx, in.Key.Key, nil, &reward.Command{Op: reward.Claim, UserID: user, RewardID: in.Reward})
}

func (s *Routes) giveReward(ctx context.Context, in *RewardContent) (*serve.UserWrittenOutput, error) {
	user, err := in.user()
	if err != nil {
		return nil, err
	}
	c, err := rewardcodec.GoodwillRequest(in.RawBody)
	if err != nil {
		return nil, serve.Unreadable(err)
	}
	c.UserID = user
	if found := reward.CheckGoodwill(c); len(found) > 0 {
		return nil, serve.Refused(found)
	}
	return s.rewardCommand(ctx, in.Key.Key, in.RawBody, c)
}

func (s *Routes) cancelReward(ctx context.Context, in *panelRewardInput) (*serve.UserWrittenOutput, error) {
	user, err := in.user()
	if err != nil {
		return nil, err
	}
	reason, err := doc.ReasonRequest(in.RawBody)
	if err != nil {
		return nil, serve.Unreadable(err)
	}
	return s.rewardCommand(ctx, in.Key.Key, in.RawBody,
		&reward.Command{Op: reward.Cancel, UserID: user, RewardID: in.Reward, Reason: reason})
}

// user checks what every write of support has.
func (in *RewardContent) user() (string, error) {
	if err := serve.CheckJSON(in.ContentType, in.RawBody); err != nil {
		return "", err
	}
	return serve.PanelUser(in.ID)
}

func (s *Routes) rewardCommand(ctx context.Context, key string, content []byte,
	c *reward.Command) (*serve.UserWrittenOutput, error) {
	s.ask(ctx, c, key, content)
	if c.Op == reward.Goodwill {
		c.RewardID = reward.GoodwillID(c.UserID, c.ID)
	}
	return s.command(ctx, c, serve.UserPath(c.UserID, "rewards", c.RewardID), func(row *reward.Row) (any, error) {
		r := row.Find(c.RewardID)
		if r == nil {
			return nil, problem.Missing("reward")
		}
		return Of(r), nil
	})
}

// ask says in a command who asks for it, and when.
func (s *Routes) ask(ctx context.Context, c *reward.Command, key string, content []byte) {
	c.ID, c.Actor, c.Proof, c.At = serve.CommandID(ctx, serve.Asked{Key: key, Content: content}),
		serve.Identity(ctx).Subject, serve.Proved(ctx), instant.Of(s.Config.Now())
}

// command has a command judged and answers with what shown makes of the user's row.
func (s *Routes) command(ctx context.Context, c *reward.Command, location string,
	shown func(*reward.Row) (any, error)) (*serve.UserWrittenOutput, error) {
	return serve.Obey(ctx, s.Kit, serve.UserCommand[*reward.Row]{
		ID: c.ID, User: c.UserID, Table: s.Sources.Rewards, Group: s.Config.Topology.Rewards,
		Watchers: s.Watchers.Rewards,
		Verdicts: func(row *reward.Row) verdict.List {
			if row == nil {
				return nil
			}
			return row.Verdicts
		},
		Send:     func(ctx context.Context) error { return s.Commands.Reward(ctx, c) },
		Location: location,
		Shown:    shown,
	})
}
