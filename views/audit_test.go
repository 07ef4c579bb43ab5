package views

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/catalog"
	auditviews "github.com/millrace/millrace/views/audit"
	"github.com/millrace/millrace/views/contract"
	"github.com/millrace/millrace/views/serve"
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
	all := []string{"brand/b4 r1", "brand/b1 r2", "pool/b1 r1", "brand/b3 r1", "brand/b2 r1", "brand/b1 r1", "brand/b0 r1"}
	for query, want := range map[string][]string{
		"": all, "&kind=pool": {"pool/b1 r1"}, "&kind=brand&id=b1": {"brand/b1 r2", "brand/b1 r1"}, "&actor=bob": {"brand/b3 r1", "brand/b1 r1"},
		"&actor=bob&kind=pool": {}, "&actor=eve&kind=brand&id=b1": {"brand/b1 r2"}, "&actor=bo": {}, "&kind=brand&id=b": {},
		"&from=2026-03-01T10:02:00Z&to=2026-03-01T10:04:00Z": {"brand/b3 r1", "brand/b2 r1"}, "&to=2026-03-01T10:01:00Z": {"brand/b0 r1"},
	} {
		if got := f.lines(query); !slices.Equal(got, want) {
			t.Errorf("%s: %v, not %v", query, got, want)
		}
	}
	f.restartAudit() // a server that starts later has the same audit in the same order
	if got := f.lines(""); !slices.Equal(got, all) {
		t.Errorf("after a restart: %v", got)
	}
	f.tables.catalog.put(catalog.Key(catalog.KindBrand, "b3"), nil) // what is no more was there
	if got := f.lines("&actor=bob"); !slices.Equal(got, []string{"brand/b3 r1", "brand/b1 r1"}) {
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
	if d := gocmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// restartAudit reads the topics of the audit again from their beginning, one partition after the other.
func (f *fixture) restartAudit() {
	f.indexes.AuditReset()
	places := slices.SortedFunc(maps.Keys(f.audit.values), func(a, b auditviews.AuditPlace) int { return cmp.Compare(a.Offset, b.Offset) })
	for _, at := range places {
		line, err := f.topology.Audit.Codec.Decode(f.audit.values[at])
		f.check(err)
		key := line.Key()
		if at.Topic == f.topology.AuditUsers.Name {
			key = audit.UserKey(line.ID, "any", line.Revision)
		}
		f.indexes.Audit(at, key, f.audit.values[at])
	}
	f.indexes.AuditLoaded()
}

// No number of edits takes a line from the audit: neither of the same entity nor of another one.
func TestNoEditTakesALineFromTheAudit(t *testing.T) {
	const edits = 300
	f := newFixture(t)
	for i := range edits {
		for _, id := range []string{"a", "b"} {
			f.judge(catalog.NewPut(fmt.Sprint("c", i), "ops", at(time.Duration(i)*time.Second), catalog.Brand{BrandID: id, Name: fmt.Sprint("n", i), State: catalog.StatusActive}))
		}
	}
	check := func() {
		t.Helper()
		for _, id := range []string{"a", "b"} {
			lines := f.lines("&kind=brand&id=" + id)
			if len(lines) != edits {
				t.Fatalf("%d lines of %s", len(lines), id)
			}
			for i, line := range lines {
				if want := fmt.Sprintf("brand/%s r%d", id, edits-i); line != want {
					t.Fatalf("line %d is %s, not %s", i, line, want)
				}
			}
		}
		if all := f.lines(""); len(all) != 2*edits || all[2*edits-1][6:] != "a r1" && all[2*edits-1][6:] != "b r1" {
			t.Errorf("%d lines, the last %s", len(all), all[len(all)-1])
		}
	}
	check()
	f.restartAudit()
	check()
	first := f.get("/v1/panel/audit?kind=brand&id=a&limit=500")["items"].([]any)[edits-1].(map[string]any)
	if first["action"] != "created" || first["at"] != "2026-03-01T10:00:00.000Z" || first["actor"] != "ops" {
		t.Errorf("%v", first)
	}
}

// Pages go on where the page before ended, whatever is written meanwhile, in whatever partition.
func TestPagesOfTheAuditAreStable(t *testing.T) {
	f := newFixture(t)
	put := func(i int) {
		f.judge(catalog.NewPut(fmt.Sprint("c", i), "ops", at(time.Duration(i/3)*time.Second), catalog.Brand{BrandID: fmt.Sprint("b", i%7), Name: fmt.Sprint("n", i), State: catalog.StatusActive}))
	}
	for i := range 50 {
		put(i)
	}
	want := f.lines("")
	got, next := []string{}, 50
	for cursor := ""; ; {
		body := f.get("/v1/panel/audit?limit=3" + cursor)
		for _, item := range body["items"].([]any) {
			line := item.(map[string]any)
			got = append(got, fmt.Sprintf("%s/%s r%v", line["kind"], line["id"], line["revision"]))
		}
		text, more := body["next_cursor"].(string)
		if !more {
			break
		}
		cursor = "&cursor=" + text
		put(next)
		next++
		f.restartAudit()
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
	f.wantProblem(f.ask("GET", "/v1/panel/audit?cursor="+*serve.CursorOf("audit", "", "", "", "", "").Encode("x"), f.token("v", token.Viewer)), http.StatusUnprocessableEntity, "invalid_field")
}

// What was refused, and what was so already, is in the audit, too, with what was wrong.
func TestAuditHasEveryVerdict(t *testing.T) {
	f := newFixture(t)
	f.wantOK(f.say("POST", "/v1/panel/brands", `{"id":"b","name":"B"}`), `"1"`)
	f.wantOK(f.say("PUT", "/v1/panel/brands/b", `{"id":"b","name":"B"}`, withMatch("*")), `"1"`)
	f.wantProblem(f.say("DELETE", "/v1/panel/brands/b", "", withMatch(`"7"`)), http.StatusPreconditionFailed, "precondition_failed")
	var got []string
	for _, item := range f.get("/v1/panel/audit?kind=brand")["items"].([]any) {
		line := item.(map[string]any)
		got = append(got, fmt.Sprint(line["action"], " ", line["verdict"], " ", len(line["problems"].([]any)), " ", line["status"].(map[string]any)["after"]))
	}
	if want := []string{"withdrawn refused 1 active", "changed unchanged 0 active", "created applied 0 active"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// What support does for a user is in the audit, until the user is erased.
func TestAuditOfAUserIsErasedWithTheUser(t *testing.T) {
	f := newFixture(t)
	support := f.token("sue", token.Editor)
	for _, user := range []string{"usr_1", "usr_2"} {
		if w := f.ask("POST", "/v1/panel/users/"+user+"/rewards", support, withBody(`{"kind":"coins","amount":50,"reason":"sorry"}`)); w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if w := f.ask("PUT", "/v1/panel/users/"+user+"/segments", support, withBody(`{"segments":["vip"]}`)); w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	f.wantOK(f.say("POST", "/v1/panel/brands", `{"id":"b","name":"B"}`), `"1"`)
	items := f.get("/v1/panel/audit?kind=user&id=usr_1")["items"].([]any)
	if len(items) != 2 {
		t.Fatalf("%v", items)
	}
	for _, item := range items {
		line := item.(map[string]any)
		if line["actor"] != "sue" || line["proof"].(map[string]any)["role"] != "editor" || line["verdict"] != "applied" || len(line["changes"].([]any)) != 1 {
			t.Errorf("%v", line)
		}
	}
	for _, group := range []string{"rewards", "progress"} {
		f.audit.append(f.topology.AuditUsers.Name, audit.UserKey("usr_1", group, 1), nil)
	}
	if left := f.get("/v1/panel/audit?kind=user"); strings.Contains(fmt.Sprint(left), "usr_1") || len(left["items"].([]any)) != 2 {
		t.Errorf("%v", left)
	}
	if all := f.lines(""); len(all) != 3 {
		t.Errorf("%v", all)
	}
}

// Nothing is said while the audit is being loaded; once it is known, an open transaction holds up nobody who asks for
// nothing in particular.
func TestAuditIsNotReadBeforeItIsLoaded(t *testing.T) {
	f := newFixture(t)
	f.wantOK(f.say("POST", "/v1/panel/brands", `{"id":"b","name":"B"}`), `"1"`)
	mark := f.get("/v1/panel/brands/b")["as_of"].(map[string]any)["token"].(string)
	viewer := f.token("v", token.Viewer)
	f.server.audit.Log = lateAudit{f.audit}
	if body := f.get("/v1/panel/audit"); len(body["items"].([]any)) != 1 {
		t.Errorf("%v", body)
	}
	f.wantProblem(f.ask("GET", "/v1/panel/audit?min_as_of="+mark, viewer), http.StatusServiceUnavailable, "recovering")
	f.indexes.AuditReset()
	f.wantProblem(f.ask("GET", "/v1/panel/audit", viewer), http.StatusServiceUnavailable, "recovering")
}

// lateAudit does not know what is new.
type lateAudit struct{ auditviews.AuditLog }

func (lateAudit) Current(context.Context) error { return context.DeadlineExceeded }

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

// TestProofsNameEveryRoleThatCommands: whoever may give a command, the audit has a word for their role, in the API and
// on the topics; a role that the audit knows is one of a token.
func TestProofsNameEveryRoleThatCommands(t *testing.T) {
	f := newFixture(t, simulated)
	f.fillAll()
	schemas := f.server.API.OpenAPI().Components.Schemas.Map()
	named := map[string][]any{"AuditProof": schemas["AuditProof"].Properties["role"].Enum, "LetterDecision": schemas["LetterDecision"].Properties["role"].Enum}
	topics, err := contract.Schemas(f.topology)
	f.check(err)
	for _, topic := range []string{"audit", "audit-users"} {
		var schema struct {
			Defs struct {
				AuditProof struct {
					Properties struct{ Role struct{ Enum []any } }
				}
			} `json:"$defs"`
		}
		f.check(json.Unmarshal(topics[topic], &schema))
		named[topic] = schema.Defs.AuditProof.Properties.Role.Enum
	}
	commanding := 0
	for _, role := range token.Roles() {
		ctx := context.WithValue(t.Context(), serve.IdentityKey, token.Identity{Subject: "s", Roles: []token.Role{role}})
		commands := false
		f.operations(func(method, path string, op *huma.Operation) {
			if method == http.MethodGet || op.OperationID == "simulate-mission" || op.OperationID == "relay-events" {
				return // nothing is changed, or it is no command
			}
			w := f.ask(method, target(path), f.token("s", role), fromHere, withBody(`{"zq":1}`))
			commands = commands || w.Code != http.StatusForbidden && w.Code != http.StatusUnauthorized
		})
		if !commands {
			continue
		}
		commanding++
		for where, words := range named {
			if said := serve.RoleOf(ctx); said != string(role) || !slices.Contains(words, any(said)) {
				t.Errorf("%s gives commands, as %q; %s has %v", role, said, where, words)
			}
		}
	}
	if commanding != len(audit.Roles()) {
		t.Errorf("%d roles give commands, the audit knows %v", commanding, audit.Roles())
	}
	everything := context.WithValue(t.Context(), serve.IdentityKey, token.Identity{Subject: "s", Roles: token.Roles()})
	if got := serve.RoleOf(everything); got != audit.RoleAdmin {
		t.Errorf("the highest of all is %q", got)
	}
}
