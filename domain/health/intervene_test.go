package health

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/instant"
)

func (m *mode) intervene(t *testing.T, i Intervention, w string) {
	t.Helper()
	var effects []ModeEffect
	before := m.row
	frozen(t, before, func() { m.row, effects = before.Intervene(m.s, &i, at(w)) })
	m.note(effects)
}

func override(id, instrument, gateway string, state State, from, until string) Intervention {
	return Intervention{Override: &Override{ID: id, Mode: "upi", Instrument: instrument, Gateway: gateway, State: state, From: at(from), Until: at(until)}}
}

func TestForcedState(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	m.score("sbi/a", "1m", 100)
	m.score("hdfc/a", "1m", 100)
	m.intervene(t, override("o1", "sbi", "", Down, "1m10s", "5m"), "1m")
	m.told = nil
	m.score("hdfc/a", "2m", 100)
	m.settle(at("1m10s") - 1)
	m.settle(at("2m10s")) // an override goes before an evaluation of the same time
	m.expect(t, "none upi/sbi up->down 0% forced", "1m0s upi/sbi/a up->up 0% initially up; its instrument: forced")
	m.settle(at("6m"))
	m.expect(t, "2m0s upi/sbi down->up 100% initially up", "2m0s upi/sbi/a up->up 100% initially up")
	st, gateways, _ := m.row.Standing(m.s, "sbi")
	if st.Since != at("5m") || st.ForcedUntil != 0 || gateways[0].ForcedUntil != 0 {
		t.Errorf("released: %+v", st)
	}
	if m.row.Overrides != nil {
		t.Errorf("what is over is kept: %+v", m.row.Overrides)
	}
	if diff := cmp.Diff([]string{
		"upi/sbi started high 1m10s..5m0s override: forced", "upi/sbi resolved high 1m10s..5m0s override: forced",
	}, m.told); diff != "" {
		t.Error(diff)
	}
	if at, due := m.row.Due(m.s); due {
		t.Errorf("due at %v", at)
	}
}

// What people have forced down counts towards the limit, but is not limited itself.
func TestForcedDownAndTheLimit(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	for i, name := range []string{"a", "b", "c", "d"} {
		m.score(name+"/g", "1m", int64(40+i))
		m.score(name+"/g", "2m", int64(40+i))
	}
	m.settle(at("2m10s"))
	enabled := func() string {
		out := ""
		for _, st := range m.row.Standings(m.s) {
			out += fmt.Sprint(st.TrafficPercent, " ")
		}
		return out
	}
	for _, c := range []struct{ id, instrument, want string }{
		{"o1", "d", "0 100 100 0 "}, {"o2", "c", "100 100 0 0 "}, {"o3", "b", "100 0 0 0 "},
	} {
		m.intervene(t, override(c.id, c.instrument, "", Down, "2m", "9m"), "2m10s")
		if got := enabled(); got != c.want {
			t.Errorf("%s forced down: %s, want %s", c.instrument, got, c.want)
		}
	}
	m.intervene(t, override("o2", "c", "", Up, "2m", "9m"), "2m10s")
	if got := enabled(); got != "100 0 100 0 " {
		t.Errorf("c forced up: %s", got)
	}
}

func TestFreezeHoldsProbesToo(t *testing.T) {
	m := probed()
	m.bringDown(t)
	m.intervene(t, Intervention{Freeze: &Freeze{Mode: "upi", From: at("2m10s"), Until: at("10m30s")}}, "2m10s")
	m.settle(at("10m29s"))
	m.bring(t, "frozen")
	if why, _ := m.row.Why(m.s, "sbi", ""); why.Freeze == nil || why.Freeze.Until != at("10m30s") {
		t.Errorf("%+v", why)
	}
	m.settle(at("12m"))
	m.bring(t, "over", "11m0s down->probing 5%")
	m.intervene(t, Intervention{Freeze: &Freeze{Mode: "upi", From: at("12m"), Until: at("15m")}}, "12m")
	m.attempts("sbi", "13m", 0, 5)
	m.settle(at("14m"))
	m.bring(t, "frozen again")
	if trial := m.row.Instrument("sbi").Level.Trial; trial.All != 0 || trial.From != at("11m") {
		t.Errorf("probes while frozen: %+v", trial)
	}
	m.attempts("sbi", "16m", 10, 10)
	m.settle(at("16m10s"))
	m.bring(t, "over again", "16m0s probing->recovering 25%")
	if why, _ := m.row.Why(m.s, "sbi", ""); why.Freeze != nil {
		t.Errorf("%+v", why)
	}
}

// A downtime is told when it begins, gets worse or better, and ends; the row keeps the last.
func TestDowntimes(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	m.score("hdfc/a", "1m", 100)
	for n, percent := range []int64{80, 60, 60, 90, 90, 90} {
		m.score("sbi/a", fmt.Sprintf("%dm", n+1), percent)
	}
	m.settle(at("10m"))
	var want []string
	for _, line := range []string{
		"started low 1m0s..? technical_rate: technical rate below 0.85",
		"updated high 1m0s..? technical_rate: technical rate below 0.70 in 2 windows",
		"resolved high 1m0s..6m0s technical_rate: technical rate below 0.70 in 2 windows",
	} {
		want = append(want, "upi/sbi "+line, "upi/sbi/a "+line)
	}
	if diff := cmp.Diff(want, m.told); diff != "" {
		t.Error(diff)
	}
	kept := m.row.Disruptions()
	if len(kept) != 2 || kept[0].ID == kept[1].ID || kept[0].Status != Resolved || len(kept[0].Windows) != 2 || kept[0].Windows[0] != at("2m") {
		t.Errorf("%+v", kept)
	}
	plan := Maintenance{ID: "m1", Mode: "upi", Instrument: "sbi", Begin: at("12m"), End: at("14m"), Reason: "core banking"}
	m.told = nil
	for _, step := range []func(){
		func() { m.intervene(t, Intervention{Maintenance: &plan}, "10m") },
		func() { plan.Begin = at("12m30s"); m.intervene(t, Intervention{Maintenance: &plan}, "11m") },
		func() { m.intervene(t, Intervention{Maintenance: &plan}, "11m") }, // again: nothing new
		func() { m.settle(at("13m")) },
		func() { plan.End = at("20m"); m.intervene(t, Intervention{Maintenance: &plan}, "13m") },
		func() { plan.End = 0; m.intervene(t, Intervention{Maintenance: &plan}, "15m") },
	} {
		step()
	}
	want = nil
	for _, line := range []string{
		"scheduled high 12m0s..14m0s", "updated high 12m30s..14m0s", "started high 12m30s..14m0s", "updated high 12m30s..20m0s", "resolved high 12m30s..15m0s",
	} {
		want = append(want, "upi/sbi "+line+" maintenance: scheduled maintenance: core banking")
	}
	if diff := cmp.Diff(want, m.told); diff != "" {
		t.Error(diff)
	}
	for i := range maxResolved + 5 {
		m.intervene(t, override(fmt.Sprint("o", i), "sbi", "", Down, "20m", "21m"), "15m")
	}
	m.settle(at("30m"))
	if n := len(m.row.Disruptions()); n != maxResolved {
		t.Errorf("%d downtimes are kept", n)
	}
	if m.row.Disruptions()[0].Begin != at("20m") {
		t.Errorf("the oldest are kept: %+v", m.row.Disruptions()[0])
	}
}

// Forcing something up is no downtime, and neither does a row take more than it has room for.
func TestInterventionsAreBounded(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	for i := range maxInterventions {
		m.intervene(t, override(fmt.Sprint("o", i), "sbi", "", Up, "1m", "9m"), "1m")
	}
	if len(m.told) != 0 {
		t.Errorf("downtimes: %v", m.told)
	}
	i := override("one more", "sbi", "", Up, "1m", "9m")
	row, effects := m.row.Intervene(m.s, &i, at("1m"))
	if _, refused := effects[0].(Refused); !refused || row != m.row {
		t.Errorf("%+v", effects)
	}
	i = override("o7", "sbi", "", Down, "1m", "9m")
	if _, effects = m.row.Intervene(m.s, &i, at("1m")); len(effects) == 0 {
		t.Error("no room to change one")
	}
	for i := range maxSettings {
		m.row, _ = m.row.Set(m.s, &Setting{Mode: "upi", EffectiveFrom: at("1m") + instant.Milli(i)}, at("1m"))
	}
	row, effects = m.row.Set(m.s, &Setting{Mode: "upi", EffectiveFrom: at("5m")}, at("1m"))
	if _, refused := effects[0].(Refused); !refused || row != m.row {
		t.Errorf("%+v", effects)
	}
	m.score("sbi/a", "2m", 100)
	m.settle(at("3m"))
	if m.row, _ = m.row.Set(m.s, &Setting{Mode: "upi", EffectiveFrom: at("5m")}, at("3m")); len(m.row.Settings) != 2 {
		t.Errorf("%d settings, of which one is in force and one to come", len(m.row.Settings))
	}
}

// A gateway that is silent for as long as health remembers is forgotten, and with the last its instrument and its
// downtime.
func TestForgottenGateways(t *testing.T) {
	m := &mode{s: DefaultSettings()}
	m.score("sbi/a", "1m", 40)
	m.score("sbi/b", "2m", 40)
	m.score("hdfc/a", "2m", 100)
	m.settle(at("3m"))
	m.told = nil
	m.score("hdfc/a", "10081m", 100) // a week and a minute
	m.settle(at("10082m"))
	if st, gateways, ok := m.row.Standing(m.s, "sbi"); !ok || len(gateways) != 2 {
		t.Errorf("too early: %+v %+v", st, gateways)
	}
	m.score("hdfc/a", "10082m", 100)
	m.settle(at("10083m"))
	if _, gateways, ok := m.row.Standing(m.s, "sbi"); !ok || len(gateways) != 1 {
		t.Errorf("%+v", gateways)
	}
	m.score("hdfc/a", "10083m", 100)
	m.settle(at("10084m"))
	if _, _, ok := m.row.Standing(m.s, "sbi"); ok {
		t.Error("still there")
	}
	if len(m.told) != 3 {
		t.Errorf("resolved: %v", m.told)
	}
}
