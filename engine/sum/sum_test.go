package sum_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"github.com/millrace/millrace/engine/sum"
)

func TestRoundTrip(t *testing.T) {
	s := sum.Sums{}
	for range 3 { // beyond 64 bits
		s.Add("large", big.NewInt(math.MaxInt64))
	}
	s.Add("less", big.NewInt(-7))
	s.Add("nothing", big.NewInt(0))
	s.Add("", big.NewInt(1))
	got, err := sum.Parse(s.Append(nil))
	if err != nil || len(got) != len(s) {
		t.Fatal(got, err)
	}
	for name, want := range map[string]string{"large": "27670116110564327421", "less": "-7", "nothing": "0", "": "1", "other": "0"} {
		if got.Of(name).String() != want {
			t.Errorf("%q: %s, want %s", name, got.Of(name), want)
		}
	}
	before := got.Of("less")
	got.Add("less", big.NewInt(10))
	if before.Int64() != -7 || got.Of("less").Int64() != 3 {
		t.Errorf("%s became %s", before, got.Of("less"))
	}
}

func TestMalformed(t *testing.T) {
	s := sum.Sums{}
	s.Add("a", big.NewInt(1000))
	b := s.Append(nil)
	for n := 2; n < len(b); n++ {
		if _, err := sum.Parse(b[:n]); !errors.Is(err, sum.ErrMalformed) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
	for name, bad := range map[string][]byte{"version": {9}, "sign": {1, 1, 'a', 2, 0}, "twice": append(b, b[1:]...)} {
		if _, err := sum.Parse(bad); !errors.Is(err, sum.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s, err := sum.Parse(nil); err != nil || len(s) != 0 {
		t.Error(s, err)
	}
}
