package views

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/views/token"
)

// creations returns the writes of changes that create or change what is at their path, by path.
func creations() map[string]string {
	out := map[string]string{"/v1/panel/missions/m1": missionBody("")}
	for _, c := range changes() {
		if c.method == http.MethodPut && !strings.HasSuffix(c.target, "/segments") {
			out[c.target] = c.body
		}
	}
	return out
}

func declares(op *huma.Operation, header string) bool {
	return slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.In == "header" && p.Name == header })
}

// withConditions sends If-Match: * to an operation that looks at it, and a new Idempotency-Key to one that needs it.
func (f *fixture) withConditions(method, path string) func(*http.Request) {
	op := f.server.Registered(huma.Operation{Method: method, Path: path})
	if op != nil && declares(op, "If-Match") {
		return withMatch("*")
	}
	if op != nil && slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == "Idempotency-Key" && p.Required }) {
		return withKey(rand.Text())
	}
	return func(*http.Request) {}
}

// TestIfMatchOfNothing: where there is nothing yet no If-Match holds, and nothing is created (RFC 9110, section
// 13.1.1).
func TestIfMatchOfNothing(t *testing.T) {
	for target, body := range creations() {
		for _, match := range []string{"*", `"1"`, `"1", "2"`, `W/"1"`, `"other"`} {
			f := newFixture(t)
			f.wantProblem(f.say("PUT", target, body, withMatch(match)), http.StatusPreconditionFailed, "precondition_failed")
			f.tables.catalog.rows.Scan(func(key string, value []byte) bool {
				row, err := f.topology.Catalog.Row.Decode(value)
				if f.check(err); row.Entity != nil {
					t.Errorf("%s with %s created %s", target, match, key)
				}
				return true
			})
			if w := f.say("PUT", target, body); w.Code != http.StatusOK {
				t.Errorf("%s after a 412: %d %s", target, w.Code, w.Body)
			}
		}
	}
	f := newFixture(t)
	for target, body := range creations() {
		list := target[:strings.LastIndexByte(target, '/')]
		if target == "/v1/panel/freeze" || target == "/v1/panel/health-settings" {
			continue // their lists take PUT alone
		}
		f.wantProblem(f.say("POST", list, body, withMatch("*")), http.StatusPreconditionFailed, "precondition_failed")
	}
}

// TestIfMatchIsReadAsTheRFCSays: what is well-formed holds or does not; all else is refused, and nothing passes as if
// it were absent.
func TestIfMatchIsReadAsTheRFCSays(t *testing.T) {
	f, n := newFixture(t), 0
	for match, want := range map[string]int{
		"*": 200, `"2"`: 200, `"1", "2"`: 200, `"2","9"`: 200, `"2" , "x"`: 200, `W/"2", "2"`: 200, `, "2",`: 200,
		`"1"`: 412, `"3"`: 412, `"1", "3"`: 412, `W/"2"`: 412, `"02"`: 412, `"x"`: 412, `""`: 412, `"a,b"`: 412, `"99999999999999999999"`: 412,
		"": 400, " ": 400, "2": 400, `"2`: 400, `2"`: 400, `"1" "2"`: 400, `*, "2"`: 400, `"2", *`: 400, "**": 400, `w/"2"`: 400, `"a b"`: 400, ",": 400,
		`"2", 3`: 400, "'2'": 400,
	} {
		n++
		for what, ask := range map[string]func(id string) int{
			"PUT": func(id string) int {
				return f.say("PUT", "/v1/panel/brands/"+id, `{"name":"C"}`, withMatch(match)).Code
			},
			"DELETE": func(id string) int { return f.say("DELETE", "/v1/panel/brands/"+id, "", withMatch(match)).Code },
			"POST": func(id string) int {
				return f.say("POST", "/v1/panel/brands", `{"id":"`+id+`","name":"C"}`, withMatch(match)).Code
			},
		} {
			id := what + strconv.Itoa(n)
			f.wantOK(f.say("PUT", "/v1/panel/brands/"+id, `{"name":"A"}`), `"1"`)
			f.wantOK(f.say("PUT", "/v1/panel/brands/"+id, `{"name":"B"}`, withMatch(`"1"`)), `"2"`)
			if got := ask(id); got != want {
				t.Errorf("%s with If-Match %q: %d, want %d", what, match, got, want)
			}
		}
		m := swiggy()
		m.ID = "m" + strconv.Itoa(n)
		f.putMission(m)
		f.wantOK(f.say("POST", missionsPath+"/"+m.ID+"/pause", "", withMatch(`"1"`)), `"2"`)
		if got := f.say("POST", missionsPath+"/"+m.ID+"/resume", "", withMatch(match)).Code; got != want {
			t.Errorf("resume with If-Match %q: %d, want %d", match, got, want)
		}
	}
	f.wantProblem(f.say("PUT", "/v1/panel/brands/b", `{"name":"A"}`, withMatch("*"), addHeader("If-Match", `"1"`)), http.StatusBadRequest, "bad_request")
	for target, method := range map[string]string{"/v1/panel/brands/b": "DELETE", "/v1/panel/missions/m/pause": "POST", "/v1/panel/pools/p/codes": "POST"} {
		for _, match := range []string{"*", `"1"`, `W/"1"`} { // without a condition it is 404, so the condition does not count (section 13.2.1)
			body, kind := "", "application/json"
			if strings.HasSuffix(target, "/codes") {
				body, kind = "A-1\n", "text/csv"
			}
			f.wantProblem(f.say(method, target, body, withHeader("Content-Type", kind), withMatch(match)), http.StatusNotFound, "not_found")
		}
	}
}

// TestIfNoneMatchCreatesOnly: `If-None-Match: *` changes nothing that is there, and all else that the header may say is
// refused.
func TestIfNoneMatchCreatesOnly(t *testing.T) {
	none := func(value string) func(*http.Request) { return withHeader("If-None-Match", value) }
	for target, body := range creations() {
		f := newFixture(t)
		f.wantOK(f.say("PUT", target, body, none("*")), `"1"`)
		f.wantProblem(f.say("PUT", target, body, none("*")), http.StatusPreconditionFailed, "precondition_failed")
		f.wantProblem(f.say("PUT", target, body, none("*"), withMatch("*")), http.StatusPreconditionFailed, "precondition_failed")
		f.wantProblem(f.say("PUT", target, body, none("*"), withMatch(`"1"`)), http.StatusPreconditionFailed, "precondition_failed")
		for _, value := range []string{"", `"1"`, `"2"`, `W/"1"`, "x"} {
			p := f.wantProblem(f.say("PUT", target, body, none(value), withMatch("*")), http.StatusBadRequest, "bad_request")
			if firstPointer(p) != "/header/If-None-Match" {
				t.Errorf("%s with If-None-Match %q: %v", target, value, p)
			}
		}
	}
	f := newFixture(t)
	f.wantOK(f.say("PUT", "/v1/panel/brands/b", `{"name":"A"}`, none("*"), withKey("k")), `"1"`)
	f.wantOK(f.say("PUT", "/v1/panel/brands/b", `{"name":"A"}`, none("*"), withKey("k")), `"1"`) // a repeat has the verdict of then
	f.wantProblem(f.say("PUT", "/v1/panel/brands/b", `{"name":"A"}`, withKey("k")), http.StatusConflict, "idempotency_conflict")
}

// TestPreconditionsAreNeverIgnored: a write that looks at no precondition refuses those that it is sent.
func TestPreconditionsAreNeverIgnored(t *testing.T) {
	f := newFixture(t, simulated)
	f.fillAll()
	bearer := f.token("usr_1", token.User, token.Admin, token.Service)
	refused, read := 0, 0
	f.operations(func(method, path string, op *huma.Operation) {
		if method == http.MethodGet {
			return
		}
		for _, name := range []string{"If-Match", "If-None-Match"} {
			if declares(op, name) {
				read++
				continue
			}
			refused++
			w := f.ask(method, target(path), bearer, fromHere, withBody("{}"), withHeader(name, "*"))
			if w.Code != http.StatusBadRequest || firstPointer(f.object(w.Body.Bytes())) != "/header/"+name {
				t.Errorf("%s %s with %s: %d %s", method, path, name, w.Code, w.Body)
			}
		}
	})
	if read < 30 || refused < 20 {
		t.Errorf("%d are read, %d refused", read, refused)
	}
}

// TestCreationsThatPassEachOther: what was not there when it was looked for, and is there when the command is judged,
// is not overwritten.
func TestCreationsThatPassEachOther(t *testing.T) {
	for name, c := range map[string]struct {
		change []func(*http.Request)
		status int
		code   string
	}{
		"without a condition": {nil, http.StatusPreconditionRequired, "precondition_required"},
		"If-None-Match":       {[]func(*http.Request){withHeader("If-None-Match", "*")}, http.StatusPreconditionFailed, "precondition_failed"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.commands.before = func() { // somebody else's command is judged first
				f.judge(catalog.NewPut("other", "bob", at(0), catalog.Brand{BrandID: "b", Name: "Bob's", State: catalog.StatusActive}))
			}
			f.wantProblem(f.say("PUT", "/v1/panel/brands/b", `{"name":"Eve's"}`, c.change...), c.status, c.code)
			if got := f.get("/v1/panel/brands/b"); got["name"] != "Bob's" {
				t.Errorf("%v", got)
			}
		})
	}
}
