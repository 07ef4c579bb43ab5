package views

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/mission"
)

// A read is about the window of the data's own time, or of the user; until that begins there is none.
func TestWindowsOfMissions(t *testing.T) {
	f := newFixture(t)
	daily, own := swiggy(), swiggy()
	daily.ID, daily.Window = "daily", mission.Window{Kind: mission.WindowRecurring, Every: mission.EveryDay}
	own.ID, own.Window = "own", mission.Window{Kind: mission.WindowPerUser, Duration: 48 * time.Hour}
	streak := swiggy()
	streak.ID, streak.Goal = "streak", mission.Goal{Metric: mission.MetricStreak, Target: 2}
	vip := swiggy()
	vip.ID, vip.Audience.Segments = "vip", []string{"vip"}
	for _, m := range []mission.Mission{daily, own, streak, vip} {
		f.putMission(m)
	}
	before := f.get("/v1/users/me/missions/own")
	if before["window"] != nil || before["enrolled"] != false || before["enrolled_at"] != nil || before["remaining"] != 50000.0 {
		t.Errorf("a window that has not begun: %v", before)
	}
	f.putProgress()
	for id, want := range map[string][3]any{
		"daily":  {"2026-02-28T18:30:00.000Z", "2026-03-01T18:30:00.000Z", 10000.0},
		"own":    {"2026-03-01T10:00:00.000Z", "2026-03-03T10:00:00.000Z", 10000.0},
		"streak": {"2026-02-28T18:30:00.000Z", "2026-03-07T18:30:00.000Z", 1.0},
	} {
		item := f.get("/v1/users/me/missions/" + id)
		window, _ := item["window"].(map[string]any)
		if window["start"] != want[0] || window["end"] != want[1] || item["progress"] != want[2] || item["enrolled_at"] != "2026-03-01T10:00:00.000Z" {
			t.Errorf("%s: %v", id, item)
		}
	}
	contributions := f.get("/v1/users/me/missions/streak")["contributions"].([]any)
	if len(contributions) != 2 || contributions[0].(map[string]any)["reason"] != "filter" || contributions[1].(map[string]any)["contribution"] != 1.0 {
		t.Errorf("%v", contributions)
	}
	if items := f.get("/v1/users/me/missions")["items"].([]any); len(items) != 3 { // not the one for others
		t.Errorf("%d missions are seen", len(items))
	}
}

// Payments that a row remembers count for missions that are newer than the row; for those that it has met they did
// already.
func TestPageCountsWhatRowsRemember(t *testing.T) {
	f := newFixture(t)
	f.putMission(swiggy())
	f.putProgress()
	progress := func() map[string]any {
		shown := map[string]any{}
		for _, item := range f.get("/v1/users/me/missions")["items"].([]any) {
			shown[item.(map[string]any)["id"].(string)] = item.(map[string]any)["progress"]
		}
		return shown
	}
	if d := cmp.Diff(map[string]any{"swiggy-500": 10000.0}, progress()); d != "" {
		t.Error(d)
	}
	later := swiggy()
	later.ID, later.Filters[0].Values[0].Text = "zomato-500", "zomato"
	f.putMission(later)
	if d := cmp.Diff(map[string]any{"swiggy-500": 10000.0, "zomato-500": 5000.0}, progress()); d != "" {
		t.Error(d)
	}
}
