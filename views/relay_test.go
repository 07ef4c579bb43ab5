package views

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/views/rate"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/signature"
	"github.com/millrace/millrace/views/token"
)

var bankSecret = []byte("the bank's secret of 32 bytes...")

// withSources makes a server that knows the source bank.
func withSources(t *testing.T) func(*Config) {
	return func(c *Config) {
		var err error
		c.Signatures, err = signature.NewVerifier(signature.Config{Sources: []signature.Source{{Name: "bank", Secrets: [][]byte{bankSecret}}}, Now: c.Now})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func relayEvent(id, transaction string) string {
	return fmt.Sprintf(`{"id":%q, "type":"payment","transaction_id":%q,"user_id":"usr_1","amount":12550,"currency":"INR","status":"success","updated_at":"2026-03-01T10:00:00Z"}`, id, transaction)
}

func (f *fixture) relay(body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	return f.ask("POST", "/v1/events", f.token("shop", token.Service), append([]func(*http.Request){withBody(body)}, change...)...)
}

// signed makes a call that the bank signs.
func (f *fixture) signed(body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	header := signature.Sign(bankSecret, f.now, []byte(body))
	return f.ask("POST", "/v1/events", "", append([]func(*http.Request){withBody(body), withHeader(signature.Header, header)}, change...)...)
}

func (f *fixture) sentEvents() (keys, values []string) {
	for _, e := range f.payments.got {
		keys, values = append(keys, e.Key), append(values, string(e.Value))
	}
	return keys, values
}

func TestRelayTakesEventsAsTheyCame(t *testing.T) {
	f := newFixture(t)
	one := " " + relayEvent("e1", "t1")
	w := f.relay(one)
	if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusAccepted || got != `{"accepted":1,"rejected":0,"results":[{"index":0,"id":"e1","verdict":"accepted"}]}` {
		t.Fatalf("%d %s", w.Code, got)
	}
	ahead := strings.Replace(relayEvent("e5", "t2"), "10:00:00", "10:04:59", 1)
	body := `{"events":[` + strings.Join([]string{
		relayEvent("e2", "t2"), strings.Replace(relayEvent("e3", "t1"), "12550", `"secret"`, 1), `{"id":"e4","type":"refund"}`, `{"id":"x","id":"y"}`, `7`,
		ahead, `{"type":"clock","at":"2026-03-01T10:00:00Z"}`, relayEvent("e6", "t2"),
	}, ",") + `]}`
	w = f.relay(body)
	want := `{"accepted":4,"rejected":4,"results":[{"index":0,"id":"e2","verdict":"accepted"},` +
		`{"index":1,"id":"e3","verdict":"rejected","reason":"invalid_field","detail":"amount","message":"not a positive integer of minor units: write an integer without quotes, such as 45000 for INR 450.00"},` +
		`{"index":2,"id":"e4","verdict":"rejected","reason":"unknown_type","detail":"type","message":"unknown: write payment, reversal or clock"},` +
		`{"index":3,"id":null,"verdict":"rejected","reason":"malformed","detail":"the same key twice in an object, at byte 18","message":"the same key twice in an object, at byte 18"},` +
		`{"index":4,"id":null,"verdict":"rejected","reason":"malformed","detail":"not a JSON object, at byte 0","message":"not a JSON object, at byte 0"},` +
		`{"index":5,"id":"e5","verdict":"accepted"},{"index":6,"id":null,"verdict":"accepted"},{"index":7,"id":"e6","verdict":"accepted"}]}`
	if diff := cmp.Diff(want, strings.TrimSpace(w.Body.String())); diff != "" || w.Code != http.StatusAccepted {
		t.Errorf("%d %s", w.Code, diff)
	}
	keys, values := f.sentEvents()
	if diff := cmp.Diff([]string{"t1", "t2", "t2", "", "t2"}, keys); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{strings.TrimSpace(one), relayEvent("e2", "t2"), ahead, `{"type":"clock","at":"2026-03-01T10:00:00Z"}`, relayEvent("e6", "t2")}, values); diff != "" {
		t.Error(diff)
	}
	if w := f.relay(`{"events":[]}`); w.Code != http.StatusAccepted || strings.TrimSpace(w.Body.String()) != `{"accepted":0,"rejected":0,"results":[]}` {
		t.Errorf("none at all: %d %s", w.Code, w.Body)
	}
}

func TestRelayOfAThousand(t *testing.T) {
	f := newFixture(t)
	many := func(n int) string {
		events := make([]string, n)
		for i := range events {
			events[i] = relayEvent(fmt.Sprint("e", i), fmt.Sprint("t", i%7))
		}
		return `{"events":[` + strings.Join(events, ",") + `]}`
	}
	if w := f.relay(many(1000)); w.Code != http.StatusAccepted || len(f.payments.got) != 1000 {
		t.Errorf("%d, %d sent", w.Code, len(f.payments.got))
	}
	p := f.wantProblem(f.relay(many(1001)), http.StatusUnprocessableEntity, "invalid_field")
	if firstPointer(p) != "/events" || len(f.payments.got) != 1000 {
		t.Errorf("%v", p)
	}
	large := `{"events":[` + strings.Replace(relayEvent("e", "t"), `"id"`, `"note":"`+strings.Repeat("x", 1<<20)+`","id"`, 1) + `]}`
	if p := f.wantProblem(f.relay(large), http.StatusUnprocessableEntity, "invalid_field"); p["errors"].([]any)[0].(map[string]any)["code"] != "too_large" {
		t.Errorf("%v", p)
	}
}

// A call of which nothing can be used is no delivery, and says why for each event.
func TestRelayOfNothingThatCanBeUsed(t *testing.T) {
	f := newFixture(t)
	for body, want := range map[string]string{
		`{"id":"e1","type":"refund"}`: `[{"pointer":"/type","code":"unknown_type","detail":"unknown: write payment, reversal or clock"}]`,
		`{}`:                          `[{"pointer":"/type","code":"invalid_field","detail":"missing: write payment, reversal or clock"}]`,
		`{"events":[{"id":"e1","type":"refund"}]}`:                    `[{"pointer":"/events/0/type","code":"unknown_type","detail":"unknown: write payment, reversal or clock"}]`,
		`{"events":[7,{"id":"e1","type":"refund"}]}`:                  `[{"pointer":"/events/0","code":"malformed","detail":"not a JSON object, at byte 0"},{"pointer":"/events/1/type","code":"unknown_type","detail":"unknown: write payment, reversal or clock"}]`,
		strings.Replace(relayEvent("e", "t"), "12550", `"secret"`, 1): `[{"pointer":"/amount","code":"invalid_field","detail":"not a positive integer of minor units: write an integer without quotes, such as 45000 for INR 450.00"}]`,
	} {
		w := f.relay(body)
		f.wantProblem(w, http.StatusUnprocessableEntity, "invalid_field")
		if !strings.Contains(w.Body.String(), `"errors":`+want) {
			t.Errorf("%s: %s", body, w.Body)
		}
	}
	if len(f.payments.got) != 0 {
		t.Errorf("%d were sent for somebody who does not sign", len(f.payments.got))
	}
}

// What a source that signs sent, and cannot be used, is not lost: intake makes dead letters of it.
func TestRejectedEventsOfASourceAreKept(t *testing.T) {
	f := newFixture(t, withSources(t))
	wrong := strings.Replace(relayEvent("e2", "t2"), "12550", "-1", 1)
	large := strings.Replace(relayEvent("e3", "t3"), `"id"`, `"note":"`+strings.Repeat("x", 2<<20)+`","id"`, 1)
	body := `{"events":[` + strings.Join([]string{relayEvent("e1", "t1"), wrong, `{"id":"x","id":"y"}`, `{"type":"clock","at":"never"}`, large, relayEvent("e4", "t2")}, ",") + `]}`
	if w := f.signed(body); w.Code != http.StatusAccepted || f.object(w.Body.Bytes())["rejected"] != 4.0 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	keys, values := f.sentEvents()
	if diff := cmp.Diff([]string{"t1", "t2", "bank", "bank", "bank", "t2"}, keys); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{relayEvent("e1", "t1"), wrong, `{"id":"x","id":"y"}`, `{"type":"clock","at":"never"}`, large[:stream.SourceLimit+1], relayEvent("e4", "t2")}, values); diff != "" {
		t.Errorf("%.500s", diff)
	}
	for _, e := range f.payments.got {
		if e.Clock {
			t.Errorf("a clock that cannot be read goes to every partition: %s", e.Value)
		}
	}
	if w := f.signed(wrong); w.Code != http.StatusUnprocessableEntity || len(f.payments.got) != 7 {
		t.Errorf("alone: %d %s, %d sent", w.Code, w.Body, len(f.payments.got))
	}
	f.wantProblem(f.signed(wrong), http.StatusUnauthorized, "unauthenticated") // it was taken: again it would be another dead letter
	f.payments.failing = errors.New("away")
	f.wantProblem(f.signed(wrong+" "), http.StatusServiceUnavailable, "unavailable")
}

func TestRelayOfStandardWebhooks(t *testing.T) {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	f := newFixture(t, func(c *Config) {
		var err error
		c.Signatures, err = signature.NewVerifier(signature.Config{Sources: []signature.Source{{Name: "psp", Secrets: [][]byte{[]byte(secret)}}}, Now: c.Now})
		if err != nil {
			t.Fatal(err)
		}
	})
	w, err := standardwebhooks.NewWebhook(secret)
	f.check(err)
	body := relayEvent("e1", "t1")
	signed, err := w.Sign("msg_1", f.now, []byte(body))
	f.check(err)
	call := func(body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
		return f.ask("POST", "/v1/events", "", append([]func(*http.Request){
			withBody(body), withHeader("webhook-id", "msg_1"), withHeader("webhook-timestamp", fmt.Sprint(f.now.Unix())), withHeader("webhook-signature", signed),
		}, change...)...)
	}
	f.wantProblem(call(body+" "), http.StatusUnauthorized, "unauthenticated")
	f.wantProblem(call(body, addHeader("webhook-id", "msg_1")), http.StatusBadRequest, "bad_request")
	f.wantProblem(call(body, withHeader(signature.Header, signature.Sign([]byte(secret), f.now, []byte(body)))), http.StatusUnauthorized, "unauthenticated")
	if w := call(body); w.Code != http.StatusAccepted || len(f.payments.got) != 1 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	f.wantProblem(call(body), http.StatusUnauthorized, "unauthenticated")
}

func TestRelayWithoutKafka(t *testing.T) {
	f := newFixture(t, withSources(t), func(c *Config) { c.Wait = time.Millisecond })
	f.payments.failing = errors.New("secret broker")
	w := f.relay(relayEvent("e1", "t1"))
	f.wantProblem(w, http.StatusServiceUnavailable, "unavailable")
	if w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), "secret") || !strings.Contains(f.log.String(), "secret broker") {
		t.Errorf("%v %s, log %s", w.Header(), w.Body, f.log)
	}
	f.wantProblem(f.signed(relayEvent("e1", "t1")), http.StatusServiceUnavailable, "unavailable")
	f.payments.failing, f.payments.hang = nil, true
	f.wantProblem(f.signed(relayEvent("e1", "t1")), http.StatusServiceUnavailable, "unavailable")
	f.payments.hang = false
	if w := f.signed(relayEvent("e1", "t1")); w.Code != http.StatusAccepted { // the same call again: it was not taken
		t.Errorf("%d %s", w.Code, w.Body)
	}
	f.wantProblem(f.signed(relayEvent("e1", "t1")), http.StatusUnauthorized, "unauthenticated") // now it was
}

func TestRelayIsLimitedBySource(t *testing.T) {
	f := newFixture(t, withSources(t), func(c *Config) {
		c.Limits = serve.Limits{Relay: rate.Limit{PerSecond: 1, Burst: 1}, Anonymous: rate.Limit{PerSecond: 1, Burst: 1}}
	})
	f.wantProblem(f.ask("POST", "/v1/events", "", withBody("{}"), withHeader(signature.Header, "t=1,v1=2")), http.StatusUnauthorized, "unauthenticated")
	f.wantProblem(f.ask("POST", "/v1/events", "", withBody("{}"), withHeader(signature.Header, "t=1,v1=2")), http.StatusTooManyRequests, "rate_limited")
	if w := f.signed(relayEvent("e1", "t1")); w.Code != http.StatusAccepted {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	f.wantProblem(f.signed(relayEvent("e2", "t2")), http.StatusTooManyRequests, "rate_limited")
	if w := f.relay(relayEvent("e3", "t3")); w.Code != http.StatusAccepted {
		t.Errorf("a service of its own: %d", w.Code)
	}
	f.now = f.now.Add(time.Second)
	if w := f.signed(relayEvent("e2", "t2")); w.Code != http.StatusAccepted {
		t.Errorf("a second later: %d %s", w.Code, w.Body)
	}
}

// relayAttacks are calls of the relay that must be refused.
func (g forger) relayAttacks() []attack {
	f := g.f
	const target = "/v1/events"
	event := strings.Replace(relayEvent("e1", "t1"), "usr_1", marker, 1)
	call := func(body, header string, more ...func(*http.Request)) []func(*http.Request) {
		all := []func(*http.Request){withBody(body)}
		if header != "" {
			all = append(all, withHeader(signature.Header, header))
		}
		return append(all, more...)
	}
	sign := func(secret []byte, at time.Time, body string) string { return signature.Sign(secret, at, []byte(body)) }
	good, used := sign(bankSecret, start, event), event+" "
	if w := f.signed(used); w.Code != http.StatusAccepted {
		f.t.Fatalf("the honest call: %d %s", w.Code, w.Body)
	}
	service := f.token("shop", token.Service)
	deep := `{"events":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`
	large := `{"events":["` + marker + strings.Repeat("x", 11<<20) + `"]}`
	return []attack{
		{"unsigned", "POST", target, "", call(event, ""), 401, "unauthenticated", ""},
		{"unsigned, of a source that signs", "POST", target, f.token("bank", token.Service), call(event, ""), 401, "unauthenticated", ""},
		{"unsigned, in the name of a source", "POST", target, service, call(event, "", withHeader(signature.SourceHeader, "bank")), 401, "unauthenticated", ""},
		{"replayed", "POST", target, "", call(used, sign(bankSecret, start, used)), 401, "unauthenticated", ""},
		{"replayed with a service's token", "POST", target, service, call(used, sign(bankSecret, start, used)), 401, "unauthenticated", ""},
		{"another body", "POST", target, "", call(event+"  ", good), 401, "unauthenticated", ""},
		{"another secret", "POST", target, "", call(event, sign([]byte(strings.Repeat("x", 32)), start, event)), 401, "unauthenticated", ""},
		{"an old signature", "POST", target, "", call(event, sign(bankSecret, start.Add(-6*time.Minute), event)), 401, "unauthenticated", ""},
		{"a signature to come", "POST", target, "", call(event, sign(bankSecret, start.Add(6*time.Minute), event)), 401, "unauthenticated", ""},
		{"an unknown source", "POST", target, "", call(event, good, withHeader(signature.SourceHeader, marker)), 401, "unauthenticated", ""},
		{"junk for a signature", "POST", target, "", call(event, marker), 401, "unauthenticated", ""},
		{"a user hands in", "POST", target, f.token("u", token.User), call(event, ""), 403, "forbidden", ""},
		{"an admin hands in", "POST", target, f.token("a", token.Admin), call(event, ""), 403, "forbidden", ""},
		{"a relayed call of 11 MB", "POST", target, service, call(large, ""), 413, "too_large", ""},
		{"a signed call of 11 MB", "POST", target, "", call(large, sign(bankSecret, start, large)), 413, "too_large", ""},
		{"a relayed call too deep", "POST", target, service, call(deep, ""), 400, "bad_request", ""},
		{"a relayed call that is no JSON", "POST", target, service, call(marker, ""), 400, "bad_request", ""},
		{"a relayed list that says more", "POST", target, service, call(`{"events":[],"`+marker+`":1}`, ""), 400, "bad_request", ""},
		{"a relayed list twice", "POST", target, service, call(`{"events":[],"events":[]}`, ""), 400, "bad_request", ""},
		{"a relayed call of another type", "POST", target, service, call(event, "", withHeader("Content-Type", "text/"+marker)), 415, "unsupported_media_type", ""},
	}
}

func TestRelayAnswersNeverRepeatValues(t *testing.T) {
	f := newFixture(t)
	for _, field := range []string{"id", "type", "transaction_id", "user_id", "currency", "status", "updated_at", "mode", "attributes", "reversal_id", "latency_ms"} {
		bad := strings.Replace(relayEvent("e1", "t1"), "{", `{"`+field+`x":1,`, 1)
		bad = strings.Replace(bad, `"`+field+`":"`, `"`+field+`":"`+marker+strings.Repeat("y", 300), 1)
		if w := f.relay(bad); strings.Contains(strings.Replace(w.Body.String(), `"id":"`+marker, "", 1), marker) && w.Code == http.StatusAccepted {
			t.Errorf("%s: %s", field, w.Body)
		}
	}
}
