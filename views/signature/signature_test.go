package signature

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

var (
	now    = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	first  = []byte("0123456789abcdef")
	second = []byte("fedcba9876543210")
	body   = []byte(`{"events":[]}`)
)

func verifier(t *testing.T, clock *time.Time) *Verifier {
	v, err := NewVerifier(Config{
		Sources: []Source{{"bank", [][]byte{first, second}}, {"shop", [][]byte{[]byte("shop's own secret")}}}, Now: func() time.Time { return *clock },
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// headers are those of a request that is signed.
func headers(signed, source string) http.Header {
	return http.Header{Header: {signed}, SourceHeader: {source}}
}

// check does what a server does with a request that it takes.
func check(v *Verifier, header, source string, body []byte) (string, error) {
	return checkAll(v, headers(header, source), body)
}

func checkAll(v *Verifier, h http.Header, body []byte) (string, error) {
	c, err := v.Open(h)
	if err != nil {
		return "", err
	}
	name, end, err := c.Check(body)
	if err == nil {
		end(true)
	}
	return name, err
}

// A value that was made by another program: printf '%s' '1772359200.{"events":[]}' | openssl dgst -sha256 -hmac
// 0123456789abcdef.
const known = "t=1772359200,v1=c9db939c62d3b0fe973dd476cafe6df6d7816924def77a19c0d8f44954a810dc"

func TestSignatureIsThatOfTheContract(t *testing.T) {
	if got := Sign(first, now, body); got != known {
		t.Errorf("%s", got)
	}
}

func TestGoodSignatures(t *testing.T) {
	clock := now
	for name, c := range map[string]struct{ header, source, want string }{
		"the source named":    {Sign(first, now, body), "bank", "bank"},
		"the source found":    {Sign(first, now, body), "", "bank"},
		"another":             {Sign([]byte("shop's own secret"), now, body), "", "shop"},
		"a secret to come":    {Sign(second, now, body), "bank", "bank"},
		"as late as can be":   {Sign(first, now.Add(-5*time.Minute), body), "", "bank"},
		"as early as can be":  {Sign(first, now.Add(5*time.Minute), body), "", "bank"},
		"of several versions": {"v0=x, " + Sign(first, now, body) + ",v2=y", "", "bank"},
		"one is no MAC":       {"v1=AAAA," + Sign(first, now, body), "", "bank"},
		"one of two":          {Sign(first, now, body) + ",v1=" + strings.Repeat("0", 64), "", "bank"},
		"in capitals":         {strings.Replace(strings.ToUpper(Sign(first, now, body)), "T=1772359200,V1", "t=1772359200,v1", 1), "", "bank"},
	} {
		if got, err := check(verifier(t, &clock), c.header, c.source, body); got != c.want || err != nil {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
}

func TestBadSignatures(t *testing.T) {
	clock := now
	v := verifier(t, &clock)
	good := Sign(first, now, body)
	for name, c := range map[string]struct {
		header, source string
		body           []byte
	}{
		"none":                {"", "", body},
		"no time":             {good[strings.Index(good, "v1"):], "", body},
		"no mac":              {"t=1772359200", "", body},
		"a short mac":         {good[:len(good)-2], "", body},
		"another body":        {good, "", []byte(`{"events":[1]}`)},
		"another time":        {strings.Replace(good, "t=1772359200", "t=1772359201", 1), "", body},
		"another's secret":    {good, "shop", body},
		"an unknown source":   {good, "ghost", body},
		"a stranger's secret": {Sign([]byte("0123456789abcdeX"), now, body), "", body},
		"too late":            {Sign(first, now.Add(-5*time.Minute-time.Second), body), "", body},
		"too early":           {Sign(first, now.Add(5*time.Minute+time.Second), body), "", body},
		"two times":           {good + ",t=1772359200", "", body},
		"a time with a zero":  {strings.Replace(good, "t=", "t=0", 1), "", body},
		"a time below zero":   {strings.Replace(good, "t=", "t=-", 1), "", body},
		"a time without end":  {strings.Replace(good, "t=", "t=99999999999999999999", 1), "", body},
		"a time far away":     {strings.Replace(good, "t=1772359200", "t=9223372036854775807", 1), "", body},
		"many macs":           {good + strings.Repeat(",v1="+strings.Repeat("0", 64), 4), "", body},
		"a long header":       {good + strings.Repeat(",x=y", 300), "", body},
	} {
		if got, err := check(v, c.header, c.source, c.body); !errors.Is(err, errInvalid) {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
	if got, err := check(v, good, "", body); got != "bank" || err != nil {
		t.Errorf("the good one: %q %v", got, err)
	}
	none, err := NewVerifier(Config{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := check(none, good, "", body); !errors.Is(err, errInvalid) {
		t.Errorf("without sources: %v", err)
	}
}

func TestReplaysAreRefusedAsLongAsTheyCouldPass(t *testing.T) {
	for _, ahead := range []time.Duration{-5 * time.Minute, 0, 5 * time.Minute} {
		clock := now
		v := verifier(t, &clock)
		header := Sign(first, now.Add(ahead), body)
		if _, err := check(v, header, "", body); err != nil {
			t.Fatal(err)
		}
		for ; clock.Before(now.Add(30 * time.Minute)); clock = clock.Add(7 * time.Second) {
			if _, err := check(v, header, "", body); !errors.Is(err, errInvalid) {
				t.Fatalf("%v ahead, after %v: %v", ahead, clock.Sub(now), err)
			}
			_, _ = check(v, Sign(first, clock, fmt.Append(nil, clock)), "", fmt.Append(nil, clock))
		}
		if n := len(v.young) + len(v.old); n > 200 {
			t.Errorf("%d are remembered", n)
		}
	}
}

// What was not taken may come again; while it is being taken it may not.
func TestWhatWasNotTakenMayComeAgain(t *testing.T) {
	clock := now
	v := verifier(t, &clock)
	open := func() (func(bool), error) {
		c, err := v.Open(headers(Sign(first, now, body), ""))
		if err != nil {
			t.Fatal(err)
		}
		_, end, err := c.Check(body)
		return end, err
	}
	end, err := open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(); !errors.Is(err, errInvalid) {
		t.Errorf("at the same time: %v", err)
	}
	end(false)
	if end, err = open(); err != nil {
		t.Fatalf("again: %v", err)
	}
	end(true)
	if _, err := open(); !errors.Is(err, errInvalid) {
		t.Errorf("after it was taken: %v", err)
	}
}

func TestSourcesThatMakeNoSense(t *testing.T) {
	err := Config{Window: 2 * time.Hour, Sources: []Source{{"a", nil}, {"a", [][]byte{first}}, {"", [][]byte{first}}, {"b", [][]byte{bytes.Repeat([]byte("x"), 15)}}}}.Validate()
	if err == nil || len(strings.Split(err.Error(), "\n")) != 5 {
		t.Errorf("%v", err)
	}
	if err := (Config{Sources: make([]Source, 101)}).Validate(); err == nil {
		t.Error("too many sources")
	}
}
