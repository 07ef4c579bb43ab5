package backtest_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/health/backtest"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/window"
)

// minute returns the beginning of a window.
func minute(n float64) instant.Milli { return 1_772_359_200_000 + instant.Milli(n*60_000) }

func path(gateway string) health.Path {
	return health.Path{Mode: "upi", Instrument: "sbi", Gateway: gateway}
}

// count replays the window that begins at start.
func count(t *testing.T, r *backtest.Replay, p health.Path, start instant.Milli, c health.Counts) {
	t.Helper()
	if err := r.Window(p, window.Span{Start: start, End: start + 60_000}, c); err != nil {
		t.Fatal(err)
	}
}

// good are the counts of n attempts of which some succeed.
func good(n int64, share float64) health.Counts {
	success := int64(float64(n) * share)
	return health.Counts{ledger.Succeeded: success, ledger.FailedTechnical: n - success}
}

// replayed runs windows minutes of n attempts each at 0.99, but with share between two minutes.
func replayed(t *testing.T, s health.Settings, n int64, windows, from, to int, share float64, outages ...backtest.Outage) backtest.Report {
	trial := backtest.NewTrial(s, outages)
	r := backtest.New(s, trial)
	for i := range windows {
		rate := 0.99
		if i >= from && i < to {
			rate = share
		}
		r.Advance(minute(float64(i)))
		count(t, r, path("a"), minute(float64(i)), good(n, rate))
	}
	r.Advance(minute(float64(windows) + 0.2))
	return trial.Report(0, 0)
}

func outage(from, to float64) backtest.Outage {
	return backtest.Outage{Mode: "upi", Instrument: "sbi", Begin: minute(from), End: minute(to)}
}

func TestFindings(t *testing.T) {
	for name, c := range map[string]struct {
		n        int64
		from, to int // minutes that go badly
		share    float64
		outage   backtest.Outage
		want     string
	}{
		"found in the second window":   {1000, 40, 50, 0.2, outage(40, 50), "full=10 due found=2 after 2m10s down=5 up again after 13m10s"},
		"two full windows":             {1000, 40, 42, 0.1, outage(40, 42), "full=2 due found=2 after 2m10s up again after 6m10s"},
		"one window is too short":      {1000, 40, 41, 0.2, outage(40, 41), "full=1 missed"},
		"a part of a window":           {1000, 40, 44, 0.0, outage(39.5, 44), "full=4 due found=2 after 2m40s down=4 up again after 11m10s"},
		"too few attempts":             {99, 40, 50, 0.2, outage(40, 50), "full=10 found=2 after 2m10s down=5 up again after 13m10s"},
		"never found":                  {1000, 0, 0, 0, outage(40, 50), "full=10 due missed"},
		"found after it was over":      {1000, 45, 50, 0.2, outage(40, 46), "full=6 due missed"},
		"the gateway is worse for it":  {1000, 40, 50, 0.2, gatewayOutage("a", 40, 50), "full=10 due found=2 after 2m10s down=5 up again after 13m10s"},
		"not up any more at the end":   {1000, 100, 120, 0.2, outage(100, 120), "full=20 due found=2 after 2m10s down=5 still on"},
		"a gateway that nobody knows":  {1000, 40, 50, 0.2, gatewayOutage("b", 40, 50), "outside"},
		"before history":               {1000, 0, 0, 0, outage(-5, 5), "outside"},
		"after history":                {1000, 0, 0, 0, outage(110, 130), "outside"},
		"already on when it begins":    {1000, 30, 50, 0.2, outage(40, 50), "full=10 due found=1 after 1m10s down=1 up again after 14m10s"},
		"it ends in the middle of one": {1000, 40, 43, 0.2, outage(40, 42.5), "full=2 due found=2 after 2m10s up again after 7m40s"},
	} {
		if got := describe(replayed(t, health.DefaultSettings(), c.n, 120, c.from, c.to, c.share, c.outage)); got != c.want {
			t.Errorf("%s: %s, not %s", name, got, c.want)
		}
	}
}

func gatewayOutage(gateway string, from, to float64) backtest.Outage {
	o := outage(from, to)
	o.Gateway = gateway
	return o
}

func describe(r backtest.Report) string {
	if len(r.Outside) == 1 && len(r.Outages) == 0 {
		return "outside"
	}
	f := r.Outages[0]
	out := fmt.Sprintf("full=%d", f.FullWindows)
	if f.Due() {
		out += " due"
	}
	if !f.Found {
		return out + " missed"
	}
	out += fmt.Sprintf(" found=%d after %v", f.Windows, f.Delay)
	if f.Down {
		out += fmt.Sprintf(" down=%d", f.DownWindows)
	}
	if !f.Recovered {
		return out + " still on"
	}
	return out + fmt.Sprintf(" up again after %v", f.Recovery)
}

func TestTrafficThatGoesAwayIsNotEnough(t *testing.T) {
	s := health.DefaultSettings()
	for share, want := range map[float64]bool{0.9: true, 0.8: false} {
		trial := backtest.NewTrial(s, []backtest.Outage{outage(40, 50)})
		r := backtest.New(s, trial)
		for i := range 60 {
			n, rate := int64(1000), 0.99
			if i >= 40 && i < 50 {
				n, rate = int64(1000*share), 0.2
			}
			r.Advance(minute(float64(i)))
			count(t, r, path("a"), minute(float64(i)), good(n, rate))
		}
		if f := trial.Report(0, 0).Outages[0]; f.Enough != want {
			t.Errorf("%v of the traffic: enough is %v", share, f.Enough)
		}
	}
}

func TestFalseAlarms(t *testing.T) {
	s := health.DefaultSettings()
	const month = 30 * 24 * 60
	one := replayed(t, s, 100, month, 1000, 1010, 0.2)
	if got := one.Instruments.PerMonth(); got != 1 || len(one.Gateways.FalseAlarms) != 1 {
		t.Errorf("%v false alarms a month, %d of gateways", got, len(one.Gateways.FalseAlarms))
	}
	want := backtest.Alarm{
		Level: backtest.Level{Mode: "upi", Instrument: "sbi"}, From: minute(1002), To: minute(1023), Down: minute(1005),
		Reason: "technical rate below 0.85",
	}
	if diff := cmp.Diff([]backtest.Alarm{want}, one.Instruments.FalseAlarms); diff != "" {
		t.Error(diff)
	}
	for name, o := range map[string]backtest.Outage{
		"the outage itself": outage(1000, 1010), "aftermath": outage(990, 1000), "of a gateway": gatewayOutage("a", 1000, 1010),
	} {
		if r := replayed(t, s, 100, 2000, 1000, 1010, 0.2, o); len(r.Instruments.FalseAlarms)+len(r.Gateways.FalseAlarms) > 0 {
			t.Errorf("%s: false alarms %+v", name, r.Instruments)
		}
	}
	for name, o := range map[string]backtest.Outage{"long before": outage(900, 960), "later": outage(1002, 1010)} {
		if r := replayed(t, s, 100, 2000, 1000, 1010, 0.2, o); len(r.Instruments.FalseAlarms) != 1 {
			t.Errorf("%s: false alarms %+v", name, r.Instruments)
		}
	}
	o := outage(1000, 1010)
	o.Instrument = "hdfc"
	if r := replayed(t, s, 100, 2000, 1000, 1010, 0.2, o); len(r.Instruments.FalseAlarms) != 1 || len(r.Outside) != 1 {
		t.Errorf("an outage elsewhere explains %+v", r)
	}
}

func TestReportOfAPartOfHistory(t *testing.T) {
	s := health.DefaultSettings()
	trial := backtest.NewTrial(s, []backtest.Outage{outage(40, 50)})
	r := backtest.New(s, trial)
	for i := range 200 {
		r.Advance(minute(float64(i)))
		count(t, r, path("a"), minute(float64(i)), good(100, map[bool]float64{true: 0.2, false: 0.99}[i >= 40 && i < 50]))
	}
	for _, span := range [][2]float64{{60, 120}, {0, 45}} {
		got := trial.Report(minute(span[0]), minute(span[1]))
		if len(got.Outside) != 1 || got.Instruments.Watched != time.Duration(span[1]-span[0])*time.Minute {
			t.Errorf("%v: %+v", span, got)
		}
	}
}

// history notes what a replay says.
type history struct {
	finals  []string
	changes []string
}

func (h *history) Closed(r *health.WindowRecord) {
	h.finals = append(h.finals, fmt.Sprint(r.Path, r.Span, r.Counts, r.Revision))
}

func (h *history) Changed(r *health.StatusRecord) {
	h.changes = append(h.changes, fmt.Sprintf("%+v", *r))
}

// TestAttemptsAndTheirCountsSayTheSame replays attempts one by one, and their windows' counts, for random traffic of
// three banks.
func TestAttemptsAndTheirCountsSayTheSame(t *testing.T) {
	s := health.DefaultSettings()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		var attempts []*ledger.Attempt
		counts := map[health.Path]map[instant.Milli]health.Counts{}
		for i := range 90 {
			for _, name := range []string{"sbi", "hdfc", "axis"} {
				for range r.IntN(12) {
					a := &ledger.Attempt{
						Mode: "upi", Instrument: name, Gateway: []string{"a", "b"}[r.IntN(2)], Outcome: ledger.Succeeded,
						At: minute(float64(i)) + instant.Milli(r.IntN(60_000)),
					}
					if r.Float64() < 0.3 {
						a.Outcome = ledger.Outcome(1 + r.IntN(4))
					}
					attempts = append(attempts, a)
					p := health.Path{Mode: a.Mode, Instrument: name, Gateway: a.Gateway}
					if counts[p] == nil {
						counts[p] = map[instant.Milli]health.Counts{}
					}
					counts[p][minute(float64(i))] = counts[p][minute(float64(i))].Plus(one(a.Outcome))
				}
			}
		}
		slices.SortStableFunc(attempts, func(a, b *ledger.Attempt) int { return int(a.At - b.At) })
		var single, whole history
		replay := backtest.New(s, &single)
		for i, a := range attempts {
			replay.Advance(a.At)
			replay.Attempt(a, health.Source{Topic: "attempts", Offset: int64(i)})
		}
		replay.Advance(minute(200))
		replay = backtest.New(s, &whole)
		for i := range 90 {
			replay.Advance(minute(float64(i)))
			for p, of := range counts {
				if c, ok := of[minute(float64(i))]; ok {
					count(t, replay, p, minute(float64(i)), c)
				}
			}
		}
		replay.Advance(minute(200))
		if diff := cmp.Diff(single, whole, cmp.AllowUnexported(history{})); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
		if len(single.changes) < 2 || len(single.finals) < 400 {
			t.Errorf("seed %d shows little: %d finals, %d changes", seed, len(single.finals), len(single.changes))
		}
	}
}

func one(o ledger.Outcome) health.Counts {
	switch o {
	case ledger.Succeeded:
		return health.Counts{ledger.Succeeded: 1}
	case ledger.FailedTechnical:
		return health.Counts{ledger.FailedTechnical: 1}
	case ledger.FailedBusiness:
		return health.Counts{ledger.FailedBusiness: 1}
	case ledger.TimedOut:
		return health.Counts{ledger.TimedOut: 1}
	default:
		return health.Counts{}
	}
}

func TestLateAndRejected(t *testing.T) {
	replay := backtest.New(health.DefaultSettings(), &history{})
	count(t, replay, path("a"), minute(0), good(10, 1))
	replay.Advance(minute(2))
	count(t, replay, path("a"), minute(0), good(10, 1))
	replay.Attempt(&ledger.Attempt{Mode: "upi", Instrument: "sbi", Gateway: "a", Outcome: ledger.Succeeded, At: minute(0)}, health.Source{})
	replay.Attempt(&ledger.Attempt{Mode: "upi", Instrument: "sbi", Gateway: "a", Outcome: ledger.Succeeded, At: minute(-3000)}, health.Source{})
	if replay.Late() != 2 || replay.Rejected() != 1 {
		t.Errorf("%d late, %d rejected", replay.Late(), replay.Rejected())
	}
}

func TestOutageValidate(t *testing.T) {
	if err := outage(1, 2).Validate(); err != nil {
		t.Error(err)
	}
	for name, o := range map[string]backtest.Outage{
		"no instrument": {Mode: "upi", Begin: 1, End: 2}, "no mode": {Instrument: "sbi", Begin: 1, End: 2},
		"backwards": {Mode: "upi", Instrument: "sbi", Begin: 2, End: 2}, "no begin": {Mode: "upi", Instrument: "sbi", End: 2},
		"share": {Mode: "upi", Instrument: "sbi", Begin: 1, End: 2, Success: 1.1},
	} {
		if o.Validate() == nil {
			t.Errorf("%s is valid", name)
		}
	}
}

func TestWindowsCanBeJoinedNotCut(t *testing.T) {
	joined, single := &history{}, &history{}
	s := health.DefaultSettings()
	s.Window = 2 * time.Minute
	a, b := backtest.New(s, joined), backtest.New(s, single)
	for i := range 40 {
		c := good(100, []float64{0.99, 0.5}[i/30])
		a.Advance(minute(float64(i)))
		count(t, a, path("a"), minute(float64(i)), c)
		b.Advance(minute(float64(i)))
		if i%2 == 0 {
			if err := b.Window(path("a"), window.Span{Start: minute(float64(i)), End: minute(float64(i + 2))}, c.Plus(c)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(single, joined, cmp.AllowUnexported(history{})); diff != "" || len(joined.changes) == 0 {
		t.Errorf("%d changes; %s", len(joined.changes), diff)
	}
	s.Window = 90 * time.Second
	err := backtest.New(s, single).Window(path("a"), window.Span{Start: minute(0), End: minute(1)}, good(1, 1))
	if err == nil || err.Error() != "windows of 1m0s do not make up windows of 1m30s" {
		t.Error(err)
	}
}

// A mode is evaluated when the scores of all its gateways are in, not with the first of them.
func TestAnInstrumentIsJudgedByAllItsGateways(t *testing.T) {
	trial := backtest.NewTrial(health.DefaultSettings(), nil)
	r := backtest.New(health.DefaultSettings(), trial)
	for i := range 40 {
		r.Advance(minute(float64(i)))
		count(t, r, path("a"), minute(float64(i)), good(100, 0.2))
		count(t, r, path("b"), minute(float64(i)), good(2000, 0.99))
	}
	got := trial.Report(0, 0)
	if len(got.Instruments.FalseAlarms) != 0 || len(got.Gateways.FalseAlarms) != 1 || got.Gateways.FalseAlarms[0].Gateway != "a" {
		t.Errorf("%+v", got)
	}
}

func TestHoppingWindowsAreCountedAsTheyHop(t *testing.T) {
	s := health.DefaultSettings()
	s.Advance = 20 * time.Second
	trial := backtest.NewTrial(s, []backtest.Outage{outage(40, 50)})
	r := backtest.New(s, trial)
	for i := range 3 * 120 {
		start, rate := minute(0)+instant.Milli(i)*20_000, 0.99
		if i >= 3*40 && i < 3*50 {
			rate = 0.2
		}
		r.Advance(start)
		if err := r.Window(path("a"), window.Span{Start: start, End: start + 20_000}, good(300, rate)); err != nil {
			t.Fatal(err)
		}
	}
	r.Advance(minute(121))
	got := trial.Report(0, 0)
	if f := got.Outages[0]; f.FullWindows != 28 || !f.Due() || !f.Found || f.LeastEligible != 900 || f.Delay >= 130*time.Second || len(got.Instruments.FalseAlarms) != 0 {
		t.Errorf("%+v %+v", f, got.Instruments)
	}
}
