package views

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/views/token"
)

// optIn is swiggy-500 for those who ask for it.
func optIn(id string) mission.Mission {
	m := swiggy()
	m.ID, m.Enrolment = id, "opt_in"
	return m
}

// pay stores a payment of usr_1 at swiggy, that long after start.
func (f *fixture) pay(id string, minor int64, after time.Duration) {
	p := facts(id, minor, "swiggy")
	p.CreatedAt = at(after)
	f.check(f.asked.progress("usr_1", func(row *mission.UserRow, missions *mission.Snapshot) (*mission.UserRow, []mission.Effect) {
		return mission.Apply(row, &ledger.Posting{Facts: p, Kind: ledger.PaymentSettled, Seq: 1, NetAfter: minor, At: p.CreatedAt}, missions, mission.DefaultConfig())
	}))
	f.until(func() bool {
		row, err := f.server.missions.UserRow("usr_1")
		f.check(err)
		return row != nil && strings.Contains(recentOf(row), " "+id+" ")
	})
}

func recentOf(row *mission.UserRow) string {
	text := " "
	for _, r := range row.Recent {
		text += r.TransactionID + " "
	}
	return text
}

// until waits for the row of usr_1 to be so.
func (f *fixture) until(so func() bool) {
	changed, end := f.indexes.watchers.Progress.Watch("usr_1")
	defer end()
	for !so() {
		<-changed
	}
}

func TestEnrolAndWithdrawOverHTTP(t *testing.T) {
	f := newFixture(t)
	f.putMission(optIn("opt"))
	f.putMission(swiggy())
	asha := f.token("usr_1", token.User)
	const path = "/v1/users/me/missions/opt"
	f.pay("t1", 10000, -time.Minute)
	w := f.ask("POST", path+"/enrol", asha, withKey("k"))
	if got := f.object(w.Body.Bytes()); w.Code != http.StatusOK || got["enrolled"] != true || got["progress"] != 0.0 || got["enrolled_at"] != "2026-03-01T10:00:00.000Z" {
		t.Fatalf("%d %v", w.Code, got)
	}
	if got := w.Header().Get("Location"); got != "/v1/users/usr_1/missions/opt" {
		t.Errorf("Location %q", got)
	}
	sent := f.asked.sent
	if w := f.ask("POST", path+"/enrol", asha, withKey("k")); w.Code != http.StatusOK || f.asked.sent != sent {
		t.Errorf("again: %d, %d more sent", w.Code, f.asked.sent-sent)
	}
	f.pay("t2", 20000, time.Minute)
	f.now = f.now.Add(2 * time.Minute)
	w = f.ask("DELETE", path+"/enrol", asha)
	if got := f.object(w.Body.Bytes()); w.Code != http.StatusOK || got["enrolled"] != false || got["progress"] != 20000.0 {
		t.Errorf("withdrawn: %d %v", w.Code, got)
	}
	f.pay("t3", 5000000, 3*time.Minute)
	if got := f.object(f.ask("GET", path, asha).Body.Bytes()); got["progress"] != 20000.0 {
		t.Errorf("after the withdrawal: %v", got)
	}
	f.wantProblem(f.ask("POST", "/v1/users/me/missions/nope/enrol", asha), http.StatusNotFound, "not_found")
	f.wantProblem(f.ask("POST", "/v1/users/usr_1/missions/opt/enrol", f.token("usr_2", token.User)), http.StatusNotFound, "not_found")
	f.wantProblem(f.ask("POST", path+"/enrol", f.token("eve", token.Editor)), http.StatusForbidden, "forbidden")
	f.wantProblem(f.ask("DELETE", "/v1/users/me/missions/swiggy-500/enrol", asha), http.StatusUnprocessableEntity, "invalid_state")
	if w := f.ask("POST", "/v1/users/me/missions/swiggy-500/enrol", asha); w.Code != http.StatusOK {
		t.Errorf("where nobody needs to ask: %d %s", w.Code, w.Body)
	}
}

// Where history is replayed, a decision holds from where the replay is: the clock's time would be after all that is to
// come.
func TestDecisionsInReplayedHistory(t *testing.T) {
	f := newFixture(t)
	f.putMission(optIn("opt"))
	f.pay("t1", 10000, 0)
	f.now = start.Add(240 * time.Hour)
	w := f.ask("POST", "/v1/users/usr_1/missions/opt/enrol", f.token("backend", token.Service))
	if got := f.object(w.Body.Bytes()); got["enrolled_at"] != "2026-03-01T10:00:00.000Z" {
		t.Errorf("%d %v", w.Code, got)
	}
	f.pay("t2", 20000, time.Minute)
	if got := f.object(f.ask("GET", "/v1/users/usr_1/missions/opt", f.token("usr_1", token.User)).Body.Bytes()); got["progress"] != 30000.0 {
		t.Errorf("%v", got["progress"])
	}
}

func TestSegmentsOverHTTP(t *testing.T) {
	f := newFixture(t)
	m := swiggy()
	m.ID, m.Audience.Segments = "vips", []string{"vip"}
	f.putMission(m)
	asha := f.token("usr_1", token.User)
	f.wantProblem(f.ask("GET", "/v1/users/me/missions/vips", asha), http.StatusNotFound, "not_found")
	const target = "/v1/panel/users/usr_1/segments"
	w := f.say("PUT", target, `{"segments":["vip","new","vip"]}`, withKey("k"))
	if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusOK || got != `{"user_id":"usr_1","segments":["new","vip"]}` {
		t.Fatalf("%d %s", w.Code, got)
	}
	if w := f.ask("GET", "/v1/users/me/missions/vips", asha); w.Code != http.StatusOK {
		t.Errorf("a mission for the segment: %d", w.Code)
	}
	f.wantProblem(f.say("PUT", target, `{"segments":["old"]}`, withKey("k")), http.StatusConflict, "idempotency_conflict")
	for body, want := range map[string]int{
		`{"segments":["a b"]}`: 422, `{"segments":[1]}`: 422, `{}`: 422, `{"segments":"vip"}`: 422, `{"segments":[],"x":1}`: 400, `{`: 400,
	} {
		if w := f.say("PUT", target, body); w.Code != want {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	f.now = f.now.Add(time.Second)
	if w := f.say("PUT", target, `{"segments":[]}`); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	f.wantProblem(f.ask("GET", "/v1/users/me/missions/vips", asha), http.StatusNotFound, "not_found")
	f.wantProblem(f.ask("PUT", target, asha, withBody(`{"segments":["vip"]}`)), http.StatusForbidden, "forbidden")
}
