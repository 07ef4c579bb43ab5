package health

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/ledger"
)

// probed is a mode with probing on and a second instrument, so that one may be disabled.
func probed() *mode {
	m := &mode{s: DefaultSettings()}
	m.s.Probing = true
	return m
}

// attempts hands in what one window counted, with a score of the same.
func (m *mode) attempts(path, end string, good, all int64) {
	s := &Score{
		Path: Path{"upi", path, "g"}, WindowEnd: at(end), Window: Counts{ledger.Succeeded: good, ledger.FailedTechnical: all - good},
		Pool: Pool{unit * good, unit * all, all, all},
	}
	var effects []ModeEffect
	m.row, effects = m.row.ObserveScore(m.s, s, at(end))
	m.note(effects)
}

// states returns what became of sbi as a whole since the last call.
func (m *mode) states() []string {
	var out []string
	for _, line := range m.changes {
		var end, key, change, percent string
		_, _ = fmt.Sscan(line, &end, &key, &change, &percent)
		if key == "upi/sbi" {
			out = append(out, end+" "+change+" "+percent)
		}
	}
	m.changes = nil
	return out
}

func (m *mode) bring(t *testing.T, what string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, m.states()); diff != "" {
		t.Errorf("%s (-want +have): %s", what, diff)
	}
}

func (m *mode) bringDown(t *testing.T) {
	t.Helper()
	m.attempts("hdfc", "1m", 100, 100)
	m.attempts("sbi", "1m", 40, 100)
	m.attempts("sbi", "2m", 40, 100)
	m.settle(at("2m10s"))
	m.bring(t, "down", "1m0s up->degraded 100%", "2m0s degraded->down 0%")
}

// Time alone brings probes, at the window ends at or after 30, 60, 90 ... 300 s.
func TestRetries(t *testing.T) {
	m := probed()
	m.bringDown(t)
	end := 2
	for n, wait := range []int{1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5} { // in windows: 30 s, 60, 90 ... 300, 300
		m.settle(at(fmt.Sprintf("%dm10s", end+wait)) - 1)
		m.bring(t, fmt.Sprintf("before retry %d", n))
		m.settle(at(fmt.Sprintf("%dm10s", end+wait)))
		m.bring(t, fmt.Sprintf("retry %d", n), fmt.Sprintf("%v down->probing 5%%", time.Duration(end+wait)*time.Minute))
		end += wait + 1
		m.attempts("sbi", fmt.Sprintf("%dm", end), 8, 10)
		m.settle(at(fmt.Sprintf("%dm10s", end)))
		m.bring(t, fmt.Sprintf("fall %d", n), fmt.Sprintf("%v probing->down 0%%", time.Duration(end)*time.Minute))
	}
	st, _, _ := m.row.Standing(m.s, "sbi")
	if want := "8 of 10 probes good; again in 5m0s"; st.Reason != want {
		t.Errorf("%q", st.Reason)
	}
	m.settle(at("90m"))
	m.bring(t, "nothing comes of nothing", "53m0s down->probing 5%")
}

// Probes are counted over windows until there are enough; those of a window that began before do not count.
func TestProbesAddUp(t *testing.T) {
	m := probed()
	m.bringDown(t)
	m.attempts("sbi", "3m", 0, 50) // while it was down
	m.settle(at("3m10s"))
	m.bring(t, "retry", "3m0s down->probing 5%")
	for _, end := range []string{"4m", "5m", "6m"} {
		m.attempts("sbi", end, 3, 3)
	}
	m.settle(at("6m10s"))
	m.bring(t, "9 probes")
	m.attempts("sbi", "7m", 0, 1)
	m.settle(at("7m10s"))
	m.bring(t, "9 of 10", "7m0s probing->recovering 25%")
	m.settle(at("10m10s"))
	m.bring(t, "time alone", "8m0s recovering->recovering 50%", "9m0s recovering->recovering 100%", "10m0s recovering->up 100%")
	why, _ := m.row.Why(m.s, "sbi", "")
	if why.Standing.Reason != "recovered: good in every step" || why.Automatic != Up {
		t.Errorf("%+v", why)
	}
}

func TestBadRecovery(t *testing.T) {
	m := probed()
	m.bringDown(t)
	m.settle(at("3m10s"))
	m.attempts("sbi", "4m", 10, 10)
	m.attempts("sbi", "5m", 20, 20)
	m.attempts("sbi", "6m", 17, 20)
	m.settle(at("6m10s"))
	m.bring(t, "falls", "3m0s down->probing 5%", "4m0s probing->recovering 25%", "5m0s recovering->recovering 50%", "6m0s recovering->down 0%")
	why, _ := m.row.Why(m.s, "sbi", "g")
	want := []Judged{{at("5m"), 1, 20}, {at("6m"), 0.85, 20}}
	if diff := cmp.Diff(want, why.Decided); diff != "" || why.Standing.Reason != "17 of 20 probes good; again in 1m0s" {
		t.Errorf("%s %q", diff, why.Standing.Reason)
	}
}

// A customer's own failures are answers of the bank; timeouts that are not counted are nothing.
func TestProbeOutcomes(t *testing.T) {
	for _, c := range []struct {
		window   Counts
		timeouts bool
		want     string
	}{
		{Counts{ledger.Succeeded: 1, ledger.FailedBusiness: 8, ledger.TimedOut: 1}, true, "recovering"},
		{Counts{ledger.FailedBusiness: 10}, true, "recovering"},
		{Counts{ledger.Succeeded: 8, ledger.TimedOut: 2}, true, "down"},
		{Counts{ledger.Succeeded: 8, ledger.TimedOut: 2}, false, "probing"},
		{Counts{ledger.Succeeded: 10, ledger.TimedOut: 2}, false, "recovering"},
	} {
		s := DefaultSettings()
		s.Probing, s.CountTimeouts = true, c.timeouts
		l := Level{Verdict: Verdict{Hysteresis: Hysteresis{State: Probing}}}
		l.judge(s, sight{end: 60_000, window: c.window}, false)
		if l.State.String() != c.want {
			t.Errorf("%+v: %v, want %s", c.window, l.State, c.want)
		}
	}
}

// What made it go down does not do so again: until scores look no longer back on it, they are made of the windows
// since.
func TestVerdictAfterRecovery(t *testing.T) {
	m := probed()
	m.bringDown(t)
	m.settle(at("3m10s"))
	deep := func(end string, good, all int64) { // the score still holds the outage
		s := &Score{Path: Path{"upi", "sbi", "g"}, WindowEnd: at(end), Window: Counts{ledger.Succeeded: good, ledger.FailedTechnical: all - good}, Pool: Pool{unit * 50, unit * 100, 200, 200}}
		var effects []ModeEffect
		m.row, effects = m.row.ObserveScore(m.s, s, at(end))
		m.note(effects)
	}
	for n := 4; n <= 33; n++ {
		deep(fmt.Sprintf("%dm", n), 50, 50)
	}
	m.settle(at("33m10s"))
	m.bring(t, "good since", "3m0s down->probing 5%", "4m0s probing->recovering 25%",
		"5m0s recovering->recovering 50%", "6m0s recovering->recovering 100%", "7m0s recovering->up 100%")
	deep("34m", 50, 50) // 30 windows later the score is taken as it is
	m.settle(at("34m10s"))
	m.bring(t, "looks back on it no more", "34m0s up->degraded 100%")
	if trial := m.row.Instrument("sbi").Level.Trial; trial.Anew != 0 || trial.Last != nil {
		t.Errorf("%+v", trial)
	}
}

func TestProbingSwitchedOff(t *testing.T) {
	m := probed()
	m.bringDown(t)
	m.settle(at("3m10s"))
	m.s.Probing = false
	m.attempts("sbi", "4m", 100, 100)
	m.settle(at("4m10s"))
	m.bring(t, "while probing", "3m0s down->probing 5%", "4m0s probing->down 0%")
	m = probed()
	m.bringDown(t)
	m.settle(at("3m10s"))
	m.attempts("sbi", "4m", 100, 100)
	m.settle(at("4m10s"))
	m.s.Probing = false
	m.attempts("sbi", "5m", 100, 100)
	m.settle(at("5m10s"))
	m.bring(t, "while recovering", "3m0s down->probing 5%", "4m0s probing->recovering 25%", "5m0s recovering->degraded 100%")
}

// A mode as a whole is judged by hysteresis alone: there is nothing to probe it instead of.
func TestModeAsAWhole(t *testing.T) {
	m := probed()
	for n := 1; n <= 4; n++ {
		m.attempts("hdfc", fmt.Sprintf("%dm", n), 40, 100)
		m.attempts("sbi", fmt.Sprintf("%dm", n), 20, 100)
	}
	m.settle(at("6m"))
	want := []string{
		"1m0s upi up->degraded 100% technical rate below 0.85",
		"2m0s upi degraded->down 100% technical rate below 0.70 in 2 windows; a mode as a whole is never disabled",
	}
	if diff := cmp.Diff(want, m.whole); diff != "" {
		t.Error(diff)
	}
	if st := m.row.Whole(m.s); st.Score != 0.3 || st.State != Down || !st.Enabled || st.Mode != "upi" || st.Instrument != "" {
		t.Errorf("%+v", st)
	}
	if why, ok := m.row.Why(m.s, "", ""); !ok || len(why.Decided) != 2 || why.LowRun != 4 {
		t.Errorf("%+v", why)
	}
}
