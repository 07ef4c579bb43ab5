package views

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/simulation"
	missionviews "github.com/millrace/millrace/views/mission"
	"github.com/millrace/millrace/views/token"
)

func TestSimulateIsForEditors(t *testing.T) {
	var asked []string
	var fails error
	var from, to instant.Milli
	f := newFixture(t, func(c *Config) {
		c.Simulator = func(_ context.Context, m mission.Mission, begin, end instant.Milli) (simulation.Result, error) {
			asked, from, to = append(asked, m.ID), begin, end
			return simulation.Result{Users: 2, Completions: 1, Cost: 100, ByDay: []simulation.Day{}, NotCounted: []simulation.Count{{Reason: "filter", Count: 3}}}, fails
		}
	})
	m := mission.Default()
	m.ID, m.Title, m.Currency, m.TimeZone, m.Status = "m1", "M", "INR", "Asia/Kolkata", mission.Draft
	m.Goal = mission.Goal{Metric: mission.MetricCount, Target: 1}
	m.Window = mission.Window{Kind: mission.WindowFixed, From: "2026-03-01", To: "2026-03-08"}
	m.Reward.Kind, m.Reward.Amount = mission.RewardCoins, 1
	f.putMission(m)
	ask := func(id string, role token.Role, body string) (int, map[string]any) {
		var change []func(*http.Request)
		if body != "" {
			change = append(change, withBody(body))
		}
		w := f.ask("POST", "/v1/panel/missions/"+id+"/simulate", f.token("asif", role), change...)
		return w.Code, f.object(w.Body.Bytes())
	}
	status, answer := ask("m1", token.Editor, "")
	want := map[string]any{"users": 2.0, "completions": 1.0, "cost": 100.0, "by_day": []any{}, "not_counted": []any{map[string]any{"reason": "filter", "count": 3.0}}}
	if diff := cmp.Diff(want, answer); status != http.StatusOK || diff != "" || from != 0 || to != 0 {
		t.Errorf("%d %v %v %s", status, from, to, diff)
	}
	if status, _ := ask("m1", token.Editor, `{"from":"2026-03-01T12:00:00Z","to":"2026-03-02T12:00:00Z"}`); status != http.StatusOK || from != 1_772_366_400_000 || to-from != 86_400_000 {
		t.Errorf("%d %v %v", status, from, to)
	}
	ran := len(asked)
	for name, c := range map[string]struct {
		id, body string
		role     token.Role
		status   int
	}{
		"a viewer":  {"m1", "", token.Viewer, http.StatusForbidden},
		"a user":    {"m1", "", token.User, http.StatusForbidden},
		"no such":   {"m2", "", token.Editor, http.StatusNotFound},
		"backwards": {"m1", `{"from":"2026-03-02T12:00:00Z","to":"2026-03-02T12:00:00Z"}`, token.Editor, http.StatusUnprocessableEntity},
	} {
		if status, answer := ask(c.id, c.role, c.body); status != c.status {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
	if len(asked) != ran {
		t.Error("refused, and simulated all the same")
	}
	for err, want := range map[error]int{missionviews.ErrBusy: http.StatusTooManyRequests, simulation.ErrUsers: http.StatusUnprocessableEntity, errors.New("x"): http.StatusInternalServerError} {
		fails = err
		if status, _ := ask("m1", token.Editor, ""); status != want {
			t.Errorf("%v: %d", err, status)
		}
	}
}
