package health

import (
	"testing"
	"time"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
)

// world sends 200 attempts a minute to each of two banks, as far as routing lets it, and closes their windows.
type world struct {
	s    Settings
	row  *ModeRow
	last map[string][]Small
	sent map[string]int64 // attempts, by bank
	seen []State          // of sbi, by minute
}

func (w *world) minute(n int, down bool) {
	end := at("0m").Add(time.Duration(n) * time.Minute)
	for _, bank := range []string{"hdfc", "sbi"} {
		percent := int64(everything)
		if st, _, ok := w.row.Standing(w.s, bank); ok {
			percent = int64(st.TrafficPercent)
		}
		attempts := 2 * percent
		good := attempts * 98 / 100
		if bank == "sbi" && down {
			good = attempts / 5
		}
		w.sent[bank] += attempts
		small := Small{Counts: Counts{ledger.Succeeded: good, ledger.FailedTechnical: attempts - good}}
		small.Start, small.End = end-instant.Milli(time.Minute/time.Millisecond), end
		w.last[bank] = append(w.last[bank], small)
		score := &Score{Path: Path{"upi", bank, "g"}, WindowEnd: end, Correction: attempts == 0, Window: small.Counts, Pool: poolOf(w.s, w.last[bank], end)}
		w.row, _ = w.row.ObserveScore(w.s, score, end)
	}
	w.row, _ = w.row.AdvanceTo(w.s, end.Add(w.s.Grace))
	w.seen = append(w.seen, w.row.Instrument("sbi").Level.State)
}

// An outage of half an hour, in a world that does as routing says. With probing the bank is back soon after, and few
// paid for it; without, nobody ever learns that it is well again. docs/design.md, section 8.4.
func TestTrafficThatFollows(t *testing.T) {
	run := func(probing bool) *world {
		w := &world{s: DefaultSettings(), last: map[string][]Small{}, sent: map[string]int64{}}
		w.s.Probing = probing
		for n := 1; n <= 60; n++ {
			w.minute(n, n > 10 && n <= 40)
		}
		return w
	}
	w := run(true)
	down, up := 0, 0
	for n, state := range w.seen {
		switch {
		case state == Down && down == 0:
			down = n + 1
		case state == Up && n+1 > 40 && up == 0:
			up = n + 1
		}
	}
	if down < 11 || down > 16 || up < 41 || up > 50 {
		t.Errorf("down at minute %d, up at %d: %v", down, up, w.seen)
	}
	for n := up; n < len(w.seen); n++ {
		if w.seen[n] != Up {
			t.Errorf("%v again in minute %d", w.seen[n], n+1)
		}
	}
	if lost := w.sent["sbi"]; lost < 4000 || lost > 7500 { // of 12,000
		t.Errorf("%d attempts were sent", lost)
	}
	if w = run(false); w.seen[len(w.seen)-1] != Down {
		t.Errorf("without probing: %v", w.seen)
	}
}
