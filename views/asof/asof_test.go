package asof

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func positions() *rapid.Generator[Position] {
	return rapid.Custom(func(t *rapid.T) Position {
		p := Position{}
		for _, topic := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z.-]{0,12}`), 0, 4, rapid.ID[string]).Draw(t, "topics") {
			p[topic] = rapid.MapOfN(rapid.Int32Range(0, 1<<31-1), rapid.Int64Range(0, 1<<62), 0, 12).Draw(t, "offsets")
		}
		return p
	})
}

func TestTokensRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := positions().Draw(t, "position")
		got, err := Parse(p.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(p, got); d != "" {
			t.Fatal(d)
		}
		if !p.Reached(got) {
			t.Fatal("a position does not reach itself")
		}
	})
}

func TestReached(t *testing.T) {
	at := Position{"a-table": {0: 5, 1: 7}}
	for name, c := range map[string]struct {
		want Position
		ok   bool
	}{
		"nothing asked":     {Position{}, true},
		"equal":             {Position{"a-table": {0: 5}}, true},
		"behind":            {Position{"a-table": {0: 5, 1: 8}}, false},
		"zero on any table": {Position{"b-table": {3: 0}}, true},
		"unknown partition": {Position{"a-table": {2: 1}}, false},
	} {
		if c.want.Reached(at) != c.ok {
			t.Errorf("%s: want %v", name, c.ok)
		}
	}
}

func TestBadTokens(t *testing.T) {
	good := Position{"ledger-table": {0: 3}}.Encode()
	raw, _ := base64.RawURLEncoding.DecodeString(good)
	for name, token := range map[string]string{
		"empty": "", "not base64": "%%%", "padding": good + "=", "cut": base64.RawURLEncoding.EncodeToString(raw[:len(raw)-1]),
		"more":       base64.RawURLEncoding.EncodeToString(append(append([]byte{}, raw...), 0)),
		"version":    base64.RawURLEncoding.EncodeToString([]byte{9, 0}),
		"huge count": base64.RawURLEncoding.EncodeToString([]byte{1, 255, 255, 255, 255, 15}),
		"negative":   base64.RawURLEncoding.EncodeToString([]byte{1, 1, 1, 'a', 1, 0, 1}),
	} {
		if _, err := Parse(token); !errors.Is(err, ErrToken) {
			t.Errorf("%s: got %v, want ErrToken", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Position{"ledger-table": {0: 3, 11: 1 << 40}, "progress-table": {}}.Encode())
	f.Add("AQA")
	f.Fuzz(func(t *testing.T, token string) {
		p, err := Parse(token)
		if err != nil {
			return
		}
		again, err := Parse(p.Encode())
		if err != nil || !cmp.Equal(p, again) {
			t.Fatalf("%v: %v != %v", err, p, again)
		}
	})
}
