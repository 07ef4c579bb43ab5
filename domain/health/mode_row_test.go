package health

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
)

// mode drives one mode row; every score has 100 eligible attempts of weight 1.
type mode struct {
	s       Settings
	row     *ModeRow
	changes []string
	whole   []string // changes of the mode itself
	told    []string // downtimes
}

func (m *mode) note(effects []ModeEffect) {
	since := func(t instant.Milli) time.Duration { return time.Duration(t-at("0s")) * time.Millisecond }
	window := func(end instant.Milli) string {
		if end == 0 {
			return "none"
		}
		return since(end).String()
	}
	for _, e := range effects {
		switch e := e.(type) {
		case Changed:
			r := e.Record
			line := fmt.Sprintf("%s %s %s->%s %d%% %s", window(r.WindowEnd), r.Key(), r.Previous, r.State, r.TrafficPercent, r.Reason)
			if r.Instrument == "" {
				m.whole = append(m.whole, line)
			} else {
				m.changes = append(m.changes, line)
			}
		case Disrupted:
			d := e.Downtime
			end := "?"
			if d.End != 0 {
				end = since(d.End).String()
			}
			m.told = append(m.told, fmt.Sprintf("%s %s %s %s..%s %s: %s", d.Key(), d.Status, d.Severity, since(d.Begin), end, d.Cause, d.Reason))
		}
	}
}

// score hands in a score, judged at watermark w; an empty w means its own window end.
func (m *mode) score(path string, end string, percent int64, w ...instant.Milli) {
	p := strings.Split(path, "/")
	w = append(w, at(end))
	s := &Score{Path: Path{"upi", p[0], p[1]}, WindowEnd: at(end), Window: Counts{ledger.Succeeded: percent, ledger.FailedTechnical: 100 - percent}, Pool: Pool{unit * percent, unit * 100, 100, 100}}
	var effects []ModeEffect
	m.row, effects = m.row.ObserveScore(m.s, s, w[0])
	m.note(effects)
}

func (m *mode) settle(w instant.Milli) {
	var effects []ModeEffect
	m.row, effects = m.row.AdvanceTo(m.s, w)
	m.note(effects)
}

func (m *mode) expect(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, m.changes); diff != "" {
		t.Errorf("changes (-want +have): %s", diff)
	}
	m.changes = nil
}

func TestEvaluatedOnceAfterTheWatermark(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	m.score("sbi/a", "1m", 40)
	m.score("sbi/b", "1m", 100)
	m.settle(at("1m10s") - 1)
	m.expect(t)
	m.settle(at("1m10s"))
	m.expect(t,
		"1m0s upi/sbi up->degraded 100% technical rate below 0.85", // (40+100)/200
		"1m0s upi/sbi/a up->degraded 100% technical rate below 0.85")
	m.settle(at("5m"))
	m.expect(t)
	// Both windows are due at once: each counts, in order.
	m.score("sbi/a", "2m", 40, at("2m"))
	m.score("sbi/a", "3m", 40, at("2m"))
	m.settle(at("4m"))
	m.expect(t,
		"2m0s upi/sbi/a degraded->down 0% technical rate below 0.70 in 2 windows",
		"3m0s upi/sbi degraded->down 100% technical rate below 0.70 in 2 windows; kept enabled by the ejection limit") // b fades
	if at, due := m.row.Due(m.s); due {
		t.Errorf("due at %v", at)
	}
}

func TestSilenceIsNoEvidence(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	m.score("sbi/a", "1m", 40)
	for i := 1; i <= 40; i++ {
		m.score("hdfc/a", fmt.Sprintf("%dm", i), 100)
	}
	m.settle(at("50m"))
	m.expect(t,
		"1m0s upi/sbi up->degraded 100% technical rate below 0.85",
		"1m0s upi/sbi/a up->degraded 100% technical rate below 0.85")
	st, _, _ := m.row.Standing(m.s, "sbi")
	if st.Scored || st.Samples != 0 || !st.Insufficient || st.State != Degraded {
		t.Errorf("after 39 silent windows: %+v", st)
	}
}

func TestInsufficientKeepsTheState(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	m.s.MinSamples = 101
	for i := 1; i <= 5; i++ {
		m.score("sbi/a", fmt.Sprintf("%dm", i), 10)
	}
	m.settle(at("50m"))
	m.expect(t)
	st, _, _ := m.row.Standing(m.s, "sbi")
	if !st.Insufficient || st.Score != 0.1 || st.State != Up || st.Reason != "initially up" {
		t.Errorf("%+v", st)
	}
}

// There is none behind a watermark that is the minimum over its sources; if there were one it would move nothing.
func TestScoreAfterItsEvaluation(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	m.score("hdfc/a", "1m", 100)
	m.settle(at("2m"))
	m.score("sbi/a", "1m", 10, at("2m"))
	m.settle(at("3m"))
	m.expect(t)
	if st, _, _ := m.row.Standing(m.s, "sbi"); st.Scored {
		t.Errorf("before the next evaluation: %+v", st)
	}
	m.score("hdfc/a", "3m", 100)
	m.settle(at("4m"))
	m.expect(t)
	if st, _, _ := m.row.Standing(m.s, "sbi"); st.Score != 0.1 || st.State != Up {
		t.Errorf("after it: %+v", st)
	}
}

func TestCorrectionsAreNoEvidence(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	correct := func(end string, percent int64) {
		s := &Score{Path: Path{"upi", "sbi", "a"}, WindowEnd: at(end), Correction: true, Window: Counts{ledger.Succeeded: percent, ledger.FailedTechnical: 100 - percent}, Pool: Pool{unit * percent, unit * 100, 100, 100}}
		m.row, _ = m.row.ObserveScore(m.s, s, at(end))
	}
	correct("1m", 10) // of a window that had closed empty
	m.settle(at("2m"))
	m.expect(t)
	m.score("sbi/a", "2m", 100)
	correct("2m", 10) // before the evaluation or after it: the next window has it
	m.settle(at("3m"))
	correct("2m", 10)
	m.score("other/a", "3m", 100)
	m.settle(at("4m"))
	m.expect(t)
	if st, _, _ := m.row.Standing(m.s, "sbi"); st.Score != 1 || st.State != Up {
		t.Errorf("after a correction: %+v", st)
	}
	m.score("sbi/a", "4m", 80)
	m.settle(at("5m"))
	m.expect(t,
		"4m0s upi/sbi up->degraded 100% technical rate below 0.85",
		"4m0s upi/sbi/a up->degraded 100% technical rate below 0.85")
}

func TestEjectionLimit(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	for _, end := range []string{"1m", "2m"} {
		m.score("a/g", end, 50)
		m.score("b/g", end, 40)
		m.score("c/g", end, 60)
	}
	m.settle(at("3m"))
	enabled := func() (out []string) {
		for _, st := range m.row.Standings(m.s) {
			out = append(out, fmt.Sprintf("%s %s %v %d", st.Instrument, st.State, st.Enabled, st.TrafficPercent))
		}
		return out
	}
	if diff := cmp.Diff([]string{"a down true 100", "b down false 0", "c down true 100"}, enabled()); diff != "" {
		t.Error(diff)
	}
	st, gateways, _ := m.row.Standing(m.s, "a")
	if st.Reason != "technical rate below 0.70 in 2 windows; kept enabled by the ejection limit" || !gateways[0].Enabled {
		t.Errorf("%+v %+v", st, gateways)
	}
	m.changes = nil
	m.score("d/g", "3m", 100)
	m.settle(at("4m"))
	m.expect(t,
		"3m0s upi/a down->down 0% technical rate below 0.70 in 2 windows",
		"3m0s upi/a/g down->down 0% technical rate below 0.70 in 2 windows")
	for n, want := range map[int]int{0: 0, 1: 0, 2: 1, 3: 1, 4: 2, 5: 2, 50: 25} {
		if got := ejectable(m.s, n, n); got != want {
			t.Errorf("of %d instruments %d may go, want %d", n, got, want)
		}
	}
}

func TestRoutes(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	for _, end := range []string{"1m", "2m"} {
		m.score("sbi/a", end, 90)
		m.score("sbi/b", end, 60)
		m.score("sbi/c", end, 88)
		m.score("other/a", end, 100)
	}
	m.settle(at("3m"))
	routes, ok := m.row.Routes(m.s, "sbi")
	want := []Route{{"a", 0.5056, Up, 0.9, true}, {"b", 0, Down, 0.6, true}, {"c", 0.4944, Up, 0.88, true}}
	if diff := cmp.Diff(want, routes); !ok || diff != "" {
		t.Error(diff)
	}
	if _, ok := m.row.Routes(m.s, "nobody"); ok {
		t.Error("routes of an unknown instrument")
	}
}

func TestWeightsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shares := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(-1, 3), rapid.Int64Range(0, parts), rapid.Int64()), 1, 50).Draw(t, "shares")
		weights, total := divide(shares), int64(0)
		for i, w := range weights {
			if w < 0 {
				t.Fatalf("negative weight %d", i)
			}
			total += w
		}
		if total != parts {
			t.Fatalf("weights %v add up to %d", weights, total)
		}
	})
}

func TestPool(t *testing.T) {
	s := DefaultSettings()
	last := []Small{}
	var num, den float64
	for age := 29; age >= 0; age-- {
		small := Small{Counts: Counts{ledger.Succeeded: int64(100 - age), ledger.FailedTechnical: int64(age), ledger.FailedBusiness: 7, ledger.TimedOut: 1}}
		small.End = at("60m") - instant.Milli(age)*60_000
		last = append(last, small)
		w := math.Pow(0.5, float64(age)/5)
		num, den = num+w*float64(100-age), den+w*101
	}
	p := poolOf(s, last, at("60m"))
	rate, _ := p.Rate()
	if math.Abs(rate-num/den) > 1e-6 || p.Samples != 30*108 || p.Eligible != 30*101 {
		t.Errorf("rate %v, want %v; %+v", rate, num/den, p)
	}
	if q := poolOf(s, last, at("51m")); q.Samples != 21*108 {
		t.Errorf("windows yet to come count: %+v", q)
	}
	if q := poolOf(s, last, at("70m")); q.Samples != 20*108 {
		t.Errorf("windows out of sight count: %+v", q)
	}
	aged, _ := p.aged(s, 5), 0
	if math.Abs(float64(aged.WeightedEligible)/float64(p.WeightedEligible)-0.5) > 1e-9 || p.aged(s, 30) != (Pool{}) {
		t.Errorf("aged by a half-life: %+v of %+v", aged, p)
	}
	s.CountTimeouts = false
	if q := poolOf(s, last, at("60m")); q.Eligible != 30*100 {
		t.Errorf("plain rate: %+v", q)
	}
}

func TestRatio(t *testing.T) {
	for want, c := range map[float64][2]int64{0.9474: {90, 95}, 0.3333: {1, 3}, 0.6667: {2, 3}, 1: {5, 5}, 0.0001: {1, 20_000}, 0.5: {math.MaxInt64 / 2, math.MaxInt64}} {
		if got, ok := ratio(c[0], c[1]); !ok || got != want {
			t.Errorf("ratio(%d, %d) = %v, want %v", c[0], c[1], got, want)
		}
	}
	if _, ok := ratio(0, 0); ok {
		t.Error("a rate without samples")
	}
}

// TestEvaluationDoesNotHangOnOrder: scores of one window end may arrive in any order, timers run or not.
func TestEvaluationDoesNotHangOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type score struct {
			path    string
			percent int64
		}
		ends := [][]score{}
		for range rapid.IntRange(1, 12).Draw(t, "ends") {
			var scores []score
			for _, path := range []string{"a/g", "a/h", "b/g", "c/g"} {
				if rapid.IntRange(0, 4).Draw(t, "has") > 0 {
					scores = append(scores, score{path, rapid.SampledFrom([]int64{10, 65, 80, 100}).Draw(t, "percent")})
				}
			}
			ends = append(ends, scores)
		}
		probing := rapid.Bool().Draw(t, "probing")
		run := func(shuffle bool) *mode {
			m := &mode{s: DefaultSettings()}
			m.s.Probing = probing
			for i, scores := range ends {
				if shuffle && len(scores) > 1 {
					scores = rapid.Permutation(scores).Draw(t, "order")
				}
				end := fmt.Sprintf("%dm", i+1)
				for _, sc := range scores {
					m.score(sc.path, end, sc.percent, at(end))
				}
				if shuffle && rapid.Bool().Draw(t, "timer") {
					m.settle(at(end).Add(10 * time.Second))
				}
			}
			m.settle(at("2h"))
			return m
		}
		want, got := run(false), run(true)
		if diff := cmp.Diff(want.row, got.row); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff([][]string{want.changes, want.whole, want.told}, [][]string{got.changes, got.whole, got.told}); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestScoresThatWaitAreBounded(t *testing.T) {
	// Too much waits for a watermark that is far away: the row is evaluated before its time rather than that anything
	// is lost.
	m := &mode{s: DefaultSettings()}
	m.s.Places = 200
	const gateways = 60
	maxScores := m.s.maxScores()
	ends := maxScores/gateways + 10
	for end := range ends {
		for g := range gateways {
			m.score(fmt.Sprintf("bank9/g%d", g), fmt.Sprintf("%dm", end+1), int64(100*min(1, max(0, 5-end))), 0)
		}
	}
	if n := m.row.scores(); n > maxScores {
		t.Errorf("%d scores wait", n)
	}
	if got := m.row.Instrument("bank9").Level.State; m.row.Evaluated < at("9m") || m.row.Evaluated > at("12m") || got != Down {
		t.Errorf("evaluated to %v, %v", m.row.Evaluated, got)
	}
}
