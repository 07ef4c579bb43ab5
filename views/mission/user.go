package mission

import (
	"context"
	"sort"

	"github.com/danielgtaylor/huma/v2"

	rewardviews "github.com/millrace/millrace/views/reward"
	"github.com/millrace/millrace/views/serve"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/views/problem"
)

// UserMission is a mission as one user sees it.
type UserMission struct {
	ID               string         `json:"id"`
	Version          int64          `json:"version"`
	Title            string         `json:"title"`
	Summary          string         `json:"summary" doc:"A plain sentence" example:"Spend ₹500.00 at swiggy from 1 to 7 March, win 100 coins"`
	Status           string         `json:"status" enum:"@visible_status"`
	Enrolled         bool           `json:"enrolled"`
	Metric           string         `json:"metric" enum:"@goal_metric"`
	Currency         string         `json:"currency"`
	Target           int64          `json:"target" doc:"Minor units for amount, payments for count, values for distinct, days for streak"`
	Progress         int64          `json:"progress" doc:"All that counted, also past the target"`
	Remaining        int64          `json:"remaining" doc:"Until the next completion"`
	Percent          int64          `json:"percent" minimum:"0" maximum:"100" doc:"Of the way to the next completion"`
	Completions      int64          `json:"completions"`
	CompletionsLimit int64          `json:"completions_limit" doc:"In one window; 0: none"`
	EnrolledAt       *instant.Milli `json:"enrolled_at" format:"date-time" doc:"Decides the version, which then stays; null if never enrolled"`
	Window           *MissionWindow `json:"window" doc:"That the figures are about: the one of the answer's stream time, or the user's own; null until that begins"`
	Reward           MissionReward  `json:"reward"`
	BrandID          *string        `json:"brand_id"`
}

// MissionWindow says when payments count, by their created_at.
type MissionWindow struct {
	Start instant.Milli `json:"start" format:"date-time"`
	End   instant.Milli `json:"end" format:"date-time" doc:"Excluded"`
}

// MissionReward is what one completion wins.
type MissionReward struct {
	Kind   string `json:"kind" enum:"@reward_kind"`
	Amount int64  `json:"amount" doc:"Coins, or minor units of the mission's currency"`
}

// UserMissions is a page of a user's missions.
type UserMissions struct {
	Items      []UserMission `json:"items" nullable:"false"`
	NextCursor *string       `json:"next_cursor"`
	AsOf       serve.AsOf    `json:"as_of"`
}

// UserMissionDetail is a mission with what the user's payments did for it.
type UserMissionDetail struct {
	UserMission
	Contributions []Contribution `json:"contributions" nullable:"false" doc:"Of the payments of the last 24 h, at most 256, latest first"`
	RewardIDs     []string       `json:"reward_ids" nullable:"false"`
	AsOf          serve.AsOf     `json:"as_of"`
}

// Contribution is what one payment did for a mission.
type Contribution struct {
	TransactionID string        `json:"transaction_id"`
	Counted       bool          `json:"counted"`
	Contribution  int64         `json:"contribution"`
	Net           int64         `json:"net" doc:"What is left of the payment, minor units"`
	Reason        *string       `json:"reason" doc:"Why it did not count" enum:"@not_counted"`
	At            instant.Milli `json:"at" format:"date-time" doc:"created_at of the payment"`
}

type userMissionsInput struct {
	serve.Fresh
	serve.Page
	ID string `path:"id" maxLength:"1024" doc:"User id, or me"`
}

type userMissionInput struct {
	serve.Fresh
	ID      string `path:"id" maxLength:"1024" doc:"User id, or me"`
	Mission string `path:"mid" maxLength:"256" doc:"Mission id"`
}

type userMissionsOutput struct{ Body UserMissions }

type userMissionOutput struct{ Body UserMissionDetail }

// RegisterReads adds what users see.
func (s *Routes) RegisterReads() {
	list := s.Read("list-user-missions", "/v1/users/{id}/missions", serve.TagUsers,
		"All missions that the user can see, enrolled or not", serve.UserAccess())
	huma.Register(s.API, list, s.userMissions)
	one := s.Read("get-user-mission", "/v1/users/{id}/missions/{mid}", serve.TagUsers,
		"One mission with what each payment did for it", serve.UserAccess())
	huma.Register(s.API, one, s.userMission)
}

func (s *Routes) userMissions(ctx context.Context, in *userMissionsInput) (*userMissionsOutput, error) {
	user, err := serve.Subject(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	as, err := s.At(ctx, in.Fresh, s.Sources.Progress.Holding(user), s.Sources.Catalog.Whole())
	if err != nil {
		return nil, err
	}
	c := serve.CursorOf("user-missions", user)
	after, err := c.Decode(in.Cursor)
	if err != nil {
		return nil, err
	}
	missions := s.Index.Snapshot()
	row, err := s.userRow(user, missions)
	if err != nil {
		return nil, err
	}
	views := mission.Views(row, user, missions, s.EventTime(as, row), s.Config.Missions)
	start := sort.Search(len(views), func(i int) bool { return after == "" || views[i].Mission.ID() > after })
	views = views[start:]
	body := UserMissions{Items: make([]UserMission, 0, min(len(views), in.Limit)), AsOf: as.Stamped(LastAt(row))}
	for _, v := range views {
		if len(body.Items) == in.Limit {
			body.NextCursor = c.Encode(body.Items[in.Limit-1].ID)
			break
		}
		body.Items = append(body.Items, UserMissionOf(v))
	}
	return &userMissionsOutput{body}, nil
}

func (s *Routes) userMission(ctx context.Context, in *userMissionInput) (*userMissionOutput, error) {
	user, err := serve.Subject(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	as, err := s.At(ctx, in.Fresh, s.Sources.Progress.Holding(user), s.Sources.Catalog.Whole(),
		s.Sources.Rewards.Holding(user))
	if err != nil {
		return nil, err
	}
	row, err := s.UserRow(user)
	if err != nil {
		return nil, err
	}
	missions := s.Index.Snapshot()
	v, did, ok := mission.DetailOf(row, user, in.Mission, missions, s.EventTime(as, row), s.Config.Missions)
	if !ok {
		return nil, problem.Missing("mission")
	}
	won, err := s.Rewards.Row(user)
	if err != nil {
		return nil, err
	}
	body := UserMissionDetail{
		UserMission: UserMissionOf(v), Contributions: []Contribution{}, RewardIDs: rewardviews.IDs(won, in.Mission),
		AsOf: as.Stamped(LastAt(row)),
	}
	for _, c := range did {
		body.Contributions = append(body.Contributions, Contribution{
			TransactionID: c.TransactionID, Counted: c.Counted, Contribution: c.Contribution, Net: c.Net,
			Reason: serve.Optional(string(c.Reason), !c.Counted), At: c.At,
		})
	}
	return &userMissionOutput{body}, nil
}

// UserRow returns nil for a user of whom nothing is known.
func (s *Routes) UserRow(user string) (*mission.UserRow, error) {
	row, _, err := serve.RowOf(s.Kit, s.Sources.Progress, s.Config.Topology.Progress, user)
	return row, err
}

// userRow returns the row of a user as far as mission.Views needs it: the payments that it remembers are left out,
// unless missions have changed since the row was written.
func (s *Routes) userRow(user string, missions *mission.Snapshot) (*mission.UserRow, error) {
	src := s.Sources.Progress
	value, err := src.Get(user)
	if err != nil || value == nil {
		return nil, err
	}
	if row, err := (missioncodec.UserRow{}).DecodeStanding(value); err == nil &&
		row.Missions == missions.Fingerprint() {
		return row, nil
	}
	return serve.DecodedRow(s.Kit, src, s.Config.Topology.Progress, user, value)
}

// LastAt returns the time of the last payment of a row, 0 without one.
func LastAt(row *mission.UserRow) instant.Milli {
	if row == nil {
		return 0
	}
	return row.LastAt
}

// UserMissionOf returns a mission as its user sees it.
func UserMissionOf(v mission.View) UserMission {
	m := v.Mission.Mission()
	item := UserMission{
		ID: m.ID, Version: v.Mission.Number(), Title: m.Title, Summary: v.Mission.Summary(), Status: string(m.Status),
		Enrolled: v.Enrolled, Metric: m.Goal.Metric, Currency: m.Currency, Target: m.Goal.Target,
		Progress: v.Progress, Remaining: v.Remaining, Percent: v.Percent, Completions: v.Completions,
		CompletionsLimit: v.Limit,
		EnrolledAt:       serve.Optional(v.EnrolledAt, v.EnrolledAt != 0),
		Reward:           MissionReward{Kind: m.Reward.Kind, Amount: m.Reward.Amount},
		BrandID:          serve.Optional(m.BrandID, m.BrandID != ""),
	}
	if v.End != 0 {
		item.Window = &MissionWindow{Start: v.Start, End: v.End}
	}
	return item
}

// EventTime returns the time that a read is about: of the stream, or of the user's last payment if that is ahead.
// Before the first event it is the clock's.
func (s *Routes) EventTime(as serve.AsOf, row *mission.UserRow) instant.Milli {
	at := LastAt(row)
	if as.StreamTime != nil {
		at = max(at, *as.StreamTime)
	}
	if at == 0 {
		at = instant.Of(s.Config.Now())
	}
	return at
}

// TransformSchema implements huma.SchemaTransformer; what embeds a UserMission has it, too.
func (UserMission) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return serve.RefOrNull(s, "window")
}
