package missions_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/examples/missions"
)

func TestSamplesAreInForceNow(t *testing.T) {
	now := instant.Of(time.Date(2026, 11, 30, 19, 0, 0, 0, time.UTC)) // the first of December in India
	samples, err := missions.Samples(now)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range samples {
		if problems := mission.Validate(&m); len(problems) > 0 {
			t.Error(problems)
		}
		start, end, err := now-48*3_600_000, now+48*3_600_000, error(nil)
		if m.Window.Kind == mission.WindowFixed { // the others always are
			start, end, err = m.Bounds()
		}
		if err != nil || start > now.Add(-24*time.Hour) || end < now.Add(24*time.Hour) {
			t.Errorf("%s: [%s, %s) %v", m.ID, start, end, err)
		}
		got = append(got, m.ID+": "+mission.Sentence(&m))
	}
	want := []string{
		"sample-big-month: Spend ₹25000.00 on shopping or travel or with card famcard from 30 November to 30 December, at most ₹5000.00 counted a payment, win ₹500.00 in cash",
		"sample-bookshop-card: Make 4 payments by upi from 30 November to 30 December, win a gift card of ₹50.00, up to 2 times",
		"sample-cash-back: Make 3 payments of at least ₹100.00 from 30 November to 30 December, win ₹10.00 in cash, up to 5 times",
		"sample-first-hundred: Spend ₹200.00 on food from 30 November to 30 December, win 500 coins",
		"sample-lounge-visit: Make 5 payments from 30 November to 30 December, win a reward",
		"sample-swiggy-500: Spend ₹500.00 at swiggy from 30 November to 6 December, win 100 coins",
		"sample-three-days-running: Pay on 3 days in a row each week, win a scratch card",
		"sample-upi-hattrick: Make 3 payments by upi from 30 November to 30 December, win 30 coins, up to 20 times",
		"sample-welcome-tour: Pay at least ₹50.00 at 3 different merchants within 7 days of the first payment, win 200 coins",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
