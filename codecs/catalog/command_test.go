package catalog_test

import (
	"testing"
	"time"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/codecs/codectest"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/verdict"
)

// entityCommands are of every kind but missions, by name.
func entityCommands() map[string]*catalog.Command {
	const at = 1_772_359_200_000
	put := func(e catalog.Entity) *catalog.Command { return catalog.NewPut("c1", "ops", at, e) }
	return map[string]*catalog.Command{
		"override":    put(catalog.Override{Override: health.Override{ID: "o1", Mode: "upi", Instrument: "sbi", Gateway: "payu", State: health.Down, Until: at + 1000, Reason: "r"}}),
		"maintenance": put(catalog.Maintenance{Maintenance: health.Maintenance{ID: "m1", Mode: "upi", Instrument: "sbi", Begin: at, End: at + 1000, Reason: "r"}}),
		"freeze":      put(catalog.Freeze{Freeze: health.Freeze{Mode: "upi", Until: at + 1000, Reason: "r"}}),
		"brand":       put(catalog.Brand{BrandID: "b1", Name: "B", LogoURL: "https://x.example/b.png", Merchants: []string{"swiggy", "insta"}, State: catalog.StatusActive}),
		"ad": put(catalog.Ad{
			AdID: "a1", Title: "T", Body: "b", ImageURL: "https://x.example/a.png", TargetURL: "app://m", Placement: "home", From: "2026-03-01", To: "2026-03-02T10:00",
			TimeZone: "Asia/Kolkata", MissionID: "m", BrandID: "b1", Priority: 7, State: catalog.StatusDraft,
		}),
		"pool": put(catalog.Pool{PoolID: "p1", Title: "P", Description: "d", BrandID: "b1", State: catalog.StatusActive}),
		"template": put(catalog.RewardTemplate{
			TemplateID: "t1", Title: "T", Description: "d", Terms: "none", BrandID: "b1", Currency: "INR",
			Reward: mission.Reward{Kind: mission.RewardGiftCard, Amount: 500, Pool: "p1", ExpiresAfter: time.Hour}, Grant: mission.Grant{Mode: mission.GrantClaim, Hold: time.Minute},
			Debt: mission.DebtNegative, State: catalog.StatusActive,
		}),
		"pause":   put(catalog.TaskPause{Name: "thank", Reason: "r", Paused: true, Actor: "ops", Since: at}),
		"setting": put(catalog.NewHealthSettings(health.Setting{Mode: "upi", Instrument: "s/b", EffectiveFrom: at + 5, Patch: health.Patch{{Field: "down_below", Value: "0.6"}}})),
	}
}

func catalogCommand(t testing.TB) *catalog.Command {
	c := catalog.NewPut("c1", "ops", 1_772_359_200_000, catalogRow(t).Entity)
	c.Expected, c.Reason = 3, "why"
	return c
}

func TestCatalogCommandGolden(t *testing.T) {
	b := codectest.RoundTrip(t, catalogcodec.Command{}, catalogCommand(t))
	codectest.Golden(t, "catalog_command", b)
	for name, c := range entityCommands() {
		codectest.Golden(t, "catalog_command_"+name, codectest.RoundTrip(t, catalogcodec.Command{}, c))
	}
	codectest.RoundTrip(t, catalogcodec.Command{}, catalog.NewCodes("c", "ops", 5, "p1", []string{"A", "B"}))
	codectest.RoundTrip(t, catalogcodec.Command{}, catalog.NewWithdrawal("c", "ops", 5, catalog.KindFreeze, "upi"))
}

func FuzzCatalogCommand(f *testing.F) {
	b, _ := catalogcodec.Command{}.Encode(catalogCommand(f))
	f.Add(b)
	for _, c := range entityCommands() {
		b, _ := catalogcodec.Command{}.Encode(c)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := catalogcodec.Command{}.Decode(b)
		if err != nil {
			return
		}
		_, e := catalog.Apply(nil, c, catalog.DefaultConfig())
		if e.Result == verdict.Applied {
			codectest.RoundTrip(t, catalogcodec.Command{}, c)
		}
	})
}
