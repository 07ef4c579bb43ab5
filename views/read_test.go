package views

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/payment"
	deadletterviews "github.com/millrace/millrace/views/deadletter"
	healthviews "github.com/millrace/millrace/views/health"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// ids follows next_cursor to the end and returns the ids of all items, page by page.
func (f *fixture) ids(target string) [][]string {
	f.t.Helper()
	var pages [][]string
	for next := target; ; {
		body := f.get(next)
		page := []string{}
		for _, item := range body["items"].([]any) {
			page = append(page, item.(map[string]any)["id"].(string))
		}
		pages = append(pages, page)
		cursor, more := body["next_cursor"].(string)
		if !more {
			return pages
		}
		next = target + "&cursor=" + cursor
	}
}

func TestDeadLettersNewestFirst(t *testing.T) {
	f := newFixture(t)
	for i := range 7 {
		reason, group := payment.Malformed, "intake"
		if i%3 == 0 {
			reason, group = payment.OverReversal, "ledger"
		}
		f.putLetter(fmt.Sprintf("payments-0-%d", i), reason, group, time.Duration(i/2)*time.Second, "x")
	}
	for target, want := range map[string][][]string{
		"?limit=3": {
			{"payments-0-6", "payments-0-4", "payments-0-5"}, {"payments-0-2", "payments-0-3", "payments-0-0"}, {"payments-0-1"},
		},
		"?limit=3&reason=over_reversal":              {{"payments-0-6", "payments-0-3", "payments-0-0"}},
		"?limit=2&group=intake":                      {{"payments-0-4", "payments-0-5"}, {"payments-0-2", "payments-0-1"}},
		"?limit=2&group=intake&reason=over_reversal": {{}},
	} {
		if d := cmp.Diff(want, f.ids("/v1/panel/dead-letters"+target)); d != "" {
			t.Errorf("%s: %s", target, d)
		}
	}
}

func TestDeadLetterIsReplacedAndDeleted(t *testing.T) {
	f := newFixture(t)
	f.putLetter("a", payment.Malformed, "intake", 0, "x")
	f.putLetter("b", payment.Malformed, "intake", time.Second, "x")
	f.putLetter("a", payment.InvalidField, "ledger", 2*time.Second, "y")
	if d := cmp.Diff([][]string{{"a", "b"}}, f.ids("/v1/panel/dead-letters?limit=5")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([][]string{{"b"}}, f.ids("/v1/panel/dead-letters?group=intake")); d != "" {
		t.Error(d)
	}
	f.tables.letters.put("a", nil)
	if d := cmp.Diff([][]string{{"b"}}, f.ids("/v1/panel/dead-letters?limit=5")); d != "" {
		t.Error(d)
	}
}

func TestDeadLetterPageIsBoundInBytes(t *testing.T) {
	f := newFixture(t)
	big := strings.Repeat("x", serve.PageBytes/4)
	for i := range 7 {
		f.putLetter(fmt.Sprint(i), payment.Malformed, "intake", 0, big)
	}
	if d := cmp.Diff([][]string{{"0", "1", "2", "3", "4"}, {"5", "6"}}, f.ids("/v1/panel/dead-letters?limit=500")); d != "" {
		t.Error(d)
	}
}

type brokenRecords struct{}

func (brokenRecords) Read(context.Context, []serve.Place) ([]*deadletterviews.Record, error) {
	return nil, errors.New("secret broker address")
}

func TestDeadLetterBytes(t *testing.T) {
	f := newFixture(t)
	f.putLetter("gone", payment.Malformed, "intake", 0, "x")
	for place := range f.records {
		delete(f.records, place)
	}
	item := f.get("/v1/panel/dead-letters")["items"].([]any)[0].(map[string]any)
	if raw, ok := item["raw_base64"]; !ok || raw != nil {
		t.Errorf("a record that retention took: %v", item)
	}
	if one := f.get("/v1/panel/dead-letters/gone"); one["id"] != "gone" || one["raw_base64"] != nil || one["as_of"] == nil {
		t.Errorf("by itself: %v", one)
	}
	f.wantProblem(f.ask("GET", "/v1/panel/dead-letters/none", f.token("a", token.Viewer)), http.StatusNotFound, "not_found")
	f = newFixture(t, func(c *Config) { c.Records = brokenRecords{} })
	f.get("/v1/panel/dead-letters") // nothing to read
	f.putLetter("a", payment.Malformed, "intake", 0, "x")
	w := f.ask("GET", "/v1/panel/dead-letters", f.token("a", token.Admin))
	f.wantProblem(w, http.StatusServiceUnavailable, "unavailable")
	if w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
}

func TestMissionListFilters(t *testing.T) {
	f := newFixture(t)
	for i, id := range []string{"a-swiggy", "b-zomato", "c-any", "d-swiggy"} {
		m := swiggy()
		m.ID, m.Title, m.BrandID = id, "Mission "+id, ""
		switch i {
		case 1:
			m.Filters[0].Values[0].Text, m.Status = "zomato", mission.Draft
		case 2:
			m.Filters = nil
		}
		f.putMission(m)
	}
	for query, want := range map[string][][]string{
		"?limit=3":                             {{"a-swiggy", "b-zomato", "c-any"}, {"d-swiggy"}},
		"?limit=4":                             {{"a-swiggy", "b-zomato", "c-any", "d-swiggy"}},
		"?status=draft":                        {{"b-zomato"}},
		"?status=paused":                       {{}},
		"?merchant=Swiggy&limit=1":             {{"a-swiggy"}, {"d-swiggy"}},
		"?q=MISSION%20c":                       {{"c-any"}},
		"?q=zomato&status=active":              {{}},
		"?limit=2&q=swiggy&merchant=%20swiggy": {{"a-swiggy", "d-swiggy"}},
	} {
		if d := cmp.Diff(want, f.ids("/v1/panel/missions"+query)); d != "" {
			t.Errorf("%s: %s", query, d)
		}
	}
	if d := cmp.Diff([][]string{{"a-swiggy", "c-any"}, {"d-swiggy"}}, f.ids("/v1/users/me/missions?limit=2")); d != "" {
		t.Errorf("a user does not see drafts: %s", d)
	}
	f.tables.catalog.put("mission/c-any", nil)
	if d := cmp.Diff([][]string{{"a-swiggy", "d-swiggy"}}, f.ids("/v1/users/me/missions?limit=2")); d != "" {
		t.Error(d)
	}
	f.wantProblem(f.ask("GET", "/v1/panel/missions/c-any", f.token("a", token.Viewer)), http.StatusNotFound, "not_found")
}

func TestCursorsOfOtherLists(t *testing.T) {
	f := newFixture(t)
	for i := range 3 {
		f.putLetter(fmt.Sprint(i), payment.Malformed, "intake", 0, "x")
	}
	admin := f.token("usr_1", token.User, token.Admin)
	cursor := f.get("/v1/panel/dead-letters?limit=1")["next_cursor"].(string)
	raw, _ := base64.RawURLEncoding.DecodeString(cursor)
	for name, target := range map[string]string{
		"another list":   "/v1/panel/missions?cursor=" + cursor,
		"another filter": "/v1/panel/dead-letters?group=ledger&cursor=" + cursor,
		"a user's list":  "/v1/users/me/missions?cursor=" + cursor,
		"cut":            "/v1/panel/dead-letters?cursor=" + cursor[:4],
		"no position":    "/v1/panel/dead-letters?cursor=" + base64.RawURLEncoding.EncodeToString(raw[:9]),
		"bad position":   "/v1/panel/dead-letters?cursor=" + base64.RawURLEncoding.EncodeToString(append(raw[:9:9], "x y"...)),
		"junk":           "/v1/panel/dead-letters?cursor=%3Cscript%3E",
	} {
		t.Run(name, func(t *testing.T) {
			w := f.ask("GET", target, admin)
			p := f.wantProblem(w, http.StatusUnprocessableEntity, "invalid_field")
			if firstPointer(p) != "/query/cursor" || strings.Contains(w.Body.String(), "script") {
				t.Errorf("%s", w.Body)
			}
		})
	}
	for _, limit := range []string{"0", "501", "-1", "ten", "1.5", "99999999999999999999"} {
		w := f.ask("GET", "/v1/panel/dead-letters?limit="+limit, admin)
		if p := f.wantProblem(w, http.StatusUnprocessableEntity, "invalid_field"); firstPointer(p) != "/query/limit" || strings.Contains(w.Body.String(), "99999999") {
			t.Errorf("limit=%s: %s", limit, w.Body)
		}
	}
	f.wantProblem(f.ask("GET", "/v1/panel/missions?status=lost", admin), http.StatusUnprocessableEntity, "invalid_field")
}

func TestNotReadyWhileTablesLoad(t *testing.T) {
	f := filled(t)
	all := map[string]*memTable{
		"/v1/panel/transactions/t1": f.tables.ledger, "/v1/users/me/missions": f.tables.progress, "/v1/users/me/missions/swiggy-500": f.tables.catalog,
		"/v1/health": f.tables.routing, "/v1/health/upi/sbi": f.tables.health, "/v1/routing/upi/sbi": f.tables.routing,
		"/v1/panel/dead-letters": f.tables.letters, "/v1/panel/missions": f.tables.catalog, "/v1/panel/missions/swiggy-500": f.tables.catalog,
	}
	bearer := f.token("usr_1", token.User, token.Admin)
	for target, table := range all {
		table.set(func() { table.loading = true })
		for _, target := range []string{target, "/readyz"} {
			w := f.ask("GET", target, bearer)
			f.wantProblem(w, http.StatusServiceUnavailable, "recovering")
			if w.Header().Get("Retry-After") != "1" {
				t.Errorf("%s: Retry-After %q", target, w.Header().Get("Retry-After"))
			}
		}
		if w := f.ask("GET", "/livez", ""); w.Code != http.StatusOK {
			t.Errorf("livez: %d", w.Code)
		}
		table.set(func() { table.loading = false })
		if w := f.ask("GET", target, bearer); w.Code != http.StatusOK {
			t.Errorf("%s, loaded: %d", target, w.Code)
		}
	}
	f.server.Stop()
	f.wantProblem(f.ask("GET", "/readyz", ""), http.StatusServiceUnavailable, "recovering")
	if w := f.ask("GET", "/v1/health", bearer); w.Code != http.StatusOK {
		t.Errorf("a stopping server still answers: %d", w.Code)
	}
}

func TestNothingThere(t *testing.T) {
	f := newFixture(t)
	admin := f.token("a", token.Admin)
	for _, target := range []string{"/v1/panel/transactions/nope", "/v1/health/upi/nope", "/v1/health/nope/sbi", "/v1/routing/upi/nope", "/v1/panel/missions/nope"} {
		w := f.ask("GET", target, admin)
		f.wantProblem(w, http.StatusNotFound, "not_found")
		if strings.Contains(w.Body.String(), "nope") {
			t.Errorf("echoes: %s", w.Body)
		}
	}
	for _, target := range []string{"/v1/health", "/v1/health?mode=upi", "/v1/panel/missions", "/v1/panel/dead-letters", "/v1/users/me/missions"} {
		w := f.ask("GET", target, f.token("a", token.User, token.Admin))
		if got := f.object(w.Body.Bytes()); w.Code != 200 || len(got["items"].([]any)) != 0 || got["as_of"].(map[string]any)["stream_time"] != nil {
			t.Errorf("%s: %s", target, w.Body)
		}
	}
}

func TestIdsWithSlashesAndSpaces(t *testing.T) {
	f := newFixture(t)
	f.putTransaction()
	row, _ := f.tables.ledger.Get("t1")
	f.tables.ledger.put("a/b c%", row)
	if got := f.get("/v1/panel/transactions/a%2Fb%20c%25"); got["transaction_id"] != "a/b c%" {
		t.Errorf("%v", got)
	}
}

func TestStaleFailsOpen(t *testing.T) {
	f := filled(t)
	down := func() map[string]any {
		for _, g := range f.get("/v1/health/upi/sbi")["gateways"].([]any) {
			if g := g.(map[string]any); g["gateway"] == "payu" {
				return g
			}
		}
		return nil
	}
	check := func(after time.Duration, stale, enabled bool, percent float64) {
		t.Helper()
		f.now = start.Add(after)
		if g := down(); g["stale"] != stale || g["enabled"] != enabled || g["traffic_percent"] != percent || g["state"] != "down" {
			t.Errorf("after %v: %v", after, g)
		}
	}
	check(serve.StaleAfter, false, false, 0)
	check(serve.StaleAfter+1, true, false, 0)
	check(healthviews.FailOpenAfter, true, false, 0)
	check(healthviews.FailOpenAfter+1, true, true, 100)
	value, _ := f.tables.routing.Get("upi")
	f.tables.routing.put("upi", value) // a row that was written, but no window closed
	check(healthviews.FailOpenAfter+1, true, true, 100)
	row, err := f.topology.Routing.Row.Decode(value)
	f.check(err)
	row, _ = row.ObserveScore(health.DefaultSettings(), &health.Score{Path: health.Path{Mode: "upi", Instrument: "hdfc", Gateway: "payu"}, WindowEnd: at(6 * time.Minute)}, 0)
	put(f, f.tables.routing, f.topology.Routing, "upi", row)
	check(healthviews.FailOpenAfter+1, false, false, 0)
	f.tables.routing.put("upi", nil)
	if got := f.indexes.modes.Silence("upi"); got != 0 {
		t.Errorf("a mode that is gone is silent for %v", got)
	}
}

// TestWindowsAreTheirRecords compares what is shown of a window with the record that is published of it.
func TestWindowsAreTheirRecords(t *testing.T) {
	f := filled(t)
	silent := &health.WindowRecord{Path: health.Path{Mode: "upi", Instrument: "a/b", Gateway: "x"}, ClosedAt: at(time.Minute)}
	records := []*health.WindowRecord{silent}
	f.check(f.tables.health.Ascend("", func(_ string, value []byte) bool {
		row, err := f.topology.Health.Row.Decode(value)
		f.check(err)
		if r := row.Record(); r != nil {
			records = append(records, r)
		}
		return true
	}))
	if len(records) != 7 {
		t.Fatalf("%d records", len(records))
	}
	for _, r := range records {
		published, err := f.topology.HealthWindows.Codec.Encode(r)
		f.check(err)
		shown, err := healthviews.ClosedWindowOf(r)
		f.check(err)
		text, err := shown.MarshalJSON()
		f.check(err)
		if d := cmp.Diff(f.object(published), f.object(text)); d != "" {
			t.Errorf("%v: %s", r.Key(), d)
		}
	}
}

// A server whose keys are published elsewhere is ready when it has them, and stays so while the URL is away.
func TestReadinessKnowsOfPublishedKeys(t *testing.T) {
	remote, err := token.NewRemote(token.RemoteConfig{URL: "http://127.0.0.1:1/keys", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	with := func(keys ...token.Key) *fixture {
		return newFixture(t, func(c *Config) {
			c.Registerer = c.Gatherer.(*prometheus.Registry)
			if c.Verifier, err = token.NewVerifier(token.Config{Issuer: "iss", Audience: "aud", Keys: keys, Remote: remote}); err != nil {
				t.Fatal(err)
			}
		})
	}
	f := with()
	f.wantProblem(f.ask("GET", "/readyz", ""), http.StatusServiceUnavailable, "recovering")
	if text := f.ask("GET", "/metrics", "").Body.String(); !strings.Contains(text, "millrace_token_keys_read_timestamp_seconds 0") {
		t.Errorf("%s", text)
	}
	f = with(f.signer.Key)
	checks := f.object(f.ask("GET", "/readyz?verbose", "").Body.Bytes())["checks"].([]any)
	last := checks[len(checks)-1].(map[string]any)
	if last["name"] != "token-keys" || last["ok"] != false || last["detail"] == nil {
		t.Errorf("%v", last)
	}
}

// GET /v1/health is paged as all lists are: every instrument once, by mode and name.
func TestHealthIsPaged(t *testing.T) {
	f := newFixture(t)
	s := health.DefaultSettings()
	var want []string
	for _, mode := range []string{"card", "upi", "wallet"} {
		var row *health.ModeRow
		for i := range 60 {
			name := fmt.Sprintf("bank%02d", i)
			want = append(want, mode+"/"+name)
			row, _ = row.ObserveScore(s, &health.Score{Path: health.Path{Mode: mode, Instrument: name, Gateway: "g"}, WindowEnd: instantOf(1), Window: health.Counts{ledger.Succeeded: 20}}, 0)
		}
		put(f, f.tables.routing, f.topology.Routing, mode, row)
	}
	names := func(body map[string]any) (out []string) {
		for _, item := range body["items"].([]any) {
			row := item.(map[string]any)
			out = append(out, row["mode"].(string)+"/"+row["instrument"].(string))
		}
		return out
	}
	for target, want := range map[string][]string{
		"/v1/health?limit=7": want, "/v1/health?limit=60": want, "/v1/health?limit=500": want, "/v1/health?mode=upi&limit=50": want[60:120], "/v1/health?": want,
	} {
		var got []string
		pages := 0
		for next := target; ; pages++ {
			body := f.get(next)
			got = append(got, names(body)...)
			cursor, more := body["next_cursor"].(string)
			if !more {
				break
			}
			next = target + "&cursor=" + cursor
		}
		if !slices.Equal(got, want) || target == "/v1/health?" && pages != 3 {
			t.Errorf("%s: %d items on %d pages and one: %v", target, len(got), pages, got)
		}
	}
	viewer := f.token("v", token.Viewer)
	cursor := f.get("/v1/health?limit=7")["next_cursor"].(string)
	f.wantProblem(f.ask("GET", "/v1/health?mode=upi&cursor="+cursor, viewer), http.StatusUnprocessableEntity, "invalid_field")
	f.wantProblem(f.ask("GET", "/v1/health?limit=501", viewer), http.StatusUnprocessableEntity, "invalid_field")
}

// Names without a place are not listed as up: they are in the place other, whose windows are shown, and by themselves
// they are unknown.
func TestHealthOfNamesWithoutAPlace(t *testing.T) {
	f := newFixture(t)
	s := f.server.config.Settings
	var row *health.ModeRow
	take := func(name string, minute, attempts int64) {
		score := &health.Score{Path: health.Path{Mode: "upi", Instrument: name, Gateway: "g"}, WindowEnd: instantOf(minute), Window: health.Counts{ledger.Succeeded: attempts}}
		score.Pool = health.Pool{WeightedSuccess: attempts << 24, WeightedEligible: attempts << 24, Samples: attempts, Eligible: attempts}
		row, _ = row.ObserveScore(s, score, instantOf(minute))
	}
	for i := range s.Places {
		take(fmt.Sprintf("bank%04d", i), 1, 50)
	}
	row, _ = row.AdvanceTo(s, instantOf(1).Add(s.Grace))
	for i := range 400 {
		take(fmt.Sprintf("made-up%d", i), 2, 1)
	}
	row, _ = row.AdvanceTo(s, instantOf(2).Add(s.Grace))
	put(f, f.tables.routing, f.topology.Routing, "upi", row)
	for i := range 400 {
		path := health.Path{Mode: "upi", Instrument: fmt.Sprintf("made-up%d", i), Gateway: "g"}
		put(f, f.tables.health, f.topology.Health, path.Key(), &health.Row{Series: &health.Series{Path: path}})
	}
	listed := 0
	for next := "/v1/health?mode=upi&limit=500"; next != ""; {
		body := f.get(next)
		for _, item := range body["items"].([]any) {
			listed++
			if name := item.(map[string]any)["instrument"].(string); strings.HasPrefix(name, "made-up") {
				t.Fatalf("lists %s", name)
			}
		}
		next = ""
		if cursor, more := body["next_cursor"].(string); more {
			next = "/v1/health?mode=upi&limit=500&cursor=" + cursor
		}
	}
	if listed != s.Places+1 {
		t.Errorf("%d are listed", listed)
	}
	viewer := f.token("v", token.Viewer)
	problem := f.wantProblem(f.ask("GET", "/v1/health/upi/made-up7", viewer), http.StatusNotFound, "not_found")
	if !strings.Contains(problem["detail"].(string), "other") {
		t.Errorf("%v", problem)
	}
	f.wantProblem(f.ask("GET", "/v1/routing/upi/made-up7", viewer), http.StatusNotFound, "not_found")
	other := f.get("/v1/health/upi/other")
	windows := other["windows"].([]any)
	if other["places"] != 400.0 || other["samples"] != 400.0 || other["enabled"] != true || len(windows) != 1 || windows[0].(map[string]any)["samples"] != 400.0 {
		t.Errorf("%v", other)
	}
	f.get("/v1/health/upi/other/why")
}

func instantOf(minute int64) instant.Milli { return instant.Milli(1_772_359_200_000 + minute*60_000) }

// Windows that are ready to be shown hold on to no bytes of the table: those lie in chunks, which live for as long as
// one of their rows. What held on to them would not see that they have become others.
func TestShownWindowsAreApartFromTheTable(t *testing.T) {
	f := newFixture(t)
	f.putHealth()
	before := f.ask("GET", "/v1/health/upi/sbi", f.token("a", token.Health))
	if windows := f.object(before.Body.Bytes())["windows"].([]any); len(windows) == 0 {
		t.Fatal("no window is shown")
	}
	f.check(f.tables.health.Ascend("", func(key string, value []byte) bool {
		if _, _, _, isSeries := ledger.ParseKey(key); !isSeries {
			value[0] ^= 0xff // the version: no row can be read any more
		}
		return true
	}))
	after := f.ask("GET", "/v1/health/upi/sbi", f.token("a", token.Health))
	if after.Code == http.StatusOK && len(f.object(after.Body.Bytes())["windows"].([]any)) > 0 {
		t.Errorf("windows are kept as they lie in the table: %s", after.Body)
	}
}
