package views

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/reward"
	"github.com/millrace/millrace/views/token"
)

// rewardsOf returns what a user was given.
func (f *fixture) rewardsOf(user string) []*reward.Reward {
	f.t.Helper()
	value, err := f.tables.rewards.Get(user)
	f.check(err)
	if value == nil {
		return nil
	}
	row, err := f.topology.Rewards.Row.Decode(value)
	f.check(err)
	return row.Rewards
}

// One Idempotency-Key pays once, however the same request is spelled.
func TestOneKeyPaysOnce(t *testing.T) {
	const (
		user   = "usr_1/a"
		honest = "/v1/panel/users/usr_1%2Fa/rewards"
	)
	spaced := strings.ReplaceAll(goodwillBody, ":", " :\n ")
	for name, c := range map[string]struct {
		target, body string
		change       []func(*http.Request)
		status       int
		code         string
	}{
		"as it was":             {honest, goodwillBody, nil, 200, ""},
		"a letter escaped":      {"/v1/panel/users/%75sr_1%2Fa/rewards", goodwillBody, nil, 200, ""},
		"the route escaped":     {"/v1/pan%65l/users/usr_1%2Fa/rewards", goodwillBody, nil, 200, ""},
		"lower-case hex":        {"/v1/panel/users/usr_1%2fa/rewards", goodwillBody, nil, 200, ""},
		"everything escaped":    {"/v1/panel/users/%75%73%72%5f%31%2F%61/rewards", goodwillBody, nil, 200, ""},
		"spaces in the body":    {honest, spaced, nil, 200, ""},
		"another key order":     {honest, `{"reason":"a late refund","grant":{"mode":"claim"},"amount":50,"kind":"coins"}`, nil, 200, ""},
		"an escape in the body": {honest, strings.Replace(goodwillBody, "coins", `\u0063oins`, 1), nil, 200, ""},
		"the charset named":     {honest, goodwillBody, []func(*http.Request){withHeader("Content-Type", "application/json; charset=UTF-8")}, 200, ""},
		"another charset":       {honest, goodwillBody, []func(*http.Request){withHeader("Content-Type", "application/json; charset=utf-16")}, 415, "unsupported_media_type"},
		"an If-Match":           {honest, goodwillBody, []func(*http.Request){withMatch("*")}, 400, "bad_request"},
		"more zeros":            {honest, strings.Replace(goodwillBody, "50", "50.0", 1), nil, 422, "invalid_field"},
		"another amount":        {honest, strings.Replace(goodwillBody, "50", "51", 1), nil, 409, "idempotency_conflict"},
		"a byte order mark":     {honest, "\ufeff" + goodwillBody, nil, 400, "bad_request"},
		"a slash more":          {honest + "/", goodwillBody, nil, 404, "not_found"},
		"two slashes":           {"/v1//panel/users/usr_1%2Fa/rewards", goodwillBody, nil, 404, "not_found"},
		"two slashes in front":  {"//v1/panel/users/usr_1%2Fa/rewards", goodwillBody, nil, 404, "not_found"},
		"a dot":                 {"/v1/./panel/users/usr_1%2Fa/rewards", goodwillBody, nil, 404, "not_found"},
		"two dots":              {"/v1/x/../panel/users/usr_1%2Fa/rewards", goodwillBody, nil, 404, "not_found"},
		"capitals":              {"/V1/panel/users/usr_1%2Fa/rewards", goodwillBody, nil, 404, "not_found"},
		"a query":               {honest + "?b=1&a=2", goodwillBody, nil, 400, "invalid_field"},
		"the key twice":         {honest, goodwillBody, []func(*http.Request){addHeader("Idempotency-Key", "k2")}, 400, "bad_request"},
		"the same key twice":    {honest, goodwillBody, []func(*http.Request){addHeader("Idempotency-Key", "k1")}, 400, "bad_request"},
		"an empty key":          {honest, goodwillBody, []func(*http.Request){withKey("")}, 400, "bad_request"},
		"a key of spaces":       {honest, goodwillBody, []func(*http.Request){withKey("  ")}, 400, "bad_request"},
		"a key of 257 bytes":    {honest, goodwillBody, []func(*http.Request){withKey(strings.Repeat("k", 257))}, 400, "bad_request"},
		"a key that is no text": {honest, goodwillBody, []func(*http.Request){withKey("k\x01")}, 400, "bad_request"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			if w := f.say("POST", honest, goodwillBody, withKey("k1")); w.Code != http.StatusOK {
				t.Fatalf("the first: %d %s", w.Code, w.Body)
			}
			w := f.say("POST", c.target, c.body, append([]func(*http.Request){withKey("k1")}, c.change...)...)
			if c.code != "" {
				f.wantProblem(w, c.status, c.code)
			} else if w.Code != c.status {
				t.Errorf("%d %s, want %d", w.Code, w.Body, c.status)
			}
			if n := len(f.rewardsOf(user)); n != 1 || f.asked.sent != 1 {
				t.Errorf("%d rewards by %d commands", n, f.asked.sent)
			}
		})
	}
}

func addHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Add(name, value) }
}

// A key is for one thing: what it was used for elsewhere changes nothing.
func TestOneKeyIsForOneThing(t *testing.T) {
	f := newFixture(t)
	for n, target := range []string{
		"/v1/panel/users/usr_1/rewards", "/v1/panel/users/usr_2/rewards", "/v1/panel/users/usr%252F1/rewards", "/v1/panel/users/usr%2F1/rewards",
	} {
		if w := f.say("POST", target, goodwillBody, withKey("k1")); w.Code != http.StatusOK || f.asked.sent != n+1 {
			t.Errorf("%s: %d %s, %d sent", target, w.Code, w.Body, f.asked.sent)
		}
	}
}

// `me` is the user.
func TestOneKeyOfMe(t *testing.T) {
	f := newFixture(t)
	f.putMission(optIn("opt"))
	asha := f.token("usr_9", token.User)
	ask := func(method, target string) *httptest.ResponseRecorder {
		return f.ask(method, target, asha, withKey("k"))
	}
	if w := ask("POST", "/v1/users/me/missions/opt/enrol"); w.Code != http.StatusOK || f.asked.sent != 1 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := ask("POST", "/v1/users/usr_9/missions/opt/enrol"); w.Code != http.StatusOK || f.asked.sent != 1 {
		t.Errorf("by name: %d %s, %d sent", w.Code, w.Body, f.asked.sent)
	}
	if w := ask("DELETE", "/v1/users/me/missions/opt/enrol"); w.Code != http.StatusOK || f.asked.sent != 2 {
		t.Errorf("another method is another command: %d %s, %d sent", w.Code, w.Body, f.asked.sent)
	}
}

// Two requests under one key that pass each other before either is judged are one command and a conflict.
func TestOneKeyAtOnce(t *testing.T) {
	f := newFixture(t)
	f.asked.hold, f.asked.held = make(chan struct{}), make(chan struct{})
	const target = "/v1/panel/users/usr_1/rewards"
	answers := make(chan *httptest.ResponseRecorder, 2)
	for _, body := range []string{goodwillBody, strings.Replace(goodwillBody, "50", "51", 1)} {
		bearer := f.token("eve", token.Editor)
		go func() { answers <- f.ask("POST", target, bearer, withBody(body), withKey("k")) }()
		<-f.asked.held // it was sent before the next one is asked for
	}
	close(f.asked.hold)
	first, second := <-answers, <-answers
	if codes := first.Code + second.Code; codes != http.StatusOK+http.StatusConflict {
		t.Errorf("%d %s\n%d %s", first.Code, first.Body, second.Code, second.Body)
	}
	if n := len(f.rewardsOf("usr_1")); n != 1 {
		t.Errorf("%d rewards", n)
	}
}

// One key with two bodies at once, which name two entities, is one command and a conflict, though neither has a verdict
// yet.
func TestOneKeyAtOnceMakesOneEntity(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Wait = 10 * time.Millisecond })
	f.commands.deaf = true
	for _, target := range []string{"/v1/panel/overrides", missionsPath} {
		sent := len(f.commands.sent)
		body, other := overrideBody, strings.Replace(overrideBody, "o1", "o2", 1)
		if target == missionsPath {
			body, other = missionBody(""), strings.Replace(missionBody(""), "m1", "m2", 1)
		}
		if w := f.say("POST", target, body, withKey("k")); w.Code != http.StatusAccepted {
			t.Fatalf("the first: %d %s", w.Code, w.Body)
		}
		f.wantProblem(f.say("POST", target, other, withKey("k")), http.StatusConflict, "idempotency_conflict")
		if w := f.say("POST", target, body, withKey("k")); w.Code != http.StatusAccepted { // the same again is the same
			t.Errorf("again: %d %s", w.Code, w.Body)
		}
		f.now = f.now.Add(90 * time.Second)
		f.wantProblem(f.say("POST", target, other, withKey("k")), http.StatusConflict, "idempotency_conflict")
		if n := len(f.commands.sent) - sent; n != 2 {
			t.Errorf("%s: %d commands", target, n)
		}
		f.now = f.now.Add(time.Hour) // what has no verdict by then is forgotten, as what the catalog remembers no more
		if w := f.say("POST", target, other, withKey("k")); w.Code != http.StatusAccepted {
			t.Errorf("long after: %d %s", w.Code, w.Body)
		}
	}
}
