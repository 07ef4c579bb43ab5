package views

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/health"
	healthviews "github.com/millrace/millrace/views/health"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

func TestDowntimesLastFirst(t *testing.T) {
	f := newFixture(t)
	var all []string
	for _, mode := range []string{"card", "upi"} {
		var row *health.ModeRow
		for i, instrument := range []string{"a", "b", "c"} {
			m := &health.Maintenance{
				ID: mode + instrument, Mode: mode, Instrument: instrument, Begin: at(time.Duration(i) * time.Hour), End: at(time.Duration(i+1) * time.Hour), Reason: "r",
			}
			row, _ = row.Intervene(health.DefaultSettings(), &health.Intervention{Maintenance: m}, at(0))
		}
		put(f, f.tables.routing, f.topology.Routing, mode, row)
	}
	ids := func(target string) (got []string) {
		t.Helper()
		for _, page := range f.ids("/v1/downtimes" + target) {
			got = append(got, page...)
		}
		return got
	}
	all = ids("?limit=500")
	if len(all) != 6 {
		t.Fatal(all)
	}
	for _, limit := range []string{"1", "2", "5", "6"} {
		if d := cmp.Diff(all, ids("?limit="+limit)); d != "" {
			t.Errorf("by %s: %s", limit, d)
		}
	}
	items := f.get("/v1/downtimes?mode=UPI&instrument=b")["items"].([]any)
	if len(items) != 1 || items[0].(map[string]any)["reason"].(map[string]any)["by"] != "upib" || items[0].(map[string]any)["status"] != "scheduled" {
		t.Errorf("%v", items)
	}
	if got := ids("?limit=9&status=started"); len(got) != 2 || !slices.Contains(all[4:], got[0]) {
		t.Errorf("%v of %v", got, all)
	}
	f.tables.routing.put("card", []byte("damaged"))
	if got := ids("?limit=9"); len(got) != 3 {
		t.Errorf("%v", got)
	}
	bearer := f.token("a", token.Health)
	f.wantProblem(f.ask("GET", "/v1/downtimes?mode=card", bearer), http.StatusInternalServerError, "internal")
	f.wantProblem(f.ask("GET", "/v1/downtimes?status=over", bearer), http.StatusUnprocessableEntity, "invalid_field")
	f.wantProblem(f.ask("GET", "/v1/downtimes?cursor="+*serve.CursorOf("downtimes", "", "", "").Encode("x"), bearer), http.StatusUnprocessableEntity, "invalid_field")
	f.wantProblem(f.ask("GET", "/v1/downtimes?mode=upi&cursor="+*serve.CursorOf("downtimes", "", "", "").Encode("12345678x"), bearer), http.StatusUnprocessableEntity, "invalid_field")
	f.wantProblem(f.ask("GET", "/v1/downtimes", ""), http.StatusUnauthorized, "unauthenticated")
	f.wantProblem(f.ask("GET", "/v1/downtimes", f.token("a", token.User)), http.StatusForbidden, "forbidden")
	f.wantProblem(f.ask("GET", "/v1/health/upi/nobody/why", bearer), http.StatusNotFound, "not_found")
}

// What people force is not failed open, and why tells it apart from what the evaluations say.
func TestForcedStatesStay(t *testing.T) {
	f := filled(t)
	value, _ := f.tables.routing.Get("upi")
	row, err := f.topology.Routing.Row.Decode(value)
	f.check(err)
	for _, i := range []*health.Intervention{
		{Override: &health.Override{ID: "o", Mode: "upi", Instrument: "sbi", State: health.Down, From: at(0), Until: at(time.Hour), Reason: "bank said so"}},
		{Freeze: &health.Freeze{Mode: "upi", From: at(0), Until: at(time.Hour), Reason: "sale"}},
	} {
		row, _ = row.Intervene(health.DefaultSettings(), i, at(5*time.Minute))
	}
	put(f, f.tables.routing, f.topology.Routing, "upi", row)
	f.now = start.Add(healthviews.FailOpenAfter + time.Minute)
	got := f.get("/v1/health/upi/sbi/why")
	if got["state"] != "down" || got["enabled"] != false || got["stale"] != true || got["automatic_state"] != "degraded" || got["forced_until"] != at(time.Hour).String() {
		t.Errorf("%v", got)
	}
	if freeze := got["freeze"].(map[string]any); freeze["reason"] != "sale" {
		t.Errorf("%v", freeze)
	}
}
