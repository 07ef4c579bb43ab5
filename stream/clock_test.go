package stream

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestClockRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sources := rapid.Int32Range(1, 1<<16).Draw(t, "sources")
		want := Clock{
			At:     time.UnixMilli(rapid.Int64Range(-1<<50, 1<<50).Draw(t, "at")).UTC(),
			Source: rapid.Int32Range(0, sources-1).Draw(t, "source"), Sources: sources,
		}
		got, ok := ParseClock(want.encode())
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Fatal(ok, diff)
		}
	})
}

func TestClockWireFormat(t *testing.T) {
	want := "\x00clk\x80\xa0\xd5\xed\xee\x66\x03\x0c"
	if got := string((Clock{At: time.UnixMilli(1767225600000).UTC(), Source: 3, Sources: 12}).encode()); got != want {
		t.Errorf("got %q", got)
	}
}

func FuzzParseClock(f *testing.F) {
	f.Add(Clock{At: time.UnixMilli(0), Sources: 1}.encode())
	f.Add([]byte(clockMagic))
	f.Add([]byte("\x00clk\x00\x01\x01")) // source 1 of 1
	f.Add([]byte(`{"id":"e1"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, ok := ParseClock(b)
		if !ok {
			return
		}
		if c.Sources < 1 || c.Source < 0 || c.Source >= c.Sources {
			t.Fatalf("%+v", c)
		}
		if again, ok := ParseClock(c.encode()); !ok || again != c {
			t.Fatalf("%+v became %+v", c, again)
		}
	})
}
