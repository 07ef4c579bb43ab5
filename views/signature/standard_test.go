package signature

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// hook is a secret of Standard Webhooks.
const hook = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// hooked returns the headers that a sender with the reference library makes.
func hooked(t *testing.T, secret, id string, at time.Time, body []byte) http.Header {
	t.Helper()
	w, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := w.Sign(id, at, body)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	h.Set("webhook-signature", signed)
	return h
}

func standardVerifier(t *testing.T, clock *time.Time) *Verifier {
	t.Helper()
	v, err := NewVerifier(Config{
		Sources: []Source{{"psp", [][]byte{[]byte(hook), second}}, {"bank", [][]byte{first}}}, Now: func() time.Time { return *clock },
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestStandardWebhooks(t *testing.T) {
	clock := now
	for name, change := range map[string]func(http.Header){
		"as it is":            func(http.Header) {},
		"the source named":    func(h http.Header) { h.Set(SourceHeader, "psp") },
		"of several versions": func(h http.Header) { h.Set(WebhookHeader, "v1a,xyz "+h.Get(WebhookHeader)+" v2,abc") },
		"one is no MAC":       func(h http.Header) { h.Set(WebhookHeader, "v1,AAAA "+h.Get(WebhookHeader)) },
		"one of two": func(h http.Header) {
			h.Set(WebhookHeader, "v1,"+base64.StdEncoding.EncodeToString(make([]byte, 32))+" "+h.Get(WebhookHeader))
		},
	} {
		h := hooked(t, hook, "msg_1", now, body)
		change(h)
		if got, err := checkAll(standardVerifier(t, &clock), h, body); got != "psp" || err != nil {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
	// The other scheme of the same source, while it changes from one to the other.
	if got, err := checkAll(standardVerifier(t, &clock), headers(Sign(second, now, body), "psp"), body); got != "psp" || err != nil {
		t.Errorf("by our own scheme: %q %v", got, err)
	}
}

func TestBadStandardWebhooks(t *testing.T) {
	clock := now
	v := standardVerifier(t, &clock)
	at := strconv.FormatInt(now.Unix(), 10)
	for name, change := range map[string]func(http.Header){
		"another id":         func(h http.Header) { h.Set(IDHeader, "msg_2") },
		"no id":              func(h http.Header) { h.Del(IDHeader) },
		"a long id":          func(h http.Header) { h.Set(IDHeader, strings.Repeat("m", 257)) },
		"another time":       func(h http.Header) { h.Set(TimestampHeader, strconv.FormatInt(now.Unix()+1, 10)) },
		"a time with a plus": func(h http.Header) { h.Set(TimestampHeader, "+"+at) },
		"a time with a zero": func(h http.Header) { h.Set(TimestampHeader, "0"+at) },
		"no time":            func(h http.Header) { h.Del(TimestampHeader) },
		"the dot elsewhere":  func(h http.Header) { h.Set(IDHeader, "msg_1."+at[:1]); h.Set(TimestampHeader, at[1:]) },
		"no version":         func(h http.Header) { h.Set(WebhookHeader, strings.TrimPrefix(h.Get(WebhookHeader), "v1,")) },
		"another version":    func(h http.Header) { h.Set(WebhookHeader, "v2,"+strings.TrimPrefix(h.Get(WebhookHeader), "v1,")) },
		"short":              func(h http.Header) { h.Set(WebhookHeader, h.Get(WebhookHeader)[:20]) },
		"many":               func(h http.Header) { h.Set(WebhookHeader, strings.Repeat(h.Get(WebhookHeader)+" ", 5)) },
		"of another source":  func(h http.Header) { h.Set(SourceHeader, "bank") },
		"by two schemes":     func(h http.Header) { h.Set(Header, Sign(first, now, body)) },
	} {
		h := hooked(t, hook, "msg_1", now, body)
		change(h)
		if got, err := checkAll(v, h, body); !errors.Is(err, errInvalid) {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
	for name, h := range map[string]http.Header{
		"too late":                 hooked(t, hook, "msg_1", now.Add(-5*time.Minute-time.Second), body),
		"too early":                hooked(t, hook, "msg_1", now.Add(5*time.Minute+time.Second), body),
		"another body":             hooked(t, hook, "msg_1", now, []byte("{}")),
		"another secret":           hooked(t, "whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 24)), "msg_1", now, body),
		"a secret of our scheme":   hooked(t, base64.StdEncoding.EncodeToString(first), "msg_1", now, body),
		"their secret, our scheme": headers(Sign([]byte(hook), now, body), ""),
	} {
		if got, err := checkAll(v, h, body); !errors.Is(err, errInvalid) {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
	good := hooked(t, hook, "msg_1", now, body)
	if _, err := checkAll(v, good, body); err != nil {
		t.Errorf("the good one: %v", err)
	}
	if _, err := checkAll(v, good, body); !errors.Is(err, errInvalid) {
		t.Errorf("again: %v", err)
	}
}

// A call that does not name its source costs a pass over the body for each secret: there are not many of them.
func TestManySecretsNeedAName(t *testing.T) {
	var sources []Source
	for i := range 20 {
		sources = append(sources, Source{fmt.Sprint("s", i), [][]byte{fmt.Appendf(nil, "the secret of source %d", i)}})
	}
	v, err := NewVerifier(Config{Sources: sources, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	signed := Sign([]byte("the secret of source 7"), now, body)
	if _, err := check(v, signed, "", body); !errors.Is(err, errInvalid) || !strings.Contains(err.Error(), SourceHeader) {
		t.Errorf("without a name: %v", err)
	}
	if got, err := check(v, signed, "s7", body); got != "s7" || err != nil {
		t.Errorf("by name: %q %v", got, err)
	}
}

func TestStandardSecretsThatMakeNoSense(t *testing.T) {
	for secret, want := range map[string]string{"whsec_!!!": "base64", "whsec_c2hvcnQ=": "at least 16 bytes"} {
		if err := (Config{Sources: []Source{{"a", [][]byte{[]byte(secret)}}}}).Validate(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), secret[6:]) {
			t.Errorf("%s: %v", secret, err)
		}
	}
}
