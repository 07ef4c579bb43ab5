package health

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
)

// model is the dumbest possible routing of one mode, written from the rules alone (docs/design.md, section 8.4): all
// scores there ever were, looked through anew at every window end. Windows are minutes and are called by their number.
type model struct {
	probing bool
	scores  map[string]map[int]modelScore // by instrument/gateway, by window
	levels  map[string]*modelLevel
	forced  []Override
	plans   []Maintenance
	frozen  []Freeze
}

type modelScore struct{ success, bad int64 } // the score's pool is of these too, at weight 1

type modelLevel struct {
	state     string
	rates     []float64 // judged, oldest first
	since     int
	falls     int
	good, all int64
	step      int
	recovery  int // the window end at which recovery began; 0: none
	kept      bool
	weighs    bool // of an instrument: had 20 attempts before it was out
}

func (m *model) level(name string) *modelLevel {
	if m.levels[name] == nil {
		m.levels[name] = &modelLevel{state: "up"}
	}
	return m.levels[name]
}

// weighed returns the score of some gateways as of window end n: of the newest score of each, fading by half in 5
// windows.
func (m *model) weighed(gateways []string, n, after int) (rate, eligible float64, fresh bool, now modelScore) {
	var num, den float64
	for _, g := range gateways {
		if after > 0 { // anew: the windows themselves
			for end, s := range m.scores[g] {
				if end > after && end <= n {
					w := math.Pow(0.5, float64(n-end)/5)
					num, den, eligible = num+w*float64(s.success), den+w*float64(s.success+s.bad), eligible+float64(s.success+s.bad)
				}
			}
		} else {
			for end := n; end > 0 && end > n-30; end-- {
				if s, ok := m.scores[g][end]; ok {
					w := math.Pow(0.5, float64(n-end)/5)
					num, den, eligible = num+w*float64(s.success), den+w*float64(s.success+s.bad), eligible+float64(s.success+s.bad)
					break
				}
			}
		}
		if s, ok := m.scores[g][n]; ok {
			fresh = true
			now.success, now.bad = now.success+s.success, now.bad+s.bad
		}
	}
	return num / den, eligible, fresh, now
}

func lastAre(rates []float64, n int, ok func(float64) bool) bool {
	if len(rates) < n {
		return false
	}
	return !slices.ContainsFunc(rates[len(rates)-n:], func(r float64) bool { return !ok(r) })
}

// window lets a level see window end n.
func (m *model) window(l *modelLevel, gateways []string, n int, frozen, probing bool) {
	if l.recovery > 0 && n-l.recovery >= 30 {
		l.recovery = 0
	}
	rate, eligible, fresh, now := m.weighed(gateways, n, l.recovery)
	if probing && (l.state == "down" || l.state == "probing" || l.state == "recovering") {
		if !frozen {
			m.try(l, n, now)
		}
		return
	}
	if !fresh || eligible < 20 {
		return
	}
	l.rates = append(l.rates, rate)
	low, high := func(r float64) bool { return r < 0.70 }, func(r float64) bool { return r >= 0.85 }
	next := l.state
	switch {
	case l.state != "down" && lastAre(l.rates, 2, low):
		next = "down"
	case l.state == "up" && rate < 0.85:
		next = "degraded"
	case l.state != "up" && lastAre(l.rates, 3, high):
		next = "up"
	}
	if next != l.state && !frozen {
		l.state, l.since, l.falls = next, n, 1
		if next == "down" {
			l.recovery = 0
		}
	}
}

// try is the way back from down.
func (m *model) try(l *modelLevel, n int, now modelScore) {
	fall := func() {
		l.state, l.since, l.falls, l.rates, l.recovery = "down", n, l.falls+1, nil, 0
		l.good, l.all = 0, 0
	}
	if l.state == "down" {
		wait := min(30*l.falls, 300)
		if (n-l.since)*60 >= wait {
			l.state, l.since, l.good, l.all = "probing", n, 0, 0
		}
		return
	}
	l.good, l.all = l.good+now.success, l.all+now.success+now.bad
	enough := l.all >= 10
	if enough && float64(l.good) < 0.9*float64(l.all)-1e-9 {
		fall()
		return
	}
	switch {
	case l.state == "probing" && enough:
		l.state, l.since, l.step, l.recovery, l.good, l.all = "recovering", n, 0, n, 0, 0
	case l.state == "recovering":
		if enough {
			l.good, l.all = 0, 0
		}
		if l.step++; l.step == 3 {
			l.state, l.since, l.rates = "up", n, nil
		}
	}
}

func (m *model) isFrozen(now instant.Milli) bool {
	return slices.ContainsFunc(m.frozen, func(f Freeze) bool { return f.From <= now && now < f.Until })
}

// seen returns the gateways that have a score up to window end n, by instrument.
func (m *model) seen(n int) map[string][]string {
	instruments := map[string][]string{}
	for g, scores := range m.scores {
		for end := range scores {
			if end <= n {
				instruments[g[:1]] = append(instruments[g[:1]], g)
				break
			}
		}
	}
	return instruments
}

// boundaries lets what people decided begin and end between the evaluations of n-1 and n.
func (m *model) boundaries(n int, now instant.Milli) {
	var times []instant.Milli
	for _, o := range m.forced {
		times = append(times, o.From, o.Until)
	}
	for _, p := range m.plans {
		times = append(times, p.Begin, p.End)
	}
	for _, f := range m.frozen {
		times = append(times, f.From, f.Until)
	}
	slices.Sort(times)
	for _, at := range times {
		if at > now.Add(-time.Minute) && at <= now && !m.isFrozen(at) {
			instruments := m.seen(n - 1)
			m.eject(instruments, sortedNames(instruments), n-1, at)
		}
	}
}

// evaluate brings everything to window end n and returns what should be shown, by name.
func (m *model) evaluate(n int) map[string]string {
	now := at("0m").Add(time.Duration(n)*time.Minute + 10*time.Second)
	m.boundaries(n, now)
	frozen, instruments := m.isFrozen(now), m.seen(n)
	names := sortedNames(instruments)
	for _, name := range names {
		gateways := sort.StringSlice(instruments[name])
		gateways.Sort()
		for _, g := range gateways {
			m.window(m.level(g), []string{g}, n, frozen, m.probing)
		}
		out := m.level(name).state == "down" || m.level(name).state == "probing"
		m.window(m.level(name), gateways, n, frozen, m.probing)
		if _, eligible, fresh, _ := m.weighed(gateways, n, 0); !out && fresh {
			m.level(name).weighs = eligible >= 20
		}
	}
	if !frozen {
		m.eject(instruments, names, n, now)
	}
	out := map[string]string{}
	for _, name := range names {
		inst := m.percent(name, now)
		out[name] = fmt.Sprintf("%s %d", m.shown(name, now), inst)
		for _, g := range instruments[name] {
			out[g] = fmt.Sprintf("%s %d", m.shown(g, now), min(inst, m.percent(g, now)))
		}
	}
	return out
}

func sortedNames(of map[string][]string) []string {
	var names []string
	for name := range of {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// override returns the forced state of a level, empty for none.
func (m *model) override(name string, now instant.Milli) string {
	state, from := "", instant.Milli(-1)
	for _, p := range m.plans {
		if p.Instrument+p.Gateway == name && p.Begin <= now && now < p.End {
			state = "down"
		}
	}
	for _, o := range m.forced {
		if o.Instrument+o.Gateway == name && o.From <= now && now < o.Until && o.From >= from { // of two the one with the larger id
			state, from = o.State.String(), o.From
		}
	}
	return state
}

func (m *model) shown(name string, now instant.Milli) string {
	if s := m.override(name, now); s != "" {
		return s
	}
	return m.level(name).state
}

func (m *model) percent(name string, now instant.Milli) int {
	switch s := m.override(name, now); s {
	case "":
	case "down":
		return 0
	default:
		return 100
	}
	l := m.level(name)
	switch {
	case l.kept:
		return 100
	case l.state == "down":
		return 0
	case l.state == "probing":
		return 5
	case l.state == "recovering":
		return []int{25, 50, 100}[l.step]
	default:
		return 100
	}
}

func (m *model) eject(instruments map[string][]string, names []string, n int, now instant.Milli) {
	var out []string
	known, weighing, unseen := len(names), 0, 0
	for _, name := range names {
		if m.level(name).weighs || m.override(name, now) != "" {
			weighing++
		}
	}
	for _, name := range []string{"a", "b", "c"} { // those without a score count where people have a say
		if _, seen := instruments[name]; !seen && m.override(name, now) != "" {
			known, weighing = known+1, weighing+1
			if m.override(name, now) == "down" {
				unseen++
			}
		}
	}
	limit := weighing / 2
	if known >= 2 {
		limit = max(limit, 1)
	}
	limit -= unseen
	for _, name := range names {
		m.level(name).kept = false
		switch m.shown(name, now) {
		case "down", "probing":
			if m.override(name, now) != "" {
				limit--
			} else if m.level(name).weighs {
				out = append(out, name)
			}
		}
		for _, g := range instruments[name] {
			members := slices.Clone(instruments[name])
			if ag := "ag"; name == "a" && m.override(ag, now) != "" { // also where it has no score yet
				members = append(members, ag)
			}
			m.level(g).kept = m.override(g, now) == "" && !slices.ContainsFunc(members, func(g string) bool {
				s := m.shown(g, now)
				return s != "down" && s != "probing"
			})
		}
	}
	rate := func(name string) float64 {
		r, _, _, _ := m.weighed(instruments[name], n, 0)
		return r
	}
	sort.SliceStable(out, func(i, j int) bool { return rate(out[i]) < rate(out[j])-1e-9 })
	for i, name := range out {
		m.level(name).kept = i >= limit
	}
}

// TestAgreesWithTheModel holds the row against the model at every window end: scores in any order within it, timers now
// and then or not, interventions that begin and end at any second.
func TestAgreesWithTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{probing: rapid.Bool().Draw(t, "probing"), scores: map[string]map[int]modelScore{}, levels: map[string]*modelLevel{}}
		s := DefaultSettings()
		s.Probing = m.probing
		var row *ModeRow
		for _, i := range drawInterventions(t) {
			row, _ = row.Intervene(s, &i, at("0m"))
			switch {
			case i.Override != nil:
				m.forced = append(m.forced, *i.Override)
			case i.Maintenance != nil:
				m.plans = append(m.plans, *i.Maintenance)
			default:
				m.frozen = append(m.frozen, *i.Freeze)
			}
		}
		names := []string{"ag", "ah", "bg", "cg"}
		windows := rapid.IntRange(1, 40).Draw(t, "windows")
		for n := 1; n <= windows; n++ {
			end := at("0m").Add(time.Duration(n) * time.Minute)
			for _, name := range rapid.Permutation(names).Draw(t, "order") {
				count := rapid.SampledFrom([]int64{100, 100, 100, 10, 8, 0}).Draw(t, "count")
				if count == 0 {
					continue
				}
				percent := rapid.SampledFrom([]int64{0, 40, 65, 80, 90, 92, 100}).Draw(t, "percent")
				score := modelScore{success: count * percent / 100}
				score.bad = count - score.success
				if m.scores[name] == nil {
					m.scores[name] = map[int]modelScore{}
				}
				m.scores[name][n] = score
				row, _ = row.ObserveScore(s, &Score{
					Path: Path{"upi", name[:1], name[1:]}, WindowEnd: end, Window: Counts{ledger.Succeeded: score.success, ledger.FailedTechnical: score.bad},
					Pool: Pool{score.success * unit, count * unit, count, count},
				}, end)
			}
			row, _ = row.AdvanceTo(s, end.Add(10*time.Second))
			if want, got := fmt.Sprint(m.evaluate(n)), fmt.Sprint(shownBy(row, s)); row.reached(end) && want != got {
				t.Fatalf("window %d:\nthe model has %s\nthe row has    %s", n, want, got)
			}
		}
	})
}

// reached tells whether the row was evaluated for a window end last: it was not where nothing happened.
func (r *ModeRow) reached(end instant.Milli) bool { return r != nil && r.Evaluated == end }

func shownBy(row *ModeRow, s Settings) map[string]string {
	out := map[string]string{}
	if row == nil {
		return out
	}
	row.eachStanding(s, func(p place, st Standing, _ bool) {
		if p != (place{}) && row.known(p) {
			out[p.instrument+p.gateway] = fmt.Sprintf("%s %d", st.State, st.TrafficPercent)
		}
	})
	return out
}

func (r *ModeRow) known(p place) bool {
	inst := r.Instrument(p.instrument)
	if p.gateway == "" {
		return inst.Level.Known
	}
	return inst.gateway(p.gateway).Level.Known
}

func drawInterventions(t *rapid.T) []Intervention {
	var out []Intervention
	span := func() (instant.Milli, instant.Milli) {
		from := at("0m").Add(time.Duration(rapid.IntRange(1, 2000).Draw(t, "from")) * time.Second)
		return from, from.Add(time.Duration(rapid.IntRange(1, 600).Draw(t, "for")) * time.Second)
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "overrides") {
		o := &Override{ID: fmt.Sprint("o", i), Mode: "upi", Instrument: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "of"),
			State: rapid.SampledFrom([]State{Up, Degraded, Down}).Draw(t, "state")}
		if o.Instrument == "a" {
			o.Gateway = rapid.SampledFrom([]string{"", "g"}).Draw(t, "gateway")
		}
		o.From, o.Until = span()
		out = append(out, Intervention{Override: o})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "plans") {
		p := &Maintenance{ID: fmt.Sprint("m", i), Mode: "upi", Instrument: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "of")}
		p.Begin, p.End = span()
		out = append(out, Intervention{Maintenance: p})
	}
	if rapid.Bool().Draw(t, "freeze") {
		f := &Freeze{Mode: "upi"}
		f.From, f.Until = span()
		out = append(out, Intervention{Freeze: f})
	}
	return out
}
