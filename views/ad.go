package views

import (
	"cmp"
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
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
	Items      []UserAd `json:"items" nullable:"false"`
	NextCursor *string  `json:"next_cursor"`
	AsOf       AsOf     `json:"as_of"`
}

type userAdsInput struct {
	Fresh
	Page
	Placement string `query:"placement" maxLength:"64" doc:"Only at this place of the app; default: at every place"`
}

type userAdsOutput struct{ Body UserAds }

func (s *missionRoutes) ads() {
	list := s.read("list-user-ads", "/v1/ads", tagUsers, "Ads for the token's subject that are in force now, the most important first", access{roles: []token.Role{token.User}, class: userClass})
	huma.Register(s.api, list, s.userAds)
}

func (s *missionRoutes) userAds(ctx context.Context, in *userAdsInput) (*userAdsOutput, error) {
	user := identity(ctx).Subject
	as, err := s.at(ctx, in.Fresh, s.sources.catalog.whole(), s.sources.progress.holding(user))
	if err != nil {
		return nil, err
	}
	placement := normal(in.Placement)
	c := cursorOf("ads", user, placement)
	after, err := c.decode(in.Cursor)
	if err != nil {
		return nil, err
	}
	row, err := s.userRow(user)
	if err != nil {
		return nil, err
	}
	sees := map[string]string{} // missions, with their brands
	for _, v := range mission.Views(row, user, s.index.snapshot(), s.eventTime(as, row), s.config.Missions) {
		m := v.Mission.Mission()
		sees[m.ID] = m.BrandID
	}
	body, newest, now := UserAds{Items: []UserAd{}}, instant.Milli(0), instant.Of(s.config.Now())
	for _, ad := range s.catalog.index.placed(placement) {
		brand, seen := sees[ad.mission]
		if !ad.shownAt(now) || ad.mission != "" && !seen || after != "" && ad.rank() <= after {
			continue
		}
		if len(body.Items) == in.Limit {
			body.NextCursor = c.encode(body.Items[in.Limit-1].rank())
			break
		}
		newest = max(newest, ad.facts.ChangedAt)
		body.Items = append(body.Items, s.userAd(ad, brand))
	}
	body.AsOf = as.stamped(newest)
	return &userAdsOutput{body}, nil
}

func (s *missionRoutes) userAd(d *listedDefinition, missionBrand string) UserAd {
	a, _ := d.entity.(catalog.Ad)
	return UserAd{
		ID: a.AdID, Title: a.Title, Body: a.Body, ImageURL: optional(a.ImageURL, a.ImageURL != ""), TargetURL: optional(a.TargetURL, a.TargetURL != ""),
		Placement: a.Placement, MissionID: optional(a.MissionID, a.MissionID != ""), Brand: s.userBrand(cmp.Or(a.BrandID, missionBrand)), Priority: a.Priority,
	}
}

// userBrand returns nil for a brand that users do not see.
func (s *missionRoutes) userBrand(id string) *UserBrand {
	d, ok := s.catalog.index.get(catalog.KindBrand, id)
	if !ok || d.entity.Status() != catalog.StatusActive {
		return nil
	}
	b, _ := d.entity.(catalog.Brand)
	return &UserBrand{ID: b.BrandID, Name: b.Name, LogoURL: optional(b.LogoURL, b.LogoURL != "")}
}

// rank orders ads by priority, the highest first, then by id.
func (a UserAd) rank() string { return adRank(a.Priority, a.ID) }

// TransformSchema implements huma.SchemaTransformer.
func (UserAd) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return refOrNull(s, "brand")
}
