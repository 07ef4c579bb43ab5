package views

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/views/token"
)

// lines are the audit's answers as KIND/ID rREVISION, over all pages.
func (f *fixture) lines(query string) []string {
	f.t.Helper()
	out := []string{}
	for cursor := ""; ; {
		body := f.get("/v1/panel/audit?limit=2" + query + cursor)
		for _, item := range body["items"].([]any) {
			line := item.(map[string]any)
			out = append(out, fmt.Sprintf("%s/%s r%v", line["kind"], line["id"], line["revision"]))
		}
		next, more := body["next_cursor"].(string)
		if !more {
			return out
		}
		cursor = "&cursor=" + next
	}
}

func TestAuditSaysWhoWhenWhatAndWhy(t *testing.T) {
	f := newFixture(t)
	f.wantOK(f.say("POST", "/v1/panel/brands", `{"id":"b","name":"Old","merchants":["x"]}`, withHeader("Millrace-Reason", "they signed – today")), `"1"`)
	f.now = f.now.Add(time.Minute)
	f.wantOK(f.say("PUT", "/v1/panel/brands/b", `{"id":"b","name":"New","merchants":["x"],"logo_url":"https://x.example/l"}`, withMatch(`"1"`)), `"2"`)
	f.wantOK(f.say("DELETE", "/v1/panel/brands/b", "", withMatch(`"2"`), withHeader("Millrace-Reason", "left")), `"3"`)
	items := f.get("/v1/panel/audit?kind=brand&id=b")["items"].([]any)
	if len(items) != 3 {
		t.Fatalf("%v", items)
	}
	gone, changed, made := items[0].(map[string]any), items[1].(map[string]any), items[2].(map[string]any)
	for _, c := range []struct{ got, want any }{
		{made["actor"], "eve"}, {made["reason"], "they signed – today"}, {made["action"], "created"}, {made["at"], "2026-03-01T10:00:00.000Z"},
		{made["status"], map[string]any{"before": nil, "after": "active"}},
		{made["changes"], []any{map[string]any{"pointer": "", "after": map[string]any{"id": "b", "name": "Old", "merchants": []any{"x"}, "status": "active"}}}},
		{changed["reason"], nil}, {changed["at"], "2026-03-01T10:01:00.000Z"}, {changed["command_id"] != "", true},
		{changed["changes"], []any{
			map[string]any{"pointer": "/logo_url", "after": "https://x.example/l"}, map[string]any{"pointer": "/name", "before": "Old", "after": "New"},
		}},
		{gone["action"], "archived"}, {gone["reason"], "left"}, {gone["changes"], []any{map[string]any{"pointer": "/status", "before": "active", "after": "archived"}}},
	} {
		if fmt.Sprint(c.got) != fmt.Sprint(c.want) {
			t.Errorf("%v, not %v", c.got, c.want)
		}
	}
	f.wantProblem(f.say("DELETE", "/v1/panel/brands/b", "", withMatch("*"), withHeader("Millrace-Reason", "\xff")), http.StatusUnprocessableEntity, "invalid_field")
	f.wantOK(f.say("POST", "/v1/panel/overrides", overrideBody), `"1"`) // whose body has a reason of its own
	if line := f.get("/v1/panel/audit?kind=override")["items"].([]any)[0].(map[string]any); line["reason"] != "bank said so" {
		t.Errorf("%v", line)
	}
}

func TestAuditIsCutDownAndPaged(t *testing.T) {
	f := newFixture(t)
	for i := range 5 {
		f.now = start.Add(time.Duration(i) * time.Minute)
		who := []string{"eve", "bob"}[i%2]
		body := fmt.Sprintf(`{"id":"b%d","name":"B"}`, i)
		f.wantOK(f.ask("POST", "/v1/panel/brands", f.token(who, token.Editor), withBody(body)), `"1"`)
	}
	f.wantOK(f.say("POST", "/v1/panel/pools", `{"id":"b1"}`), `"1"`)
	f.wantOK(f.say("PUT", "/v1/panel/brands/b1", `{"id":"b1","name":"C"}`, withMatch("*")), `"2"`)
	all := []string{"brand/b1 r2", "brand/b4 r1", "pool/b1 r1", "brand/b3 r1", "brand/b2 r1", "brand/b1 r1", "brand/b0 r1"}
	for query, want := range map[string][]string{
		"": all, "&kind=pool": {"pool/b1 r1"}, "&kind=brand&id=b1": {"brand/b1 r2", "brand/b1 r1"}, "&actor=bob": {"brand/b3 r1", "brand/b1 r1"},
		"&actor=bob&kind=pool": {}, "&actor=eve&kind=brand&id=b1": {"brand/b1 r2"}, "&actor=bo": {}, "&kind=brand&id=b": {},
		"&from=2026-03-01T10:02:00Z&to=2026-03-01T10:04:00Z": {"brand/b3 r1", "brand/b2 r1"}, "&to=2026-03-01T10:01:00Z": {"brand/b0 r1"},
	} {
		if got := f.lines(query); !slices.Equal(got, want) {
			t.Errorf("%s: %v, not %v", query, got, want)
		}
	}
	again := newFixture(t) // a server that starts later has the same audit in the same order
	f.check(f.tables.catalog.Ascend("", func(key string, value []byte) bool {
		again.tables.catalog.put(key, value)
		return true
	}))
	if got := again.lines(""); !slices.Equal(got, all) {
		t.Errorf("after a restart: %v", got)
	}
	f.tables.catalog.put(catalog.Key(catalog.KindBrand, "b3"), nil)
	if got := f.lines("&actor=bob"); !slices.Equal(got, []string{"brand/b1 r1"}) {
		t.Errorf("%v", got)
	}
	f.wantProblem(f.ask("GET", "/v1/panel/audit?id=b1", f.token("v", token.Viewer)), http.StatusUnprocessableEntity, "invalid_field")
	f.wantProblem(f.ask("GET", "/v1/panel/audit?from=yesterday", f.token("v", token.Viewer)), http.StatusUnprocessableEntity, "invalid_field")
	f.wantProblem(f.ask("GET", "/v1/panel/audit", f.token("v", token.User)), http.StatusForbidden, "forbidden")
}

// A line says how its actor was proved: by the token of the request, or not at all.
func TestAuditSaysHowTheActorWasProved(t *testing.T) {
	f := newFixture(t)
	f.wantOK(f.ask("POST", "/v1/panel/brands", f.token("eve", token.Editor, token.Approver), withBody(`{"id":"b1","name":"B"}`)), `"1"`)
	f.wantOK(f.ask("POST", "/v1/panel/pools", f.token("eve", token.Admin, token.Editor), withBody(`{"id":"p1"}`)), `"1"`)
	if w := f.ask("POST", "/v1/panel/pools/p1/codes", f.token("eve", token.Editor), withBody("ABCD-1\n"), withHeader("Content-Type", "text/csv")); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	f.judge(catalog.NewPut("c1", "eve", at(0), catalog.Brand{BrandID: "b2", Name: "B", State: catalog.StatusActive})) // whoever wrote that to Kafka
	got := map[string]any{}
	for _, item := range f.get("/v1/panel/audit")["items"].([]any) {
		line := item.(map[string]any)
		got[fmt.Sprintf("%s %s by %s", line["action"], line["id"], line["actor"])] = line["proof"]
	}
	byToken := func(role string) any { return map[string]any{"by": "token", "issuer": "iss", "role": role} }
	want := map[string]any{
		"created b1 by eve": byToken("approver"), "created p1 by eve": byToken("admin"), "codes_added p1 by eve": byToken("editor"),
		"created b2 by eve": map[string]any{"by": "none", "issuer": nil, "role": nil},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// The row keeps the last changes; what it drops leaves the index too.
func TestAuditForgetsWithTheRow(t *testing.T) {
	f := newFixture(t)
	for i := range catalog.MaxAudit + 5 {
		f.judge(catalog.NewPut(fmt.Sprint("c", i), "ops", at(time.Duration(i)*time.Second), catalog.Brand{BrandID: "b", Name: fmt.Sprint("n", i), State: catalog.StatusActive}))
	}
	lines := f.lines("")
	if len(lines) != catalog.MaxAudit || lines[len(lines)-1] != "brand/b r6" || f.indexes.audit.order.Len() != 4*catalog.MaxAudit {
		t.Errorf("%d lines, the last %v; %d places", len(lines), lines[len(lines)-1], f.indexes.audit.order.Len())
	}
}

// One key is one command, also if it names another entity the second time.
func TestAKeyForAnotherEntityIsAConflict(t *testing.T) {
	f := newFixture(t)
	f.wantOK(f.say("POST", "/v1/panel/brands", `{"id":"b1","name":"B"}`, withKey("k")), `"1"`)
	f.wantProblem(f.say("POST", "/v1/panel/brands", `{"id":"b2","name":"B"}`, withKey("k")), http.StatusConflict, "idempotency_conflict")
	f.wantOK(f.say("POST", "/v1/panel/brands", `{"id":"b1","name":"B"}`, withKey("k")), `"1"`)
	f.wantOK(f.say("POST", "/v1/panel/pools", `{"id":"b2"}`, withKey("k")), `"1"`) // another route
	if len(f.commands.sent) != 2 || strings.Contains(fmt.Sprint(f.lines("")), "brand/b2") {
		t.Errorf("%d sent", len(f.commands.sent))
	}
}
