package health

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/ledger"
)

// tenancy is the dumbest model of who has a place in a mode: at each window end all who have one, or ask for one, in a
// row.
type tenancy struct {
	places  int
	tenants map[string]bool  // by name
	traffic map[string]int64 // by the newest score
	bad     map[string]bool  // of those that have a place: not up
	named   string
	other   int64
}

// round lets the mode see the windows of one end: attempts by name, 0 for an empty window.
func (m *tenancy) round(attempts map[string]int64, failing func(string) bool) {
	asking := map[string]bool{}
	for name, n := range attempts {
		if m.tenants[name] || n > 0 || len(m.tenants) < m.places {
			asking[name] = true
			m.traffic[name] = n
		}
	}
	var list []string
	for name := range asking {
		if !m.tenants[name] {
			list = append(list, name)
		}
	}
	busiestFirst := func(a, b string) int {
		return cmp.Or(cmp.Compare(m.traffic[b], m.traffic[a]), btoi(m.tenants[b])-btoi(m.tenants[a]), strings.Compare(a, b))
	}
	slices.SortFunc(list, busiestFirst)
	all := slices.Concat(slices.Collect(maps.Keys(m.tenants)), list)
	var free []string
	kept := map[string]bool{}
	for _, name := range all {
		if m.tenants[name] && m.bad[name] || name == m.named {
			kept[name] = true
		} else {
			free = append(free, name)
		}
	}
	slices.SortFunc(free, busiestFirst)
	for _, name := range free {
		if len(kept) < m.places {
			kept[name] = true
		}
	}
	for _, name := range all {
		if !kept[name] {
			m.other += attempts[name]
			delete(m.bad, name)
		}
	}
	m.tenants = kept
	for name := range kept {
		if attempts[name] >= 20 && failing(name) {
			m.bad[name] = true
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestPlacesAgreeWithTheModel: who keeps a place, whatever the order of scores within a window end.
func TestPlacesAgreeWithTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := DefaultSettings()
		s.Places = rapid.IntRange(1, 6).Draw(t, "places")
		names := make([]string, 14)
		for i := range names {
			names[i] = fmt.Sprintf("bank%02d", i)
		}
		failing := func(name string) bool { return strings.HasSuffix(name, "3") || strings.HasSuffix(name, "7") }
		m := &tenancy{places: s.Places, tenants: map[string]bool{}, traffic: map[string]int64{}, bad: map[string]bool{}}
		var row *ModeRow
		if rapid.Bool().Draw(t, "named") {
			m.named = names[9]
			row, _ = row.Set(s, &Setting{Mode: "upi", Instrument: m.named, Patch: Patch{{"min_samples", "20"}}}, 0)
		}
		var other int64
		for n := range rapid.IntRange(1, 12).Draw(t, "windows") {
			end := at("0m").Add(time.Duration(n+1) * time.Minute)
			attempts := map[string]int64{}
			for _, name := range rapid.Permutation(names).Draw(t, "order")[:rapid.IntRange(0, len(names)).Draw(t, "active")] {
				count := rapid.SampledFrom([]int64{0, 1, 1, 5, 20, 100}).Draw(t, "count")
				attempts[name] = count
				score := &Score{Path: Path{"upi", name, "g"}, WindowEnd: end, Correction: count == 0, Window: Counts{ledger.Succeeded: count}, Pool: Pool{count * unit, count * unit, count, count}}
				if failing(name) {
					score.Window, score.Pool.WeightedSuccess = Counts{ledger.FailedTechnical: count}, 0
				}
				var effects []ModeEffect
				row, effects = row.ObserveScore(s, score, end)
				other += unplaced(effects)
			}
			if len(attempts) == 0 {
				continue
			}
			var effects []ModeEffect
			row, effects = row.AdvanceTo(s, end.Add(s.Grace))
			other += unplaced(effects)
			if row == nil || row.Evaluated != end { // nobody asked
				continue
			}
			m.round(attempts, failing)
			want, got := slices.Sorted(maps.Keys(m.tenants)), placed(row)
			if !slices.Equal(want, got) || m.other != other {
				t.Fatalf("window %d: %v have places and %d attempts are in other, want %v and %d", n+1, got, other, want, m.other)
			}
		}
	})
}

func unplaced(effects []ModeEffect) int64 {
	var n int64
	for _, e := range effects {
		if u, ok := e.(Unplaced); ok {
			n += u.Attempts
		}
	}
	return n
}

func placed(r *ModeRow) []string {
	var names []string
	r.each(func(i *Instrument, g *Gateway) {
		if i.Name != OtherName {
			names = append(names, i.Name)
		}
	})
	return names
}

// crowd is a mode with as many names as fit, each with some traffic, and a bank that is down.
func crowd(t *testing.T, places int) *mode {
	t.Helper()
	m := &mode{s: DefaultSettings()}
	m.s.Places = places
	for n := 1; n <= 2; n++ {
		end := fmt.Sprintf("%dm", n)
		m.score("axis/g", end, 0)
		for i := range places - 1 {
			m.score(fmt.Sprintf("bank%04d/g", i), end, 100)
		}
		m.settle(at(end).Add(m.s.Grace))
	}
	if got := m.row.Instrument("axis").Level.State; got != Down {
		t.Fatalf("axis is %v", got)
	}
	m.changes, m.told = nil, nil
	return m
}

// newcomer hands in the score of a name with so many attempts, all of which succeeded or failed.
func (m *mode) newcomer(name, end string, attempts int64, good bool) (other int64) {
	s := &Score{Path: Path{"upi", name, "g"}, WindowEnd: at(end), Window: Counts{ledger.Succeeded: attempts}, Pool: Pool{attempts * unit, attempts * unit, attempts, attempts}}
	if !good {
		s.Window, s.Pool.WeightedSuccess = Counts{ledger.FailedTechnical: attempts}, 0
	}
	var effects []ModeEffect
	m.row, effects = m.row.ObserveScore(m.s, s, at(end))
	m.note(effects)
	return unplaced(effects)
}

// Made-up names do not make a mode forget a bank that is down, nor one that has traffic; they are counted in `other`.
func TestMadeUpNames(t *testing.T) {
	m := crowd(t, 100)
	var other int64
	for i := range 1200 {
		other += m.newcomer(fmt.Sprintf("made-up%d", i), "3m", 1, true)
	}
	var effects []ModeEffect
	m.row, effects = m.row.AdvanceTo(m.s, at("3m10s"))
	m.note(effects)
	if other += unplaced(effects); other != 1200 {
		t.Errorf("%d attempts in other", other)
	}
	axis, _, ok := m.row.Standing(m.s, "axis")
	if !ok || axis.State != Down || axis.Enabled || axis.Samples != 100 {
		t.Errorf("axis: %v %+v", ok, axis)
	}
	for _, line := range m.told {
		if strings.Contains(line, "axis") {
			t.Errorf("told: %s", line)
		}
	}
	if n := len(placed(m.row)); n != 100 || !slices.Contains(placed(m.row), "bank0000") || !slices.Contains(placed(m.row), "bank0098") {
		t.Errorf("%d have places: %v", n, placed(m.row))
	}
	st, gateways, ok := m.row.Standing(m.s, OtherName)
	if !ok || len(gateways) != 1 || st.Samples != 1200 || !st.Enabled {
		t.Errorf("other: %v %+v %v", ok, st, gateways)
	}
	if w := m.row.Other; len(w) != 1 || w[0].Places != 1200 || w[0].Counts[ledger.Succeeded] != 1200 {
		t.Errorf("other's windows: %+v", w)
	}
	// A bank that is busier than others gets a place at once, and the least busy one loses its own.
	m.newcomer("newbank", "4m", 1000, true)
	m.settle(at("4m10s"))
	if got := placed(m.row); len(got) != 100 || !slices.Contains(got, "newbank") || slices.Contains(got, "bank0098") {
		t.Errorf("a busy bank: %v", got)
	}
}

// What has no place is not disabled for it, whatever becomes of it.
func TestOtherIsNeverDisabled(t *testing.T) {
	m := crowd(t, 10)
	for n := 3; n <= 6; n++ {
		end := fmt.Sprintf("%dm", n)
		for i := range 9 {
			m.score(fmt.Sprintf("bank%04d/g", i), end, 100)
		}
		for i := range 60 {
			m.newcomer(fmt.Sprintf("made-up%d", i), end, 10, false)
		}
		m.settle(at(end).Add(m.s.Grace))
	}
	st, gateways, _ := m.row.Standing(m.s, OtherName)
	if st.State != Down || !st.Enabled || !gateways[0].Enabled || !strings.HasSuffix(st.Reason, otherNote) {
		t.Errorf("%+v %+v", st, gateways)
	}
	if whole := m.row.Whole(m.s); whole.State != Up {
		t.Errorf("the mode: %+v", whole)
	}
}

// Names that hardly have traffic are in no share of the mode's: neither do they raise the number of those that may be
// off, nor are they off in place of a bank that has traffic.
func TestNamesWithoutTrafficDoNotWeigh(t *testing.T) {
	run := func(names int, good bool) []string {
		m := &mode{s: DefaultSettings()}
		for n := 1; n <= 3; n++ {
			end := fmt.Sprintf("%dm", n)
			for _, bank := range []string{"axis", "hdfc", "icici", "sbi"} {
				percent := int64(0)
				if bank == "sbi" {
					percent = 100
				}
				s := &Score{Path: Path{"upi", bank, "g"}, WindowEnd: at(end), Window: Counts{ledger.Succeeded: percent * 10_000, ledger.FailedTechnical: (100 - percent) * 10_000}}
				s.Pool = Pool{s.Window[ledger.Succeeded] * unit, s.Window.Samples() * unit, s.Window.Samples(), s.Window.Samples()}
				m.row, _ = m.row.ObserveScore(m.s, s, at(end))
			}
			for i := range names {
				m.newcomer(fmt.Sprintf("a-made-up%d", i), end, 30, good)
			}
			m.settle(at(end).Add(m.s.Grace))
		}
		var off []string
		for _, st := range m.row.Standings(m.s) {
			if !st.Enabled && !strings.HasPrefix(st.Instrument, "a-made-up") {
				off = append(off, st.Instrument)
			}
		}
		return off
	}
	want := run(0, true)
	if len(want) != 2 {
		t.Fatalf("%v are off", want)
	}
	for _, good := range []bool{true, false} {
		if got := run(100, good); !slices.Equal(want, got) {
			t.Errorf("with 100 names that are well %v: %v are off, want %v", good, got, want)
		}
	}
}

// Made-up gateways of one bank cost other banks nothing.
func TestGatewaysOfOneInstrument(t *testing.T) {
	m := crowd(t, 200)
	for i := range 300 {
		s := &Score{Path: Path{"upi", "bank0000", fmt.Sprintf("made-up%d", i)}, WindowEnd: at("3m"), Window: Counts{ledger.Succeeded: 2}, Pool: Pool{2 * unit, 2 * unit, 2, 2}}
		m.row, _ = m.row.ObserveScore(m.s, s, at("3m"))
	}
	m.settle(at("3m10s"))
	if inst := m.row.Instrument("bank0000"); len(inst.Gateways) > maxGateways || inst.gateway("g") == nil {
		t.Errorf("%d gateways", len(inst.Gateways))
	}
	if n := len(placed(m.row)); n != 200 {
		t.Errorf("%d places", n)
	}
}

// A row with thousands of long names stays within a record, too.
func TestRowsAreBoundedInBytes(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	m.score("axis/g", "1m", 0)
	m.settle(at("1m10s"))
	for n := 2; n <= 3; n++ {
		end := fmt.Sprintf("%dm", n)
		m.score("axis/g", end, 0)
		for i := range 3900 {
			if n == 2 || m.row.Instrument(fmt.Sprintf("%0250d", i)) != nil {
				m.score(fmt.Sprintf("%0250d/%0250d", i, i), end, 100)
			}
		}
		m.settle(at(end).Add(m.s.Grace))
	}
	if size := m.row.Size(); size > maxSize+maxSize/10 || m.row.Instrument("axis") == nil || len(placed(m.row)) < 1000 {
		t.Errorf("%d bytes, %d places", size, len(placed(m.row)))
	}
}

// 12,000 made-up names in a mode of 20 banks of which one is down: it stays down, its downtime goes on, and the limit
// of how many may be off stays what it was.
func TestTwelveThousandNames(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	banks := func(end string) {
		m.score("axis/g", end, 7)
		for i := range 19 {
			m.score(fmt.Sprintf("bank%02d/g", i), end, 100)
		}
	}
	for n := 1; n <= 5; n++ {
		end := fmt.Sprintf("%dm", n)
		banks(end)
		m.settle(at(end).Add(m.s.Grace))
	}
	before, _, _ := m.row.Standing(m.s, "axis")
	if before.State != Down || before.Enabled {
		t.Fatalf("%+v", before)
	}
	m.told, m.changes = nil, nil
	other := int64(0)
	for i := range 12_000 {
		other += m.newcomer(fmt.Sprintf("made-up%d", i), "6m", 1, true)
	}
	banks("6m")
	var effects []ModeEffect
	m.row, effects = m.row.AdvanceTo(m.s, at("6m10s"))
	m.note(effects)
	other += unplaced(effects)
	after, _, ok := m.row.Standing(m.s, "axis")
	if !ok || after.State != Down || after.Enabled || after.Since != before.Since {
		t.Errorf("axis: %+v", after)
	}
	if len(m.told) > 0 || len(m.changes) > 0 {
		t.Errorf("told %v, changed %v", m.told, m.changes)
	}
	if n := len(placed(m.row)); n != m.s.Places || other != 12_020-int64(n) {
		t.Errorf("%d places, %d in other", n, other)
	}
	if m.row.Size() > maxSize {
		t.Errorf("%d bytes", m.row.Size())
	}
}

// A gateway that is down keeps its place in a bank that is up by its other gateway, and so does a quiet gateway of a
// bank that is not up.
func TestGatewaysThatAreNotForgotten(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	m.s.Places = 20
	score := func(bank, gateway, end string, n, percent int64) {
		s := &Score{Path: Path{"upi", bank, gateway}, WindowEnd: at(end), Window: Counts{ledger.Succeeded: n * percent / 100, ledger.FailedTechnical: n - n*percent/100}}
		s.Pool = Pool{s.Window[ledger.Succeeded] * unit, n * unit, n, n}
		m.row, _ = m.row.ObserveScore(m.s, s, at(end))
	}
	for n := 1; n <= 2; n++ {
		end := fmt.Sprintf("%dm", n)
		score("sbi", "down", end, 30, 0)
		score("sbi", "up", end, 5000, 100)
		score("axis", "down", end, 5000, 0)
		score("axis", "quiet", end, 1, 100)
		for i := range 16 {
			score(fmt.Sprintf("bank%02d", i), "g", end, 100, 100)
		}
		m.settle(at(end).Add(m.s.Grace))
	}
	for i := range 16 {
		score(fmt.Sprintf("new%02d", i), "g", "3m", 1000, 100)
	}
	m.settle(at("3m10s"))
	for _, at := range []place{{"sbi", "down"}, {"sbi", "up"}, {"axis", "down"}, {"axis", "quiet"}} {
		if inst := m.row.Instrument(at.instrument); inst == nil || inst.gateway(at.gateway) == nil {
			t.Errorf("%v is forgotten", at)
		}
	}
	if st, _, _ := m.row.Standing(m.s, "sbi"); st.State != Up {
		t.Errorf("sbi is %v", st.State)
	}
	if got := placed(m.row); len(got) != 20 || !slices.Contains(got, "new15") || slices.Contains(got, "bank00") {
		t.Errorf("%v", got)
	}
}

// Settings name a place until they are withdrawn: an empty patch takes them back.
func TestWithdrawnSettingsNameNoPlace(t *testing.T) {
	s := DefaultSettings()
	row, _ := (*ModeRow)(nil).Set(s, &Setting{Mode: "upi", Instrument: "sbi", EffectiveFrom: 10, Patch: Patch{{"min_samples", "20"}}}, 0)
	if !row.named()[place{"sbi", ""}] {
		t.Error("a setting names no place")
	}
	row, _ = row.Set(s, &Setting{Mode: "upi", Instrument: "sbi", EffectiveFrom: 10}, 0)
	if row.named()[place{"sbi", ""}] {
		t.Error("a withdrawn setting names a place")
	}
}
