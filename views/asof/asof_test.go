package asof

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func positions() *rapid.Generator[Position] {
	return rapid.Custom(func(t *rapid.T) Position {
		p := Position{}
		names := rapid.StringMatching(`[a-z.-]{0,12}`)
		for _, table := range rapid.SliceOfNDistinct(names, 0, 4, rapid.ID[string]).Draw(t, "tables") {
			p[table] = rapid.MapOfN(rapid.Int32Range(0, 1<<31-1), rapid.MapOfN(names, rapid.Int64Range(0, 1<<62), 0, 3), 0, 12).Draw(t, "offsets")
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
	})
}

func TestTokensNameEachTopicOnce(t *testing.T) {
	p := Position{"ledger-table": {}}
	for partition := range int32(12) {
		p["ledger-table"][partition] = map[string]int64{"transactions": 1_000_000}
	}
	if got := len(p.Encode()); got > 150 {
		t.Errorf("a token of 12 partitions takes %d bytes", got)
	}
}

func TestChangelogs(t *testing.T) {
	want := Position{"a-table": {0: {"a-table": 5}, 3: {"a-table": 7}}}
	if d := cmp.Diff(want, Changelogs(map[string]map[int32]int64{"a-table": {0: 5, 3: 7}})); d != "" {
		t.Error(d)
	}
}

// seal makes a token of bytes, with the right sum.
func seal(b ...byte) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint32(b, sum(b)))
}

func TestBadTokens(t *testing.T) {
	good := Position{"ledger-table": {0: {"transactions": 3}}}.Encode()
	raw, _ := base64.RawURLEncoding.DecodeString(good)
	for name, token := range map[string]string{
		"empty": "", "not base64": "%%%", "padding": good + "=", "no sum": "AgA",
		"cut":             base64.RawURLEncoding.EncodeToString(raw[:len(raw)-1]),
		"more":            seal(append(raw[:len(raw)-sumBytes:len(raw)-sumBytes], 0)...),
		"version":         seal(1, 0),
		"later version":   seal(3, 0),
		"huge count":      seal(2, 255, 255, 255, 255, 15),
		"huge text":       seal(2, 1, 9, 'a'),
		"huge partition":  seal(2, 1, 1, 'a', 0, 1, 255, 255, 255, 255, 15),
		"huge offset":     seal(2, 1, 1, 'a', 1, 1, 'b', 1, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1),
		"partition twice": seal(2, 1, 1, 'a', 0, 2, 0, 0),
		"table twice":     seal(2, 2, 1, 'a', 0, 0, 1, 'a', 0, 0),
	} {
		if p, err := Parse(token); !errors.Is(err, errToken) {
			t.Errorf("%s: got %v, %v, want ErrToken", name, p, err)
		}
	}
	if p, err := Parse(seal(2, 1, 1, 'a', 0, 1, 0)); err != nil || !cmp.Equal(p, Position{"a": {0: {}}}) {
		t.Errorf("the cases above are bad for other reasons: %v, %v", p, err)
	}
}

// Whatever single byte somebody changes, it is no token any more.
func TestTamperedTokens(t *testing.T) {
	raw, _ := base64.RawURLEncoding.DecodeString(Position{"ledger-table": {0: {"transactions": 300}, 5: {"transactions": 7}}}.Encode())
	for i := range raw {
		for bit := range 8 {
			changed := append([]byte{}, raw...)
			changed[i] ^= 1 << bit
			if p, err := Parse(base64.RawURLEncoding.EncodeToString(changed)); !errors.Is(err, errToken) {
				t.Fatalf("byte %d, bit %d: %v, %v", i, bit, p, err)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Position{"ledger-table": {0: {"transactions": 3}, 11: {"transactions": 1 << 40}}, "progress-table": {}}.Encode())
	f.Add(seal(2, 1, 1, 'a', 1, 1, 'b', 1, 0, 7))
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
