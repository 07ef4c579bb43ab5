package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/codecs/codectest"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

func TestCatalogEventJSON(t *testing.T) {
	e := &catalog.Event{
		Verdict: catalog.Verdict{CommandID: "c1", Result: verdict.Refused, Revision: 3, At: 1_772_359_200_000,
			Problems: problem.List{{Pointer: "/goal", Code: "invalid_field", Detail: "<no>"}}},
		Kind: catalog.KindMission, EntityID: "m1", Actor: "ops", Version: 1, Status: "active", Repeated: true,
	}
	b := codectest.RoundTrip(t, catalogcodec.Event{}, e)
	want := `{"command_id":"c1","kind":"mission","id":"m1","verdict":"refused","problems":[{"pointer":"/goal","code":"invalid_field","detail":"<no>"}],` +
		`"revision":3,"version":1,"status":"active","actor":"ops","at":"2026-03-01T10:00:00.000Z","repeated":true}`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Error(diff)
	}
}
