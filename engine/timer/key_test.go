package timer

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func golden() map[string]Timer {
	return map[string]Timer{
		"8000019ca8d73022" + "74786e5f31" + "0001" + "70656e64696e67": {1772359200802, "txn_1", "pending"},
		"8000000000000000" + "" + "0001" + "":                         {},
		"7fffffffffffffff" + "61" + "0001" + "":                       {-1, "a", ""},
		"8000000000000001" + "6100ff6200ff" + "0001" + "006e":         {1, "a\x00b\x00", "\x00n"},
		"ffffffffffffffff" + "00ff" + "0001" + "ff":                   {math.MaxInt64, "\x00", "\xff"},
		"0000000000000000" + "00ff01" + "0001" + "0001":               {math.MinInt64, "\x00\x01", "\x00\x01"},
	}
}

func TestKeyGolden(t *testing.T) {
	for want, timer := range golden() {
		if got := hex.EncodeToString(AppendKey(nil, timer)); got != want {
			t.Errorf("%+v\n got %s\nwant %s", timer, got, want)
		}
		b, err := hex.DecodeString(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseKey(string(b)); err != nil || got != timer {
			t.Errorf("%s is %+v, %v, want %+v", want, got, err, timer)
		}
	}
	if got := hex.EncodeToString(Value()); got != "01" {
		t.Errorf("value %s", got)
	}
	if CheckValue(Value()) != nil || !errors.Is(CheckValue([]byte{2}), ErrMalformed) || !errors.Is(CheckValue(nil), ErrMalformed) {
		t.Error("values are not told apart")
	}
}

func TestKeyRefused(t *testing.T) {
	for _, h := range []string{"", "80000000000000", "8000000000000000", "800000000000000061", "80000000000000006100", "8000000000000000610002", "800000000000000000ff"} {
		b, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseKey(string(b)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s is %+v, %v", h, got, err)
		}
	}
}

func drawTimer(t *rapid.T) Timer {
	text := rapid.StringOfN(rapid.SampledFrom([]rune{0, 1, 'a', 'b', 0xff}), 0, 4, -1)
	due := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-2, 2))
	return Timer{due.Draw(t, "due"), text.Draw(t, "key"), text.Draw(t, "name")}
}

func TestKeysSortAsTimers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawTimer(t), drawTimer(t)
		if rapid.Bool().Draw(t, "same due") {
			b.Due = a.Due
		}
		got := bytes.Compare(AppendKey(nil, a), AppendKey(nil, b))
		if (got < 0) != a.Less(b) || (got > 0) != b.Less(a) {
			t.Fatalf("%+v and %+v compare %d", a, b, got)
		}
		if back, err := ParseKey(string(AppendKey(nil, a))); err != nil || back != a {
			t.Fatalf("%+v, %v, want %+v", back, err, a)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	for h := range golden() {
		b, _ := hex.DecodeString(h)
		f.Add(b)
	}
	f.Add([]byte("\x80\x00\x00\x00\x00\x00\x00\x00a\x00\x02"))
	f.Fuzz(func(t *testing.T, b []byte) {
		timer, err := ParseKey(string(b))
		if err != nil {
			return
		}
		if again := AppendKey(nil, timer); !bytes.Equal(again, b) {
			t.Errorf("%x is %+v, which is %x", b, timer, again)
		}
	})
}
