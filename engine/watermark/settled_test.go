package watermark_test

import (
	"errors"
	"testing"

	"github.com/millrace/millrace/engine/watermark"
)

func TestSettledOf(t *testing.T) {
	p := watermark.New(watermark.DefaultConfig(), "g", 0, 1, true, watermark.Input{Topic: "in"})
	own := func() []byte {
		for _, row := range p.Changed() {
			if row.Key == watermark.RowPrefix {
				return row.Value
			}
		}
		t.Fatal("the own row did not change")
		return nil
	}
	check := func(want int64) {
		t.Helper()
		value := own()
		if got, err := watermark.SettledOf(value); err != nil || got != want {
			t.Errorf("settled %d, %v; want %d", got, err, want)
		}
		for n := range value {
			if _, err := watermark.SettledOf(value[:n]); n < 3 && !errors.Is(err, watermark.ErrMalformed) {
				t.Errorf("%d bytes: %v", n, err)
			}
		}
	}
	check(watermark.None)
	p.Observe("in", watermark.Record{Origin: "o", Sources: 1, Time: 5000})
	if step := p.Next(4000); step != watermark.Fire {
		t.Fatal(step)
	}
	check(watermark.None) // a timer has still to fire
	if step := p.Next(6000); step != watermark.Read {
		t.Fatal(step)
	}
	check(5000)
	if _, err := watermark.SettledOf([]byte{9, 0, 0}); !errors.Is(err, watermark.ErrMalformed) {
		t.Errorf("another version: %v", err)
	}
}
