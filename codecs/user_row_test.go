package codecs_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/codecs"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

func userRow() *mission.UserRow {
	facts := ledgerFacts()
	facts.UserID = ""
	return &mission.UserRow{
		Missions: 0xfeed,
		States: []*mission.State{
			{
				Mission: "m1", Version: 1, EnrolledAt: 1_772_359_200_000, Fixed: true, Horizon: mission.Mark{At: 5, TransactionID: "t0"},
				Late: []string{"a", "b"}, Cut: 1_772_359_100_000,
				Tallies: []*mission.Tally{{Start: 1_772_359_200_000, Settled: money.TotalOf(12550), Recent: money.TotalOf(550), Completions: 1}},
			},
			{
				Mission: "m2", Version: 2, EnrolledAt: 1_772_359_200_000, BeganAt: 1_772_359_300_000,
				Switches: []mission.Switch{{At: 1_772_359_200_000}, {At: 1_772_359_400_000, Out: true}},
				Tallies: []*mission.Tally{
					{Start: 5, Entries: []mission.Entry{{Day: 20454, Settled: 1}, {Day: 20455, Recent: 2}}},
					{Start: 6, Entries: []mission.Entry{{Value: "swiggy", Recent: 1}}},
				},
			},
		},
		Recent:   []*mission.Recent{{Facts: facts, Seq: 2, Net: 550}},
		Frontier: mission.Mark{At: 7},
		Old:      []mission.Seen{{TransactionID: "t0", Seq: 3}},
		Received: []mission.Received{{Currency: "INR", Net: money.Total{High: 1, Low: 2}}, {Currency: "USD", Net: money.TotalOf(-1)}},
		LastAt:   1_772_359_400_000,
		Segments: []mission.SegmentSet{{At: 1_772_359_200_000, Segments: []string{"new", "vip"}}, {At: 1_772_359_300_000}},
		Verdicts: verdict.List{{CommandID: "c1", Result: verdict.Applied, At: 1_772_359_200_000}},
		Audited:  3,
	}
}

// checkGolden compares b with the hex in a file of testdata. Stored rows and records must stay readable: a new meaning
// needs a new version, a new field none.
func checkGolden(t *testing.T, name string, b []byte) {
	t.Helper()
	golden, err := os.ReadFile(filepath.Join("testdata", name+".hex"))
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(b); got != strings.TrimSpace(string(golden)) {
		t.Errorf("the form of %s has changed: %s", name, got)
	}
}

func TestUserRowGolden(t *testing.T) {
	row := userRow()
	bare := *row.Recent[0]
	bare.TransactionID, bare.Attributes, bare.Merchant, bare.Category, bare.Seq, bare.Net = "t2", nil, "", "travel", 1, bare.AmountMinor
	bare.CreatedAt += 1500
	other := bare
	other.TransactionID, other.Currency = "t3", "USD"
	row.Recent = append(row.Recent, &bare, &other)
	b := checkRoundTrip(t, codecs.UserRow{}, row)
	checkGolden(t, "user_row", b)
}

func TestUserRowOfOtherVersions(t *testing.T) {
	b, err := codecs.UserRow{}.Encode(userRow())
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []byte{1, 2, 4} {
		b[0] = version
		if _, err := (codecs.UserRow{}).Decode(b); !errors.Is(err, wire.ErrVersion) {
			t.Errorf("version %d: %v", version, err)
		}
	}
}

// An id cannot share more than there is, nor make a long one of a few bytes again and again.
func TestUserRowSharesIDs(t *testing.T) {
	long := strings.Repeat("x", 100)
	row := &mission.UserRow{States: []*mission.State{{Mission: "a"}, {Mission: "ab"}, {Mission: long}, {Mission: long + "y"}, {Mission: long + "z"}}}
	b := checkRoundTrip(t, codecs.UserRow{}, row)
	if n := bytes.Count(b, []byte("x")); n != 100+36+36 {
		t.Errorf("%d times x", n)
	}
	for _, shared := range []byte{2, 65, 255} {
		bad := bytes.Replace(b, []byte("\x01b"), []byte{shared, 'b'}, 1)
		if _, err := (codecs.UserRow{}).Decode(bad); !errors.Is(err, wire.ErrTruncated) {
			t.Errorf("%d shared of one: %v", shared, err)
		}
	}
	tail := strings.Repeat("x", 36) + "y"
	bad := bytes.Replace(b, []byte("\x40"+tail), []byte("\x41"+tail), 1)
	if _, err := (codecs.UserRow{}).Decode(bad); !errors.Is(err, wire.ErrTruncated) {
		t.Errorf("65 shared: %v", err)
	}
}

func TestTotalsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 1, math.MaxInt64, 1 << 63, math.MaxUint64})).Draw(t, "low")
		high := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, -1, 1, math.MinInt64, math.MaxInt64})).Draw(t, "high")
		total := money.Total{High: high, Low: low}
		tally := &mission.Tally{Settled: total, Recent: total}
		checkRoundTrip(t, codecs.UserRow{}, &mission.UserRow{
			Received: []mission.Received{{Currency: "INR", Net: total}},
			States:   []*mission.State{{Mission: "m", Tallies: []*mission.Tally{tally, tally}}},
		})
	})
}

func FuzzUserRow(f *testing.F) {
	b, _ := codecs.UserRow{}.Encode(userRow())
	f.Add(b)
	f.Add([]byte{1})
	text, _ := os.ReadFile(filepath.Join("testdata", "user_row.hex"))
	b, _ = hex.DecodeString(strings.TrimSpace(string(text)))
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		row, err := codecs.UserRow{}.Decode(b)
		if err != nil {
			return
		}
		checkRoundTrip(t, codecs.UserRow{}, row)
	})
}

func catalogRow(t testing.TB) *catalog.Row {
	t.Helper()
	m, err := codecs.ParseMission([]byte(contractJSON))
	if err != nil {
		t.Fatal(err)
	}
	var row *catalog.Row
	for i, status := range []mission.Status{mission.Active, mission.Paused, mission.Active, mission.Draft} {
		m.Status = status
		id := string(rune('a' + i))
		row, _ = catalog.Apply(row, catalog.NewPut(id, "ops", instant.Milli(1_772_359_200_000+1000*i), catalog.NewMission(m)), catalog.DefaultConfig())
	}
	e := row.Entity.(catalog.Mission)
	h, problems := e.WithVersion(m, 1_772_359_203_000, 1_772_359_203_000, true)
	if problems != nil {
		t.Fatal(problems)
	}
	h.ScheduledAt = 1_772_359_204_000
	next := *row
	next.Entity = catalog.Mission{History: h}
	return &next
}

func TestCatalogRowGolden(t *testing.T) {
	b := checkRoundTrip(t, codecs.CatalogRow{}, catalogRow(t))
	checkGolden(t, "catalog_row", b)
	for name, row := range entityRows(t) {
		checkGolden(t, "catalog_row_"+name, checkRoundTrip(t, codecs.CatalogRow{}, row))
	}
}

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
		"setting": put(catalog.NewHealthSettings(health.Setting{Mode: "upi", Instrument: "s/b", EffectiveFrom: at + 5, Patch: health.Patch{{Field: "down_below", Value: "0.6"}}})),
	}
}

// entityRows are what is left of each after a withdrawal.
func entityRows(t testing.TB) map[string]*catalog.Row {
	t.Helper()
	rows := map[string]*catalog.Row{}
	for name, c := range entityCommands() {
		cfg := catalog.DefaultConfig()
		cfg.Document = codecs.Document
		row, e := catalog.Apply(nil, c, cfg)
		if e.Result != verdict.Applied {
			t.Fatalf("%s: %v", name, e.Problems)
		}
		withdrawal := catalog.NewWithdrawal("c2", "ops2", c.At+10, c.Kind, c.EntityID)
		withdrawal.Reason = "why"
		row, e = catalog.Apply(row, withdrawal, cfg)
		if e.Result != verdict.Applied {
			t.Fatalf("%s: %v", name, e.Problems)
		}
		rows[name] = row
	}
	return rows
}

func FuzzCatalogRow(f *testing.F) {
	b, _ := codecs.CatalogRow{}.Encode(catalogRow(f))
	f.Add(b)
	decided, _ := decidedRow(f)
	b, _ = codecs.CatalogRow{}.Encode(decided)
	f.Add(b)
	for _, row := range entityRows(f) {
		b, _ := codecs.CatalogRow{}.Encode(row)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		row, err := codecs.CatalogRow{}.Decode(b)
		if err != nil {
			return
		}
		if _, err := (codecs.CatalogRow{}).Encode(row); err != nil {
			t.Fatal(err)
		}
	})
}

func catalogCommand(t testing.TB) *catalog.Command {
	c := catalog.NewPut("c1", "ops", 1_772_359_200_000, catalogRow(t).Entity)
	c.Expected, c.Reason = 3, "why"
	return c
}

func TestCatalogCommandGolden(t *testing.T) {
	b := checkRoundTrip(t, codecs.CatalogCommand{}, catalogCommand(t))
	checkGolden(t, "catalog_command", b)
	for name, c := range entityCommands() {
		checkGolden(t, "catalog_command_"+name, checkRoundTrip(t, codecs.CatalogCommand{}, c))
	}
	checkRoundTrip(t, codecs.CatalogCommand{}, catalog.NewCodes("c", "ops", 5, "p1", []string{"A", "B"}))
	checkRoundTrip(t, codecs.CatalogCommand{}, catalog.NewWithdrawal("c", "ops", 5, catalog.KindFreeze, "upi"))
}

func FuzzCatalogCommand(f *testing.F) {
	b, _ := codecs.CatalogCommand{}.Encode(catalogCommand(f))
	f.Add(b)
	for _, c := range entityCommands() {
		b, _ := codecs.CatalogCommand{}.Encode(c)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := codecs.CatalogCommand{}.Decode(b)
		if err != nil {
			return
		}
		_, e := catalog.Apply(nil, c, catalog.DefaultConfig())
		if e.Result == verdict.Applied {
			checkRoundTrip(t, codecs.CatalogCommand{}, c)
		}
	})
}

func TestOutcomeJSON(t *testing.T) {
	o := &mission.Outcome{
		Kind: mission.Revoked, UserID: "u1", Mission: "m1", Version: 1, Iteration: 2, WindowStart: 1_772_303_400_000, WindowEnd: 1_772_908_200_000,
		Currency: "INR", Reward: mission.Reward{Kind: "coins", Amount: 100, ExpiresAfter: time.Hour}, Grant: mission.Grant{Mode: "auto"},
		Limits: mission.Limits{CompletionsPerUser: 2, OverBudget: "reject"}, LimitsOf: 3, Debt: "negative", Progress: 70000, At: 1_772_359_200_000, TransactionID: "t1",
	}
	b := checkRoundTrip(t, codecs.Outcome{}, o)
	want := `{"outcome":"revoked","user_id":"u1","mission_id":"m1","mission_version":1,"iteration":2,` +
		`"window":{"start":"2026-02-28T18:30:00.000Z","end":"2026-03-07T18:30:00.000Z"},"currency":"INR",` +
		`"reward":{"kind":"coins","amount":100,"expires_after":"1h"},"grant":{"mode":"auto","hold":"0s"},` +
		`"limits":{"completions_per_user":2,"max_winners":0,"budget":0,"over_budget":"reject"},"limits_version":3,"debt":"negative","progress":70000,` +
		`"transaction_id":"t1","at":"2026-03-01T10:00:00.000Z"}`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Error(diff)
	}
}

func FuzzOutcome(f *testing.F) {
	f.Add([]byte(`{"outcome":"completed","reward":{"kind":"coins","expires_after":"1h"},"grant":{"hold":"5s"},"at":"2026-03-01T10:00:00.000Z"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := codecs.Outcome{}.Decode(b)
		if err != nil {
			return
		}
		if _, err := (codecs.Outcome{}).Encode(o); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCatalogEventJSON(t *testing.T) {
	e := &catalog.Event{
		Verdict: catalog.Verdict{CommandID: "c1", Result: verdict.Refused, Revision: 3, At: 1_772_359_200_000,
			Problems: problem.List{{Pointer: "/goal", Code: "invalid_field", Detail: "<no>"}}},
		Kind: catalog.KindMission, EntityID: "m1", Actor: "ops", Version: 1, Status: "active", Repeated: true,
	}
	b := checkRoundTrip(t, codecs.CatalogEvent{}, e)
	want := `{"command_id":"c1","kind":"mission","id":"m1","verdict":"refused","problems":[{"pointer":"/goal","code":"invalid_field","detail":"<no>"}],` +
		`"revision":3,"version":1,"status":"active","actor":"ops","at":"2026-03-01T10:00:00.000Z","repeated":true}`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Error(diff)
	}
}
