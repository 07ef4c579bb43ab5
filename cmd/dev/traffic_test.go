package dev

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/health/backtest"
	"github.com/millrace/millrace/domain/instant"
	devviews "github.com/millrace/millrace/views/dev"
)

func TestTrafficBreaks(t *testing.T) {
	now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	s, err := newSource(nil, 500, now, now.Add(-time.Hour)) // its own outage is over
	if err != nil {
		t.Fatal(err)
	}
	count := func(until time.Time) (good, bad map[string]int) {
		good, bad = map[string]int{}, map[string]int{}
		for r, ok := s.next(until); ok; r, ok = s.next(until) {
			var e struct{ Type, Mode, Instrument, Gateway, Status string }
			if json.Unmarshal(r.Value, &e) != nil || e.Type != "payment" || e.Mode != "upi" {
				continue
			}
			for _, name := range []string{e.Instrument, e.Instrument + "/" + e.Gateway} {
				switch e.Status {
				case "success":
					good[name]++
				case "failed":
					bad[name]++
				}
			}
		}
		return good, bad
	}
	share := func(good, bad map[string]int, name string) float64 {
		return float64(good[name]) / float64(good[name]+bad[name])
	}
	good, bad := count(now.Add(time.Minute))
	if v := share(good, bad, "sbi"); v < 0.85 {
		t.Fatalf("before: %v", v)
	}
	at := func(after time.Duration) instant.Milli { return instant.Of(now.Add(after)) }
	for _, o := range []backtest.Outage{
		{Mode: "upi", Instrument: "sbi", Begin: at(time.Minute), End: at(3 * time.Minute), Success: 0.1},
		{Mode: "upi", Instrument: "hdfc", Gateway: "payu", Begin: at(time.Minute), End: at(3 * time.Minute)},
	} {
		if err := s.breakTraffic(o); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = count(now.Add(2 * time.Minute)) // what was made before ends in it
	good, bad = count(now.Add(3 * time.Minute))
	if sbi, payu, other := share(good, bad, "sbi"), share(good, bad, "hdfc/payu"), share(good, bad, "hdfc/razorpay"); sbi > 0.2 || payu > 0.1 || other < 0.85 {
		t.Errorf("broken: sbi %v, hdfc by payu %v, by razorpay %v", sbi, payu, other)
	}
	_, _ = count(now.Add(5 * time.Minute))
	good, bad = count(now.Add(6 * time.Minute))
	if v := share(good, bad, "sbi"); v < 0.85 {
		t.Errorf("afterwards: %v", v)
	}
}

func TestTrafficKnowsWhatItBreaks(t *testing.T) {
	s, err := newSource(nil, 10, time.Now(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]backtest.Outage{
		"mode": {Mode: "upx", Instrument: "sbi"}, "instrument": {Mode: "wallet", Instrument: "sbi"}, "gateway": {Mode: "upi", Instrument: "sbi", Gateway: "x"},
	} {
		var unknown *devviews.UnknownError
		if err := s.breakTraffic(o); !errors.As(err, &unknown) || unknown.Field != want || len(unknown.Known) < 4 || slices.Contains(unknown.Known, "") {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if err := s.breakTraffic(backtest.Outage{Mode: "wallet", Instrument: "paytm"}); err != nil {
		t.Error(err)
	}
}

func TestBreakerWaitsForTraffic(t *testing.T) {
	d := &dev{}
	if err := d.breaker()(backtest.Outage{}); !errors.Is(err, devviews.ErrNoTraffic) {
		t.Error(err)
	}
	d.NoTraffic = true
	if d.breaker() != nil {
		t.Error("a dev without traffic can break it")
	}
}
