package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/views/token"
)

// attempt is one attack: the bytes that are sent, and the statuses that say that it failed.
type attempt struct {
	name, send string
	want       []int
}

const (
	gift     = `{"kind":"coins","amount":50,"reason":"sorry"}`
	override = `{"mode":"upi","instrument":"sbi","state":"down","until":"2026-12-01T11:00:00Z","reason":"r"}`
	giveTo   = "/v1/panel/users/victim/rewards"
)

func relayed(id, transaction, amount string) string {
	return fmt.Sprintf(`{"id":%q,"type":"payment","transaction_id":%q,"user_id":"victim","amount":%s,"currency":"INR","status":"success","mode":"upi","instrument":"sbi"}`,
		id, transaction, amount)
}

// attempts on who may do what.
func (x *target) onRoles() []attempt {
	user, viewer, editor := x.token("mallory", token.User), x.token("vera", token.Viewer), x.token("ed", token.Editor)
	health, service := x.token("bot", token.Health), x.token("shop", token.Service)
	root := x.token("mallory", "root")
	list := []attempt{
		{"another's missions", request("GET", "/v1/users/victim/missions", user, ""), []int{404}},
		{"another's rewards", request("GET", "/v1/users/victim/rewards", user, ""), []int{404}},
		{"another's stream", request("GET", "/v1/users/victim/stream", user, ""), []int{404}},
		{"another's claim", request("POST", "/v1/users/victim/rewards/r/claim", user, ""), []int{404}},
		{"another's, by a path that climbs", request("GET", "/v1/users/mallory/../victim/missions", user, ""), []int{404}},
		{"another's, by an escaped one", request("GET", "/v1/users/mallory%2f..%2fvictim/missions", user, ""), []int{404}},
		{"a user on the panel", request("GET", "/v1/panel/transactions/t1", user, ""), []int{403}},
		{"a user gives", request("POST", giveTo, user, gift), []int{403}},
		{"a user says that they are an admin", request("POST", giveTo, user, gift, "X-Role: admin", "X-User: root"), []int{403}},
		{"a viewer gives", request("POST", giveTo, viewer, gift), []int{403}},
		{"a health reader writes", request("POST", "/v1/panel/overrides", health, override), []int{403}},
		{"a service writes", request("POST", "/v1/panel/overrides", service, override), []int{403}},
		{"an editor hands in", request("POST", "/v1/events", editor, relayed("e", "t", "1")), []int{403}},
		{"an unknown role", request("GET", "/v1/panel/missions", root, ""), []int{401, 403}},
		{"nobody", request("POST", giveTo, "", gift), []int{401}},
		{"a token in the query", request("GET", "/v1/panel/missions?access_token="+editor, "", ""), []int{401}},
		{"a token in a cookie", request("GET", "/v1/panel/missions", "", "", "Cookie: token="+editor), []int{401}},
		{"two tokens", request("POST", giveTo, user, gift, "Authorization: Bearer "+editor), []int{400}},
		{"dev's tokens", request("POST", "/v1/dev/token", "", `{"sub":"x","roles":["admin"]}`), []int{404}},
		{"metrics", request("GET", "/metrics", "", ""), []int{404}},
		{"metrics, with a token", request("GET", "/metrics", editor, ""), []int{404}},
		{"profiles", request("GET", "/debug/pprof/heap", editor, ""), []int{404}},
		{"dev's board", request("GET", "/v1/dev/board", "", ""), []int{404}},
		{"health from this machine", request("GET", "/v1/health", "", "", "Host2: localhost"), []int{401}},
		{"health as this machine", request("GET", "/v1/health", "", "", "X-Forwarded-For: 127.0.0.1"), []int{401}},
		{"the profiler", request("GET", "/debug/pprof/", "", ""), []int{404}},
		{"a method by a header", request("POST", "/v1/panel/overrides/o1", editor, `{}`, "X-HTTP-Method-Override: DELETE"), []int{405}},
		{"a method by a query", request("POST", "/v1/panel/overrides/o1?_method=DELETE", editor, `{}`), []int{405}},
		{"TRACE", request("TRACE", "/livez", "", ""), []int{405}},
		{"CONNECT", request("CONNECT", "/livez", "", ""), []int{400, 404, 405}},
	}
	return list
}

// attempts on how a request is read.
func (x *target) onReading() []attempt {
	editor, service := x.token("ed", token.Editor), x.token("shop", token.Service)
	start := "POST " + giveTo + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + editor + "\r\nContent-Type: application/json\r\n"
	smuggled := "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(bytes.Repeat([]byte(" "), 64<<20))
	_ = z.Close()
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	many := strings.Repeat("X-A: b\r\n", 200)
	body := func(text string) string { return request("POST", giveTo, editor, text) }
	return []attempt{
		{"a length and chunks", start + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, []int{400}},
		{"a length and chunks, the other way", start + "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n" + smuggled, []int{400}},
		{"fewer chunks than said", start + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n" + smuggled, []int{400}},
		{"two lengths", start + "Content-Length: 5\r\nContent-Length: 50\r\n\r\n{}   " + smuggled, []int{400}},
		{"two lengths in one", start + "Content-Length: 5, 50\r\n\r\n{}   " + smuggled, []int{400}},
		{"a length below zero", start + "Content-Length: -1\r\n\r\n" + smuggled, []int{400}},
		{"a length with a plus", start + "Content-Length: +5\r\n\r\n{}   " + smuggled, []int{400}},
		{"an odd coding", start + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled, []int{501}},
		{"two codings", start + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + smuggled, []int{400, 501}},
		{"a coding in a space", start + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled, []int{400}},
		{"a chunk that is too long", start + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n" + smuggled, []int{400}},
		{"a line break in a header", start + "X-A: a\r\n\tb\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", []int{400, 422}},
		{"gzip", request("POST", giveTo, editor, bomb.String(), "Content-Encoding: gzip"), []int{415}},
		{"deep JSON", body(deep), []int{400}}, {"deep objects", body(strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)), []int{400}},
		{"a field twice", body(`{"kind":"coins","amount":1,"amount":1000000,"reason":"r"}`), []int{400}},
		{"a field twice in other letters", body(`{"kind":"coins","amount":1,"Amount":1000000,"reason":"r"}`), []int{400}},
		{"a large number", body(`{"kind":"coins","amount":1e400,"reason":"r"}`), []int{400, 422}},
		{"int64 and one", body(`{"kind":"coins","amount":9223372036854775808,"reason":"r"}`), []int{422}},
		{"all of int64", body(`{"kind":"cash","currency":"INR","amount":9223372036854775807,"reason":"r"}`), []int{422}},
		{"a number below zero", body(`{"kind":"coins","amount":-50,"reason":"r"}`), []int{422}},
		{"a number as text", body(`{"kind":"coins","amount":"50","reason":"r"}`), []int{422}},
		{"invalid UTF-8", body("{\"kind\":\"coins\",\"amount\":1,\"reason\":\"\xff\xfe\"}"), []int{400}},
		{"a NUL", body("{\"kind\":\"coins\",\"amount\":1,\"reason\":\"a\x00b\"}"), []int{400}},
		{"half a surrogate", body(`{"kind":"coins","amount":1,"reason":"\ud800"}`), []int{400}},
		{"YAML", body("kind: coins\namount: 50\nreason: r\n"), []int{400}},
		{"a form", request("POST", giveTo, editor, "", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 0"), []int{400, 415}},
		{"a user of control characters", request("POST", "/v1/panel/users/a%0d%0aSet-Cookie:x/rewards", editor, gift), []int{404}},
		{"a user of NUL", request("POST", "/v1/panel/users/%00/rewards", editor, gift), []int{404}},
		{"an event of int64", request("POST", "/v1/events", service, relayed("e", "t", "9223372036854775807")), []int{422}},
		{"an event of less", request("POST", "/v1/events", service, relayed("e", "t", "-1")), []int{422}},
		{"many headers", "GET /livez HTTP/1.1\r\nHost: x\r\n" + many + "\r\n", []int{431}},
		{"a forged cursor", request("GET", "/v1/panel/missions?cursor=AAAA", editor, ""), []int{422}},
		{"a cursor of another list", request("GET", "/v1/panel/audit?cursor=eyJhIjoxfQ", editor, ""), []int{422}},
		{"a forged position", request("GET", "/v1/panel/missions?min_as_of=AgINY2F0YWxvZy10YWJsZQ", editor, ""), []int{400}},
		{"a limit beyond all", request("GET", "/v1/panel/missions?limit=99999999999999999999", editor, ""), []int{422}},
		{"HTTP/2 without TLS", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{400, 404, 505}},
		{"no host", "GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n", []int{400}},
		{"a page that asks for another", request("OPTIONS", giveTo, "", "", "Origin: https://evil.example", "Access-Control-Request-Method: POST"), []int{405}},
		{"another site's path", request("GET", "//evil.example/%2e%2e", "", ""), []int{404}},
		{"another site's path, by a backslash", request("GET", `/\evil.example`, "", ""), []int{400, 404}},
		{"a file by a path", request("GET", "/assets/../../../../etc/passwd", "", ""), []int{404}},
		{"a file by an escaped path", request("GET", "/assets/..%2f..%2f..%2fetc%2fpasswd", "", ""), []int{404}},
		{"a list of files", request("GET", "/assets/", "", ""), []int{404}},
	}
}

// attempts on the calls of the relay.
func (x *target) onRelay() []attempt {
	body := relayed("e9", "t9", "100")
	call := func(body string, header ...string) string { return request("POST", "/v1/events", "", body, header...) }
	return []attempt{
		{"unsigned", call(body), []int{401}},
		{"signed for another body", call(body, sign(body+" ")), []int{401}},
		{"signed twice", call(body, sign(body), sign(body)), []int{400}},
		{"by another scheme", call(body, "webhook-id: m", fmt.Sprintf("webhook-timestamp: %d", time.Now().Unix()), "webhook-signature: v1,"+strings.Repeat("A", 43)+"="), []int{401}},
		{"in the bank's name", request("POST", "/v1/events", x.token("shop", token.Service), body, "Millrace-Source: bank"), []int{401}},
		{"as the bank", request("POST", "/v1/events", x.token("bank", token.Service), body), []int{401}},
		{"nothing that can be used", request("POST", "/v1/events", x.token("shop", token.Service), `{"events":[{"id":"x"}]}`), []int{422}},
	}
}

// Every attack that anybody has tried, over sockets, on processes as they are deployed.
func TestAttacksOverSockets(t *testing.T) {
	x := deployed(t)
	listener, called := ears(t)
	admin := x.token("root", token.Admin)
	if got := x.raw(x.addr, request("GET", "/v1/panel/missions", admin, "")); got.status != http.StatusOK {
		t.Fatalf("the honest token: %d %s", got.status, got.body)
	}
	list := append(append(x.onRoles(), x.onReading()...), x.onRelay()...)
	for name, forged := range x.forgeries(listener) {
		list = append(list, attempt{name, request("GET", "/v1/panel/missions", forged, ""), []int{401}})
	}
	for _, a := range list {
		t.Run(a.name, func(t *testing.T) {
			got := x.raw(x.addr, a.send)
			failed := got.answers == 1
			for _, status := range a.want {
				if got.status == status {
					a.want = nil
				}
			}
			if a.want != nil || !failed {
				t.Errorf("%d, %d answers, want %v: %.600s\n%.300s", got.status, got.answers, a.want, got.head, got.body)
			}
			guarded(t, got)
		})
	}
	given := x.object(x.raw(x.addr, request("GET", "/v1/users/victim/rewards", x.token("victim", token.User), "")).body)
	if items := given["items"].([]any); len(items) != 0 {
		t.Errorf("somebody was given %v", items)
	}
	t.Run("addresses are not called", func(t *testing.T) { x.addresses(t, admin, listener, called) })
	t.Run("pages", func(t *testing.T) { x.pages(t) })
	t.Run("a mission takes two", func(t *testing.T) { x.secondPerson(t) })
	t.Run("a large gift takes two", func(t *testing.T) { x.largeGift(t) })
	t.Run("nobody flushes the audit", func(t *testing.T) { x.flush(t) })
	t.Run("one key pays once", func(t *testing.T) { x.oneKey(t) })
	t.Run("a replay to another server", func(t *testing.T) { x.replay(t) })
	t.Run("what a source sent is kept", func(t *testing.T) { x.letters(t) })
	t.Run("nobody takes all listeners", func(t *testing.T) { x.listeners(t) })
	t.Run("HTTP to the broker", func(t *testing.T) {
		if got := x.raw(x.broker, request("GET", "/v1/panel/missions", admin, "")); got.head != "" {
			t.Errorf("it answers: %q", got.head)
		}
	})
	t.Run("half a body", func(t *testing.T) { x.halfBody(t) })
}

// guarded checks the headers of an answer that is ours; net/http's own are plain text, and close the connection.
func guarded(t *testing.T, got heard) {
	t.Helper()
	if strings.Contains(got.head, "Content-Type: text/plain") {
		if !strings.Contains(got.head, "Connection: close") || got.status < 400 {
			t.Errorf("plain text: %s", got.head)
		}
		return
	}
	for _, want := range []string{"X-Content-Type-Options: nosniff", "frame-ancestors 'none'", "Referrer-Policy: no-referrer", "Cross-Origin-Resource-Policy: same-origin", "X-Request-Id: "} {
		if !strings.Contains(got.head, want) {
			t.Errorf("no %q in %s", want, got.head)
		}
	}
	for _, bad := range []string{"Access-Control-", "Location:", "evil.example", "Set-Cookie", "Server:", "X-Powered-By"} {
		if strings.Contains(got.head, bad) {
			t.Errorf("%q in %s", bad, got.head)
		}
	}
	if got.status >= 400 && !strings.Contains(got.head, "Content-Type: application/problem+json") {
		t.Errorf("no problem: %s", got.head)
	}
	if strings.Contains(got.body, "goroutine ") || strings.Contains(got.body, ".go:") {
		t.Errorf("it says what is inside: %s", got.body)
	}
}

// addresses: nothing that takes an address calls it, and none can run in a page.
func (x *target) addresses(t *testing.T, admin, listener string, called func() int) {
	ad := func(url string) heard {
		return x.raw(x.addr, request("POST", "/v1/panel/ads", admin, `{"title":"T","placement":"home","image_url":"`+url+`","target_url":"`+url+`"}`))
	}
	for _, url := range []string{"http://" + listener + "/a.png", "https://" + listener + "/a.png", "http://169.254.169.254/latest"} {
		_ = ad(url) // kept or refused: it must not be called
	}
	for _, url := range []string{"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.example/x"} {
		if got := ad(url); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", url, got.status, got.body)
		}
	}
	if n := called(); n != 0 {
		t.Errorf("%d calls to an address that somebody sent", n)
	}
}

// pages: what anybody may see has the headers of a page, a range is not looked at, and an upgrade is none.
func (x *target) pages(t *testing.T) {
	for _, path := range []string{"/", "/docs", "/openapi.json", "/livez"} {
		got := x.raw(x.addr, request("GET", path, "", "", "Range: bytes=0-1", "X-Forwarded-Host: evil.example", "Origin: https://evil.example"))
		if got.status != http.StatusOK || strings.Contains(got.body, "evil.example") {
			t.Errorf("%s: %d", path, got.status)
		}
		guarded(t, got)
	}
	got := x.raw(x.addr, request("GET", "/livez", "", "", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"))
	if got.status != http.StatusOK {
		t.Errorf("h2c: %d", got.status)
	}
	if got := x.raw(x.addr, "GET /livez HTTP/1.0\r\n\r\n"); got.status != http.StatusOK || got.answers != 1 {
		t.Errorf("HTTP/1.0: %d", got.status)
	}
	if got := x.raw(x.addr, "GET http://evil.example/livez HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"); strings.Contains(got.head+got.body, "evil") {
		t.Errorf("it repeats the host: %s", got.head)
	}
}

// oneKey: the same key by other spellings pays once.
func (x *target) oneKey(t *testing.T) {
	editor := x.token("ed", token.Editor)
	for _, path := range []string{"/v1/panel/users/winner/rewards", "/v1/panel/users/winne%72/rewards", "/v1/panel/user%73/winner/rewards", "/v1/panel/users/%77inner/rewards"} {
		if got := x.raw(x.addr, request("POST", path, editor, gift, "Idempotency-Key: once")); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	for _, path := range []string{"/v1//panel/users/winner/rewards", "/v1/panel/users/winner/rewards/", "/v1/panel/users/winner/./rewards"} {
		if got := x.raw(x.addr, request("POST", path, editor, gift, "Idempotency-Key: once")); got.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	got := x.object(x.raw(x.addr, request("GET", "/v1/users/me/coins", x.token("winner", token.User), "")).body)
	if got["balance"] != 50.0 {
		t.Errorf("the balance is %v", got["balance"])
	}
}

// replay: a signed call that is taken down and sent to another server is taken there, and changes nothing.
func (x *target) replay(t *testing.T) {
	body := relayed("e1", "t1", "12550")
	call := request("POST", "/v1/events", "", body, sign(body))
	for i, c := range []struct {
		addr string
		want int
	}{{x.addr, 202}, {x.addr, 401}, {x.second, 202}, {x.second, 401}} {
		if got := x.raw(c.addr, call); got.status != c.want {
			t.Errorf("call %d: %d %s", i, got.status, got.body)
		}
	}
	viewer, transaction := x.token("vera", token.Viewer), map[string]any{}
	x.until(func() bool {
		got := x.raw(x.addr, request("GET", "/v1/panel/transactions/t1", viewer, ""))
		if got.status != http.StatusOK {
			return false
		}
		transaction = x.object(got.body)
		return len(transaction["journal"].([]any)) >= 2
	})
	journal := transaction["journal"].([]any)
	if transaction["amount"] != 12550.0 || transaction["net"] != 12550.0 || len(journal) != 2 || journal[1].(map[string]any)["verdict"] != "duplicate" {
		t.Errorf("%v", transaction)
	}
}

// letters: what a source signed and cannot be used is a dead letter with its bytes; what a token sent is none.
func (x *target) letters(t *testing.T) {
	viewer, body := x.token("vera", token.Viewer), `{"events":[{"id":"lost","type":"payment","transaction_id":"t5","amount":-5}]}`
	if got := x.raw(x.addr, request("POST", "/v1/events", "", body, sign(body))); got.status != http.StatusUnprocessableEntity {
		t.Fatalf("%d %s", got.status, got.body)
	}
	var items []any
	x.until(func() bool {
		items = x.object(x.raw(x.addr, request("GET", "/v1/panel/dead-letters", viewer, "")).body)["items"].([]any)
		return len(items) > 0
	})
	letter := items[0].(map[string]any)
	if len(items) != 1 || letter["group"] != "intake" || letter["topic"] != "payments" || letter["reason"] != "invalid_field" ||
		letter["raw_base64"] != "eyJpZCI6Imxvc3QiLCJ0eXBlIjoicGF5bWVudCIsInRyYW5zYWN0aW9uX2lkIjoidDUiLCJhbW91bnQiOi01fQ==" {
		t.Errorf("%v", items)
	}
}

// listeners: one token has 20.
func (x *target) listeners(t *testing.T) {
	bot := x.token("bot", token.Health)
	listen := func() int {
		conn, err := net.Dial("tcp", x.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		fmt.Fprintf(conn, "GET /v1/health/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", bot)
		var status int
		if _, err := fmt.Fscanf(conn, "HTTP/1.1 %d", &status); err != nil {
			t.Fatal(err)
		}
		return status
	}
	for n := range 20 {
		if got := listen(); got != http.StatusOK {
			t.Fatalf("listener %d: %d", n, got)
		}
	}
	if got := listen(); got != http.StatusTooManyRequests {
		t.Errorf("one more: %d", got)
	}
}

// halfBody: half a body is given up within seconds, and its connection is closed.
func (x *target) halfBody(t *testing.T) {
	began := time.Now()
	got := x.raw(x.addr, "POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+x.token("shop", token.Service)+"\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"id\":")
	if took := time.Since(began); got.status != http.StatusRequestTimeout || took > 30*time.Second {
		t.Errorf("%d after %v", got.status, took)
	}
}
