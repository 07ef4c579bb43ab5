package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/mission"
)

func TestReferencesMustBeThere(t *testing.T) {
	there := map[string]Entity{
		"brand/b": Brand{BrandID: "b", State: StatusActive}, "brand/old": Brand{BrandID: "old", State: StatusArchived},
		"pool/p": Pool{PoolID: "p", State: StatusDraft}, "mission/m": nil, // known to be there, and no more
	}
	cfg := DefaultConfig()
	cfg.Find = func(kind Kind, id string) (Entity, bool) {
		e, ok := there[Key(kind, id)]
		return e, ok
	}
	with := func(brand, pool string) Mission {
		m := definition("")
		m.BrandID, m.Reward = brand, mission.Reward{Kind: mission.RewardGiftCard, Amount: 5, Pool: pool}
		return NewMission(m)
	}
	for name, c := range map[string]struct {
		e    Entity
		want string
	}{
		"nothing named":   {with("", ""), ""},
		"all there":       {with("b", "p"), ""},
		"none there":      {with("x", "nope-typo"), "/brand_id: there is no such brand: create it first (invalid_field)\n/reward/pool: there is no such pool: create it first (invalid_field)"},
		"archived":        {with("old", ""), "/brand_id: the brand is archived (invalid_field)"},
		"ad":              {Ad{AdID: "a", BrandID: "x", MissionID: "m"}, "/brand_id: there is no such brand: create it first (invalid_field)"},
		"ad to come":      {Ad{AdID: "a", MissionID: "n"}, ""},
		"pool":            {Pool{PoolID: "q", BrandID: "x"}, "/brand_id: there is no such brand: create it first (invalid_field)"},
		"template":        {RewardTemplate{TemplateID: "t", Reward: mission.Reward{Pool: "x"}}, "/reward/pool: there is no such pool: create it first (invalid_field)"},
		"names nobody":    {Brand{BrandID: "x"}, ""},
		"health settings": {HealthSettings{}, ""},
	} {
		problems := CheckReferences(c.e, cfg)
		if diff := cmp.Diff(c.want, strings.TrimSpace(problems.Error())); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if problems := CheckReferences(with("x", "x"), DefaultConfig()); problems != nil {
		t.Error("checked without knowing what there is")
	}
	// What it named before it was archived can stay.
	there["mission/"+with("old", "").ID()] = with("old", "")
	if problems := CheckReferences(with("old", ""), cfg); problems != nil {
		t.Error(problems)
	}
}
