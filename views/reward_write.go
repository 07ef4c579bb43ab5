package views

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
)

type rewardWriteInput struct {
	Key
	ID     string `path:"id" maxLength:"1024" doc:"User id, or me"`
	Reward string `path:"rid" maxLength:"256" doc:"Reward id"`
}

type panelRewardInput struct {
	RewardContent
	Reward string `path:"rid" maxLength:"256" doc:"Reward id"`
}

// RewardContent is a write of support with a body.
type RewardContent struct {
	Key
	ID          string `path:"id" maxLength:"1024" doc:"User id"`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"application/json"`
}

// GoodwillBody is what support gives a user, as its codec reads it; it is a type for the document alone.
type GoodwillBody struct{ rewardcodec.GoodwillBody }

// TransformSchema implements huma.SchemaTransformer.
func (GoodwillBody) TransformSchema(r huma.Registry, s *huma.Schema) *huma.Schema {
	return partial(r, s, "grant")
}

// rewardWrites adds what changes rewards by hand.
func (s *rewardRoutes) rewardWrites() {
	claim := s.userWrite("claim-reward", http.MethodPost, "/v1/users/{id}/rewards/{rid}/claim", tagUsers, "Claim a reward that waits for it, or scratch a scratch card", userAccess())
	huma.Register(s.api, claim, s.claim)
	s.written(claim, nil, reflect.TypeFor[UserReward]())
	give := s.userWrite("give-reward", http.MethodPost, "/v1/panel/users/{id}/rewards", tagPanel,
		"Give a user a reward out of goodwill", writeAccess())
	huma.Register(s.api, give, s.giveReward)
	s.written(give, reflect.TypeFor[GoodwillBody](), reflect.TypeFor[UserReward]())
	cancel := s.userWrite("cancel-reward", http.MethodPost, "/v1/panel/users/{id}/rewards/{rid}/cancel", tagPanel,
		"Take a reward back for good, with a reason: before it is granted, or after", writeAccess())
	huma.Register(s.api, cancel, s.cancelReward)
	s.written(cancel, reflect.TypeFor[doc.ReasonBody](), reflect.TypeFor[UserReward]())
}

func (s *rewardRoutes) claim(ctx context.Context, in *rewardWriteInput) (*userWrittenOutput, error) {
	user, err := subject(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.rewardCommand(ctx, in.Key.Key, nil, &reward.Command{Op: reward.Claim, UserID: user, RewardID: in.Reward})
}

func (s *rewardRoutes) giveReward(ctx context.Context, in *RewardContent) (*userWrittenOutput, error) {
	user, err := in.user()
	if err != nil {
		return nil, err
	}
	c, err := rewardcodec.GoodwillRequest(in.RawBody)
	if err != nil {
		return nil, unreadable(err)
	}
	c.UserID = user
	if found := reward.CheckGoodwill(c); len(found) > 0 {
		return nil, refused(found)
	}
	return s.rewardCommand(ctx, in.Key.Key, in.RawBody, c)
}

func (s *rewardRoutes) cancelReward(ctx context.Context, in *panelRewardInput) (*userWrittenOutput, error) {
	user, err := in.user()
	if err != nil {
		return nil, err
	}
	reason, err := doc.ReasonRequest(in.RawBody)
	if err != nil {
		return nil, unreadable(err)
	}
	return s.rewardCommand(ctx, in.Key.Key, in.RawBody, &reward.Command{Op: reward.Cancel, UserID: user, RewardID: in.Reward, Reason: reason})
}

// user checks what every write of support has.
func (in *RewardContent) user() (string, error) {
	if err := checkJSON(in.ContentType, in.RawBody); err != nil {
		return "", err
	}
	return panelUser(in.ID)
}

func (s *rewardRoutes) rewardCommand(ctx context.Context, key string, content []byte, c *reward.Command) (*userWrittenOutput, error) {
	c.ID, c.Actor, c.Proof, c.At = commandID(ctx, asked{key: key, content: content}), identity(ctx).Subject, proved(ctx), instant.Of(s.config.Now())
	if c.Op == reward.Goodwill {
		c.RewardID = reward.GoodwillID(c.UserID, c.ID)
	}
	return obey(ctx, s.kit, userCommand[*reward.Row]{
		id: c.ID, user: c.UserID, table: s.sources.rewards, group: s.config.Topology.Rewards, watchers: s.watchers.rewards,
		verdicts: func(row *reward.Row) verdict.List {
			if row == nil {
				return nil
			}
			return row.Verdicts
		},
		send:     func(ctx context.Context) error { return s.commands.Reward(ctx, c) },
		location: userPath(c.UserID, "rewards", c.RewardID),
		shown: func(row *reward.Row) (any, error) {
			r := row.Find(c.RewardID)
			if r == nil {
				return nil, problem.Missing("reward")
			}
			return rewardOf(r), nil
		},
	})
}
