package server

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/millrace/millrace/cmd/pipeline"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
)

// What users and support ask for over HTTP is judged by the groups of users' rows, and shown.
func TestUserWritesReachTheirGroups(t *testing.T) {
	f := newFixture(t)
	f.createStreams()
	p, err := pipeline.Start(t.Context(), pipeline.Config{Settings: f.settings, Topology: f.topology, Groups: []string{"catalog", "progress", "rewards"}})
	f.check(err)
	t.Cleanup(func() { f.check(p.Stop()) })
	f.check(p.Ready(t.Context()))
	s := f.serve()
	f.check(s.Recovered(t.Context()))
	m := mission.Default()
	m.ID, m.Title, m.Currency, m.Status, m.Enrolment = "opt", "Opt in", "INR", mission.Active, mission.OptIn
	m.Goal, m.Reward = mission.Goal{Metric: mission.MetricCount, Target: 2}, mission.Reward{Kind: mission.RewardCoins, Amount: 10}
	m.Window = mission.Window{Kind: mission.WindowRecurring, Every: "day"}
	put := catalog.NewPut("c1", "test", instant.Of(time.Now()), catalog.NewMission(m))
	f.check((&commands{s.client, f.topology}).Send(t.Context(), put))
	call := func(method, path, body string) (int, map[string]any) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Addr().String()+path, bytes.NewReader([]byte(body)))
		f.check(err)
		r.Header.Set("Authorization", "Bearer "+f.bearer)
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		f.check(err)
		defer func() { _ = resp.Body.Close() }()
		raw, err := io.ReadAll(resp.Body)
		f.check(err)
		out := map[string]any{}
		f.check(json.Unmarshal(raw, &out))
		return resp.StatusCode, out
	}
	status, got := call("POST", "/v1/users/asha/missions/opt/enrol", "")
	for status == http.StatusNotFound { // progress has not met the mission yet
		status, got = call("POST", "/v1/users/asha/missions/opt/enrol", "")
	}
	if status != http.StatusOK || got["enrolled"] != true {
		t.Errorf("%d %v", status, got)
	}
	if status, got = call("DELETE", "/v1/users/asha/missions/opt/enrol", ""); status != http.StatusOK || got["enrolled"] != false {
		t.Errorf("%d %v", status, got)
	}
	if status, got = call("PUT", "/v1/panel/users/asha/segments", `{"segments":["vip"]}`); status != http.StatusOK {
		t.Errorf("%d %v", status, got)
	}
	status, got = call("POST", "/v1/panel/users/asha/rewards", `{"kind":"coins","amount":5,"reason":"r","grant":{"mode":"claim"}}`)
	if status != http.StatusOK || got["state"] != "claimable" {
		t.Fatalf("%d %v", status, got)
	}
	id := got["id"].(string)
	if status, got = call("POST", "/v1/users/asha/rewards/"+id+"/claim", ""); status != http.StatusOK || got["state"] != "granted" {
		t.Errorf("%d %v", status, got)
	}
	if status, got = call("POST", "/v1/panel/users/asha/rewards/"+id+"/cancel", `{"reason":"r"}`); status != http.StatusOK || got["state"] != "clawed_back" {
		t.Errorf("%d %v", status, got)
	}
}
