package health

import (
	"slices"
	"testing"

	"github.com/millrace/millrace/domain/health"
)

// TestSeriesAreListedAsTheyCome looks before and after each change, since what was listed is kept.
func TestSeriesAreListedAsTheyCome(t *testing.T) {
	x := &SeriesIndex{}
	check := func(mode string, want ...health.Path) {
		t.Helper()
		for range 2 {
			if got := x.paths(mode); !slices.Equal(got, want) {
				t.Errorf("%q: %v, want %v", mode, got, want)
			}
		}
	}
	sbi, hdfc, card := health.Path{Mode: "upi", Instrument: "sbi", Gateway: "g"}, health.Path{Mode: "upi", Instrument: "hdfc", Gateway: "g"}, health.Path{Mode: "card", Instrument: "sbi", Gateway: "g"}
	check("upi")
	check("")
	x.Update(sbi.Key(), []byte{1})
	check("upi", sbi)
	x.Update(sbi.Key(), []byte{2})
	x.Update(sbi.ClosedKey(60_000), []byte{1})
	check("upi", sbi)
	x.Update(hdfc.Key(), []byte{1})
	x.Update(card.Key(), []byte{1})
	check("upi", hdfc, sbi)
	check("card", card)
	check("", card, hdfc, sbi)
	x.Update(sbi.Key(), nil)
	check("upi", hdfc)
	x.Update(hdfc.Key(), nil)
	check("upi")
	check("", card)
}
