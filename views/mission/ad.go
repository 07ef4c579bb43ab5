package mission

import (
	"cmp"
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	catalogviews "github.com/millrace/millrace/views/catalog"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// UserAd is an ad as users see it.
type UserAd struct {
	ID        string     `json:"id"`
	Title     string     `json:"title"`
	Body      string     `json:"body"`
	ImageURL  *string    `json:"image_url"`
	TargetURL *string    `json:"target_url" doc:"Where a tap leads; null: to the mission"`
	Placement string     `json:"placement"`
	MissionID *string    `json:"mission_id" doc:"A mission that the user sees"`
	Brand     *UserBrand `json:"brand" doc:"Whose it is: the ad's own, or that of its mission"`
	Priority  int64      `json:"priority"`
}

// UserBrand is a brand as users see it.
type UserBrand struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"`
	LogoURL *string `json:"logo_url"`
}

// UserAds is a page of ads.
type UserAds struct {
	Items      []UserAd   `json:"items" nullable:"false"`
	NextCursor *string    `json:"next_cursor"`
	AsOf       serve.AsOf `json:"as_of"`
}

type userAdsInput struct {
	serve.Fresh
	serve.Page
	Placement string `query:"placement" maxLength:"64" doc:"Only at this place of the app; default: at every place"`
}

type userAdsOutput struct{ Body UserAds }

// RegisterAds adds the ads that users see.
func (s *Routes) RegisterAds() {
	list := s.Read("list-user-ads", "/v1/ads", serve.TagUsers,
		"Ads for the token's subject that are in force now, the most important first",
		serve.Access{Roles: []token.Role{token.User}, Class: serve.UserClass})
	huma.Register(s.API, list, s.userAds)
}

func (s *Routes) userAds(ctx context.Context, in *userAdsInput) (*userAdsOutput, error) {
	user := serve.Identity(ctx).Subject
	as, err := s.At(ctx, in.Fresh, s.Sources.Catalog.Whole(), s.Sources.Progress.Holding(user))
	if err != nil {
		return nil, err
	}
	placement := serve.Normal(in.Placement)
	c := serve.CursorOf("ads", user, placement)
	after, err := c.Decode(in.Cursor)
	if err != nil {
		return nil, err
	}
	row, err := s.UserRow(user)
	if err != nil {
		return nil, err
	}
	sees := map[string]string{} // missions, with their brands
	for _, v := range mission.Views(row, user, s.Index.Snapshot(), s.EventTime(as, row), s.Config.Missions) {
		m := v.Mission.Mission()
		sees[m.ID] = m.BrandID
	}
	body, newest, now := UserAds{Items: []UserAd{}}, instant.Milli(0), instant.Of(s.Config.Now())
	for _, ad := range s.Catalog.Index.Placed(placement) {
		brand, seen := sees[ad.Mission]
		if !ad.ShownAt(now) || ad.Mission != "" && !seen || after != "" && ad.Rank() <= after {
			continue
		}
		if len(body.Items) == in.Limit {
			body.NextCursor = c.Encode(body.Items[in.Limit-1].rank())
			break
		}
		newest = max(newest, ad.Facts.ChangedAt)
		body.Items = append(body.Items, s.userAd(ad, brand))
	}
	body.AsOf = as.Stamped(newest)
	return &userAdsOutput{body}, nil
}

func (s *Routes) userAd(d *catalogviews.ListedDefinition, missionBrand string) UserAd {
	a, _ := d.Entity.(catalog.Ad)
	return UserAd{
		ID: a.AdID, Title: a.Title, Body: a.Body, ImageURL: serve.Optional(a.ImageURL, a.ImageURL != ""),
		TargetURL: serve.Optional(a.TargetURL, a.TargetURL != ""),
		Placement: a.Placement, MissionID: serve.Optional(a.MissionID, a.MissionID != ""),
		Brand: s.userBrand(cmp.Or(a.BrandID, missionBrand)), Priority: a.Priority,
	}
}

// userBrand returns nil for a brand that users do not see.
func (s *Routes) userBrand(id string) *UserBrand {
	d, ok := s.Catalog.Index.Get(catalog.KindBrand, id)
	if !ok || d.Entity.Status() != catalog.StatusActive {
		return nil
	}
	b, _ := d.Entity.(catalog.Brand)
	return &UserBrand{ID: b.BrandID, Name: b.Name, LogoURL: serve.Optional(b.LogoURL, b.LogoURL != "")}
}

// rank orders ads by priority, the highest first, then by id.
func (a UserAd) rank() string { return catalogviews.AdRank(a.Priority, a.ID) }

// TransformSchema implements huma.SchemaTransformer.
func (UserAd) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return serve.RefOrNull(s, "brand")
}
