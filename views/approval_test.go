package views

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/views/token"
)

// cashBody is a mission that gives so much cash in all, in paise.
func cashBody(budget int, more string) string {
	return strings.Replace(missionText, `"reward":{"kind":"coins","amount":100}`, fmt.Sprintf(`"reward":{"kind":"cash","amount":50000},"limits":{"budget":%d}`, budget), 1) + more + "}"
}

// decide approves or rejects as somebody with roles.
func (f *fixture) decide(verb, sub string, roles []token.Role, etag string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	return f.ask("POST", missionsPath+"/m1/"+verb, f.token(sub, roles...), append([]func(*http.Request){withMatch(etag)}, change...)...)
}

func approver() []token.Role { return []token.Role{token.Approver} }

// waitingIDs are the missions that wait for their approval.
func (f *fixture) waitingIDs() string {
	var ids []string
	for _, item := range f.get(missionsPath + "?approval=waiting")["items"].([]any) {
		ids = append(ids, item.(map[string]any)["id"].(string))
	}
	return strings.Join(ids, ",")
}

// A mission above the threshold over HTTP: what it lacks, who may give it, and who not, in whatever roles.
func TestAMissionIsApprovedOverHTTP(t *testing.T) {
	f := newFixture(t)
	one := missionsPath + "/m1"
	p := f.wantProblem(f.say("POST", missionsPath, cashBody(100_000_000, `,"status":"active"`)), http.StatusConflict, "approval_required")
	if detail := p["detail"].(string); !strings.Contains(detail, "₹100000.00") || !strings.Contains(detail, "status draft") {
		t.Error(detail)
	}
	got := f.wantOK(f.say("POST", missionsPath, cashBody(100_000_000, "")), `"1"`)
	approval := got["approval"].(map[string]any)
	if approval["state"] != "waiting" || fmt.Sprint(approval["costs"]) != "[map[most:1e+08 threshold:1e+07 unit:INR]]" || fmt.Sprint(approval["authors"]) != "[eve]" ||
		!strings.Contains(approval["why"].(string), "second person") {
		t.Errorf("%v", approval)
	}
	f.wantOK(f.say("POST", missionsPath, strings.Replace(missionBody(""), "m1", "m2", 1)), `"1"`)
	if got := f.waitingIDs(); got != "m1" {
		t.Errorf("waiting: %s", got)
	}
	f.wantProblem(f.say("POST", one+"/activate", ""), http.StatusConflict, "approval_required")
	f.wantProblem(f.decide("approve", "bob", []token.Role{token.Editor}, `"1"`), http.StatusForbidden, "forbidden")
	f.wantProblem(f.decide("approve", "bob", []token.Role{token.Viewer}, `"1"`), http.StatusForbidden, "forbidden")
	f.wantProblem(f.decide("approve", "eve", []token.Role{token.Editor, token.Approver}, `"1"`), http.StatusForbidden, "same_person")
	f.wantProblem(f.decide("approve", "eve", []token.Role{token.Admin}, `"1"`, withHeader("Millrace-Actor", "bob"), withHeader("X-User", "bob")), http.StatusForbidden, "same_person")
	f.wantProblem(f.ask("POST", one+"/approve", f.token("bob", token.Approver)), http.StatusPreconditionRequired, "precondition_required")
	f.wantProblem(f.decide("approve", "bob", approver(), "*"), http.StatusPreconditionRequired, "precondition_required")
	f.wantProblem(f.decide("approve", "bob", approver(), `"7"`), http.StatusPreconditionFailed, "precondition_failed")
	f.wantProblem(f.decide("approve", "bob", approver(), `"1"`, withBody(`{"colour":1}`)), http.StatusBadRequest, "invalid_field")
	f.wantProblem(f.decide("approve", "bob", approver(), `"1"`, withBody(`[]`)), http.StatusUnprocessableEntity, "invalid_field")
	got = f.wantOK(f.decide("approve", "bob", approver(), `"1"`, withBody(`{"reason":"agreed"}`), withKey("k")), `"2"`)
	f.wantOK(f.decide("approve", "bob", approver(), `"1"`, withBody(`{"reason":"agreed"}`), withKey("k")), `"2"`) // the same command
	approval = got["approval"].(map[string]any)
	if approval["state"] != "approved" || fmt.Sprint(approval["approved"]) != "map[actor:bob at:2026-03-01T10:00:00.000Z reason:agreed revision:1]" || f.waitingIDs() != "" {
		t.Errorf("%v", approval)
	}
	line := f.get("/v1/panel/audit?kind=mission&id=m1&limit=1")["items"].([]any)[0].(map[string]any)
	if line["action"] != "approved" || line["actor"] != "bob" || line["reason"] != "agreed" || fmt.Sprint(line["proof"]) != "map[by:token issuer:iss role:approver]" {
		t.Errorf("%v", line)
	}
	f.wantProblem(f.say("PUT", one, cashBody(100_000_001, `,"status":"active"`), withMatch(`"2"`)), http.StatusConflict, "approval_required")
	if got := f.wantOK(f.say("POST", one+"/activate", ""), `"3"`); got["status"] != "active" {
		t.Errorf("%v", got)
	}
}

// A raise of an active mission is a proposal: the answer says that it waits, and everybody else sees what is in force.
func TestARaiseWaitsOverHTTP(t *testing.T) {
	f := newFixture(t)
	one := missionsPath + "/m1"
	f.wantOK(f.say("POST", missionsPath, cashBody(6_000_000, `,"status":"active"`)), `"1"`)
	f.wantOK(f.say("PUT", one, cashBody(9_000_000, ""), withMatch(`"1"`)), `"2"`)
	got := f.wantOK(f.say("PUT", one, cashBody(12_000_000, `,"reason":"it runs well"`), withMatch(`"2"`)), `"3"`)
	approval := got["approval"].(map[string]any)
	proposal := approval["proposal"].(map[string]any)
	budget := func(m map[string]any) any { return m["limits"].(map[string]any)["budget"] }
	if got["version"] != 2.0 || budget(got) != 9e6 || approval["state"] != "waiting" || budget(proposal["definition"].(map[string]any)) != 12e6 || proposal["summary"] == "" {
		t.Errorf("%v", got)
	}
	if users := f.get("/v1/users/usr_1/missions/m1"); users["version"] != 1.0 || users["approval"] != nil {
		t.Errorf("%v", users)
	}
	body := f.ask("GET", one, f.token("v", token.Viewer)).Body.String() // what was read can be written back
	f.wantOK(f.say("PUT", one, body, withMatch(`"3"`)), `"3"`)
	f.wantProblem(f.decide("reject", "bob", approver(), `"3"`), http.StatusUnprocessableEntity, "invalid_field")
	f.wantProblem(f.decide("reject", "bob", []token.Role{token.Editor}, `"3"`, withBody(`{"reason":"no"}`)), http.StatusForbidden, "forbidden")
	got = f.wantOK(f.decide("reject", "bob", approver(), `"3"`, withHeader("Millrace-Reason", "too much")), `"4"`)
	approval = got["approval"].(map[string]any)
	if approval["state"] != "not_needed" || approval["proposal"] != nil || approval["rejected"].(map[string]any)["reason"] != "too much" {
		t.Errorf("%v", approval)
	}
	f.wantOK(f.say("PUT", one, cashBody(12_000_000, ""), withMatch(`"4"`)), `"5"`)
	got = f.wantOK(f.decide("approve", "bob", approver(), `"5"`), `"6"`)
	if got["version"] != 3.0 || budget(got) != 12e6 || got["approval"].(map[string]any)["state"] != "approved" {
		t.Errorf("%v", got)
	}
	f.wantOK(f.say("PUT", one, cashBody(15_000_000, ""), withMatch(`"6"`)), `"7"`)
	f.wantOK(f.decide("reject", "eve", []token.Role{token.Editor}, `"7"`, withBody(`{"reason":"a mistake"}`)), `"8"`) // one's own
}

// The settings of the server say what waits; the catalog has the same.
func TestApprovalFollowsTheSettings(t *testing.T) {
	f := newFixture(t, func(c *Config) {
		c.Catalog = catalog.DefaultConfig()
		c.Catalog.Approval.Coins = 50
	})
	got := f.wantOK(f.say("POST", missionsPath, missionBody("")), `"1"`)
	if state := got["approval"].(map[string]any)["state"]; state != "waiting" || f.waitingIDs() != "m1" {
		t.Errorf("%v", state)
	}
}

// The domain names the roles of approvers as tokens do, and the states as the document does.
func TestApprovalWords(t *testing.T) {
	if audit.RoleApprover != string(token.Approver) || audit.RoleAdmin != string(token.Admin) {
		t.Error("the roles have other names in tokens")
	}
	f := newFixture(t)
	for _, p := range f.server.API.OpenAPI().Paths[missionsPath].Get.Parameters {
		if p.Name != "approval" {
			continue
		}
		for _, state := range catalog.Approvals() {
			if !slices.Contains(p.Schema.Enum, any(string(state))) {
				t.Errorf("%s is not in the document", state)
			}
		}
		return
	}
	t.Error("no parameter")
}
