package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/mission"
)

// apply asks the server for what missions name: what is there, what is not, and what it cannot be asked for.
func TestApplyAsksForWhatMissionsName(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked++; r.URL.Path {
		case "/v1/panel/pools/p":
			_, _ = io.WriteString(w, `{"id":"p","status":"active"}`)
		case "/v1/panel/pools/broken":
			http.Error(w, "{}", http.StatusInternalServerError)
		default:
			http.Error(w, "{}", http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	a := &app{config: config.Default()}
	a.config.Server = server.URL
	a.credentials.given = "token"
	named := newReferences(t.Context(), a, nil)
	for range 2 {
		if e, ok := named.find(catalog.KindPool, "p"); !ok || e.ID() != "p" {
			t.Errorf("p: %v %v", e, ok)
		}
		if _, ok := named.find(catalog.KindPool, "nope-typo"); ok {
			t.Error("nope-typo is there")
		}
	}
	if asked != 2 || named.failed != nil {
		t.Errorf("asked %d times, %v", asked, named.failed)
	}
	named.find(catalog.KindPool, "broken")
	if err := named.failed; err == nil || !strings.Contains(err.Error(), "pool broken cannot be checked") {
		t.Error(err)
	}

	away := newReferences(t.Context(), a, errors.New("no token"))
	if _, ok := away.find(catalog.KindPool, "p"); !ok {
		t.Error("a dry run without a server refuses what it cannot know")
	}
	if _, ok := away.find(catalog.KindRewardTemplate, "t"); ok {
		t.Error("a template is there without its reward")
	}
	m := mission.Default()
	m.Reward.Pool = "p"
	if notes := away.notes(catalog.NewMission(m)); len(notes) != 1 || !strings.HasPrefix(notes[0], "pool/p is not checked") {
		t.Error(notes)
	}
}
