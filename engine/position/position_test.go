package position_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/engine/position"
)

func TestRoundTrip(t *testing.T) {
	for _, want := range []position.Position{{}, {"payments": 0}, {"b": 300, "a": math.MaxInt64, "": 1}} {
		got, err := position.Parse(want.Append(nil))
		if err != nil || !cmp.Equal(want, got) {
			t.Errorf("Parse = %v, %v; want %v", got, err, want)
		}
	}
	golden := []byte("\x01\x01a\x05\x02bb\xac\x02")
	if got := (position.Position{"bb": 300, "a": 5}).Append(nil); !bytes.Equal(got, golden) {
		t.Errorf("Append = %q, want %q", got, golden)
	}
}

func TestIsReserved(t *testing.T) {
	if !position.IsReserved(position.Key) || position.IsReserved("") || position.IsReserved("a\x00") {
		t.Error("keys that begin with a zero byte are reserved, and only those")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("\x01\x01a\x05"))
	f.Add([]byte("\x01\x01a"))
	f.Add([]byte("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01a"))
	f.Add([]byte("\x02"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := position.Parse(b)
		if err != nil {
			if !errors.Is(err, position.ErrMalformed) {
				t.Fatalf("%v is not ErrMalformed", err)
			}
			return
		}
		again, err := position.Parse(p.Append(nil))
		if err != nil || !cmp.Equal(p, again) {
			t.Fatalf("%v becomes %v, %v", p, again, err)
		}
	})
}
