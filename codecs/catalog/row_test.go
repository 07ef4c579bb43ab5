package catalog_test

import (
	"testing"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/codecs/codectest"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/verdict"
)

func catalogRow(t testing.TB) *catalog.Row {
	t.Helper()
	m, err := missioncodec.Parse([]byte(codectest.Mission))
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
	b := codectest.RoundTrip(t, catalogcodec.Row{}, catalogRow(t))
	codectest.Golden(t, "catalog_row", b)
	for name, row := range entityRows(t) {
		codectest.Golden(t, "catalog_row_"+name, codectest.RoundTrip(t, catalogcodec.Row{}, row))
	}
}

// entityRows are what is left of each after a withdrawal.
func entityRows(t testing.TB) map[string]*catalog.Row {
	t.Helper()
	rows := map[string]*catalog.Row{}
	for name, c := range entityCommands() {
		cfg := catalog.DefaultConfig()
		cfg.Document = catalogcodec.Document
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
	b, _ := catalogcodec.Row{}.Encode(catalogRow(f))
	f.Add(b)
	decided, _ := decidedRow(f)
	b, _ = catalogcodec.Row{}.Encode(decided)
	f.Add(b)
	for _, row := range entityRows(f) {
		b, _ := catalogcodec.Row{}.Encode(row)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		row, err := catalogcodec.Row{}.Decode(b)
		if err != nil {
			return
		}
		if _, err := (catalogcodec.Row{}).Encode(row); err != nil {
			t.Fatal(err)
		}
	})
}
