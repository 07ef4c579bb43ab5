package catalog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

const hour = instant.Milli(3_600_000)

func override() Override {
	return Override{health.Override{ID: "o1", Mode: "upi", Instrument: "sbi", State: health.Down, From: 1000, Until: 1000 + hour, Reason: "why"}}
}

func maintenance() Maintenance {
	return Maintenance{health.Maintenance{ID: "m1", Mode: "upi", Instrument: "sbi", Begin: 1000, End: 1000 + hour, Reason: "why"}}
}

func freeze() Freeze {
	return Freeze{health.Freeze{Mode: "upi", From: 1000, Until: 1000 + hour, Reason: "why"}}
}

func settings(instrument string, from instant.Milli, patch ...health.Change) HealthSettings {
	return NewHealthSettings(health.Setting{Mode: "upi", Instrument: instrument, EffectiveFrom: from, Patch: patch})
}

// run applies commands one after the other, and returns the row with a line for each verdict.
func run(t *testing.T, commands ...*Command) (*Row, []string) {
	t.Helper()
	row, lines, _ := runAudited(t, commands...)
	return row, lines
}

func runAudited(t *testing.T, commands ...*Command) (row *Row, lines []string, audited []*audit.Line) {
	t.Helper()
	for i, c := range commands {
		c.ID = fmt.Sprint("c", i)
		next, e := Apply(row, c, DefaultConfig())
		line := string(e.Result) + " " + e.Status
		if len(e.Problems) > 0 {
			line += " " + e.Problems.Error()
		}
		row, lines, audited = next, append(lines, line), append(audited, e.Line)
	}
	return row, lines, audited
}

func put(e Entity) *Command { return NewPut("", "ops", 500, e) }

func TestInterventionsLive(t *testing.T) {
	for name, c := range map[string]struct {
		entity, same, other Entity
		id                  string
	}{
		"override": {override(), func() Entity {
			o := override()
			o.Mode, o.Instrument, o.Reason, o.From = " UPI ", "Sbi", " why ", 0 // goes on from when it began
			return o
		}(), func() Entity { o := override(); o.Until += hour; return o }(), "o1"},
		"maintenance": {maintenance(), func() Entity { m := maintenance(); m.Instrument = "SBI"; return m }(), func() Entity { m := maintenance(); m.Begin++; return m }(), "m1"},
		"freeze":      {freeze(), func() Entity { f := freeze(); f.From = 0; return f }(), func() Entity { f := freeze(); f.Reason = "more"; return f }(), "upi"},
	} {
		kind := c.entity.Kind()
		row, lines, told := runAudited(t, NewWithdrawal("", "ops", 1, kind, c.id), put(c.entity), put(c.same), put(c.other), NewWithdrawal("", "ops2", 2, kind, c.id),
			NewWithdrawal("", "ops", 3, kind, c.id), put(c.other))
		want := []string{
			"refused  there is no such " + name + " (not_found)", "applied set", "unchanged set", "applied set", "applied withdrawn", "unchanged withdrawn", "applied set",
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		var trail []string
		for _, a := range told {
			trail = append(trail, fmt.Sprintf("%d %s %s %s %s>%s", a.Revision, a.Actor, a.Result, a.Action, a.From, a.To))
		}
		want = []string{
			"0 ops refused withdrawn >", "1 ops applied created >set", "1 ops unchanged changed set>set", "2 ops applied changed set>set", "3 ops2 applied withdrawn set>withdrawn",
			"3 ops unchanged withdrawn withdrawn>withdrawn", "4 ops applied changed withdrawn>set",
		}
		if diff := cmp.Diff(want, trail); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if row.Entity.ID() != c.id || Intervention(row.Entity).Mode() != "upi" || row.Revision != 4 {
			t.Errorf("%s: %+v", name, row.Entity)
		}
	}
	if Intervention(Mission{}) != nil {
		t.Error("a mission intervenes")
	}
}

func TestWhatIsNotSaidBeginsWithTheCommand(t *testing.T) {
	o, f := override(), freeze()
	o.From, f.From = 0, 0
	row, _ := run(t, put(o))
	if got := row.Entity.(Override); got.From != 500 || got.Actor != "ops" || got.Until != 1000+hour {
		t.Errorf("%+v", got)
	}
	row, _ = run(t, put(f))
	if got := row.Entity.(Freeze); got.From != 500 || got.Actor != "ops" {
		t.Errorf("%+v", got)
	}
}

func TestRefusedInterventions(t *testing.T) {
	for _, c := range []struct {
		entity   Entity
		pointers string
	}{
		{Override{}, "/id /mode /instrument /reason"},
		{Maintenance{}, "/id /mode /instrument /begin /reason /end"},
		{Freeze{}, "/mode /reason"},
		{func() Entity { o := override(); o.Override.ID = "a b"; o.State = 77; return o }(), "/id /state"},
		{func() Entity { o := override(); o.Until = 0; return o }(), "/until"},
		{func() Entity { o := override(); o.Until = o.From; return o }(), "/until"},
		{func() Entity { o := override(); o.Until = o.From + 91*24*hour; return o }(), "/until"},
		{func() Entity { o := override(); o.Reason = strings.Repeat("x", 501); return o }(), "/reason"},
		{func() Entity {
			o := override()
			o.Gateway = strings.Repeat("g", 257)
			o.Mode = strings.Repeat("m", 129)
			return o
		}(), "/mode /gateway"},
		{func() Entity { m := maintenance(); m.End = m.Begin; return m }(), "/end"},
		{func() Entity { f := freeze(); f.Until = 5; return f }(), "/until"},
	} {
		_, e := Apply(nil, put(c.entity), DefaultConfig())
		if got := pointers(e.Problems); e.Result != verdict.Refused || got != c.pointers {
			t.Errorf("%+v: %s %s", c.entity, e.Result, got)
		}
	}
	other := override()
	other.Mode = "card"
	away := maintenance()
	away.Mode = "card"
	for _, c := range [][]Entity{{override(), other}, {maintenance(), away}} {
		_, lines := run(t, put(c[0]), put(c[1]), NewWithdrawal("", "ops", 9, c[0].Kind(), c[0].ID()), put(c[1]))
		want := []string{"applied set", "refused set /mode: " + otherMode + " (invalid_field)", "applied withdrawn", "applied set"}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Error(diff)
		}
	}
}

func pointers(l problem.List) string {
	var all []string
	for _, p := range l {
		all = append(all, p.Pointer)
	}
	return strings.Join(all, " ")
}

func TestHealthSettingsLive(t *testing.T) {
	row, lines := run(t,
		NewWithdrawal("", "ops", 1, KindHealthSetting, "upi"),
		put(settings("", 1000, health.Change{Field: "up_after", Value: "5"}, health.Change{Field: "down_below", Value: "0.6"})),
		put(settings("", 1000, health.Change{Field: "down_below", Value: "0.6"}, health.Change{Field: "up_after", Value: "5"})), // the same in another order
		put(settings("", 0, health.Change{Field: "down_below", Value: "0.6"}, health.Change{Field: "up_after", Value: "5"})),
		put(settings("", 999, health.Change{Field: "down_below", Value: "0.5"})),
		put(settings("", 1000, health.Change{Field: "down_below", Value: "0.5"})), // in its place
		put(settings("", 3000, health.Change{Field: "down_below", Value: "0.4"})),
		NewWithdrawal("", "ops", 2000, KindHealthSetting, "upi"), // what is to come never begins
		NewWithdrawal("", "ops", 5000, KindHealthSetting, "upi"),
		put(settings("", 6000, health.Change{Field: "down_below", Value: "0.3"})),
	)
	want := []string{
		"refused  there is no such health-setting (not_found)", "applied set", "unchanged set", "unchanged set",
		"refused set /effective_from: must not be before the newest change: write 1970-01-01T00:00:01.000Z or later, or withdraw the settings first (invalid_field)", "applied set", "applied set", "applied withdrawn",
		"unchanged withdrawn", "applied set",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	var changes []string
	for _, c := range row.Entity.(HealthSettings).Changes {
		changes = append(changes, fmt.Sprintf("%d %v %s", c.EffectiveFrom, c.Patch, c.Actor))
	}
	if diff := cmp.Diff([]string{"1000 [{down_below 0.5}] ops", "2000 [] ops", "6000 [{down_below 0.3}] ops"}, changes); diff != "" {
		t.Error(diff)
	}
}

func TestRefusedSettings(t *testing.T) {
	change := func(field, value string) health.Change { return health.Change{Field: field, Value: value} }
	two := settings("", 1)
	two.Changes = append(two.Changes, two.Changes[0])
	for _, c := range []struct {
		entity   HealthSettings
		pointers string
	}{
		{settings("", 1, change("colour", "red"), change("up_after", "x")), "/settings/colour /settings/up_after"},
		{settings("", 1, change("window", "2m")), "/settings/window"},
		{settings("", 1, change("down_below", "0.9")), "/settings"},
		{settings("", 1, change("up_after", "1"), change("up_after", "2")), "/settings/up_after"},
		{settings("sbi", 1, change("max_ejection_percent", "10")), "/settings/max_ejection_percent"},
		{NewHealthSettings(health.Setting{Instrument: "sbi"}), "/mode"},
		{two, ""},
	} {
		_, e := Apply(nil, put(c.entity), DefaultConfig())
		if got := pointers(e.Problems); e.Result != verdict.Refused || got != c.pointers {
			t.Errorf("%+v: %s %v", c.entity, e.Result, e.Problems)
		}
	}
	strict := DefaultConfig()
	strict.Health.DegradedBelow, strict.Health.DownBelow = 0.5, 0.4
	if _, e := Apply(nil, put(settings("", 1, change("down_below", "0.6"))), strict); e.Result != verdict.Refused {
		t.Error("judged against other settings than the deployment's")
	}
	if got := PlaceID(" UPI", "a/B"); got != "upi/a%2Fb" || PlaceID("upi", "") != "upi" {
		t.Error(got)
	}
}

// Whatever comes in whatever order, no row changes after it was returned, what is set is valid, and changes stay in
// order.
func TestHealthEntitiesKeepTheirPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var row *Row
		for i := range rapid.IntRange(1, 50).Draw(t, "commands") {
			at := instant.Milli(rapid.Int64Range(1, 100).Draw(t, "at"))
			s := settings("", instant.Milli(rapid.Int64Range(0, 100).Draw(t, "from")), health.Change{Field: "up_after", Value: fmt.Sprint(rapid.IntRange(1, 3).Draw(t, "value"))})
			c := NewPut(fmt.Sprint(i), "ops", at, s)
			if rapid.IntRange(0, 4).Draw(t, "withdraw") == 0 {
				c = NewWithdrawal(fmt.Sprint(i), "ops", at, KindHealthSetting, "upi")
			}
			before := fmt.Sprintf("%+v", row)
			next, _ := Apply(row, c, DefaultConfig())
			if after := fmt.Sprintf("%+v", row); after != before {
				t.Fatalf("the old row has changed:\n%s\n%s", before, after)
			}
			row = next
			h, ok := row.Entity.(HealthSettings)
			if !ok {
				continue
			}
			if len(h.Changes) > maxChanges {
				t.Fatal("unbounded")
			}
			for j := 1; j < len(h.Changes); j++ {
				if h.Changes[j].EffectiveFrom <= h.Changes[j-1].EffectiveFrom {
					t.Fatalf("%+v", h.Changes)
				}
			}
		}
	})
}

const ninetyDays = 90 * 24 * hour

// However far ahead, no setting locks its place: it is refused, or a withdrawal ends it. What was in force stays.
func TestSettingsToComeAreWithdrawn(t *testing.T) {
	change := func(value string) health.Change { return health.Change{Field: "down_below", Value: value} }
	row, lines := run(t,
		put(settings("sbi", 400, change("0.6"))), put(settings("sbi", 500+ninetyDays+1, change("0.5"))), put(settings("sbi", 7_258_118_400_000, change("0.5"))),
		put(settings("sbi", 500+ninetyDays, change("0.5"))), NewWithdrawal("", "ops", 600, KindHealthSetting, "upi/sbi"),
		put(settings("sbi", 700, change("0.4"))), put(settings("sbi", 800, change("0.4"))),
	)
	const far = "refused set /effective_from: must be within 90 days of the command (invalid_field)"
	if diff := cmp.Diff([]string{"applied set", far, far, "applied set", "applied withdrawn", "applied set", "applied set"}, lines); diff != "" {
		t.Error(diff)
	}
	var changes []string
	for _, c := range row.Entity.(HealthSettings).Changes {
		changes = append(changes, fmt.Sprintf("%d %v", c.EffectiveFrom, c.Patch))
	}
	if diff := cmp.Diff([]string{"400 [{down_below 0.6}]", "600 []", "700 [{down_below 0.4}]", "800 [{down_below 0.4}]"}, changes); diff != "" {
		t.Error(diff)
	}
	locked := &Row{Kind: KindHealthSetting, EntityID: "upi/sbi", Revision: 1, Entity: settings("sbi", 7_258_118_400_000, change("0.5"))} // of an older binary
	locked, e := Apply(locked, NewWithdrawal("w", "ops", 600, KindHealthSetting, "upi/sbi"), DefaultConfig())
	again := put(settings("sbi", 700, change("0.4")))
	again.ID = "p"
	if _, f := Apply(locked, again, DefaultConfig()); e.Result != verdict.Applied || f.Result != verdict.Applied {
		t.Errorf("%s, %s %v", e.Result, f.Result, f.Problems)
	}
}

// Every event time at which something of the catalog that people decide begins is bounded, or does not lock anything.
func TestBeginningsAreBounded(t *testing.T) {
	for _, far := range []instant.Milli{500 + ninetyDays + 1, 7_258_118_400_000, 253_402_300_799_000} {
		o, m, f := override(), maintenance(), freeze()
		o.From, m.Begin, f.From = far, far, far
		o.Until, m.End, f.Until = far+hour, far+hour, far+hour
		for pointer, entities := range map[string][]Entity{
			"/from": {o, f}, "/begin": {m}, "/effective_from": {settings("", far, health.Change{Field: "up_after", Value: "5"})},
		} {
			for _, entity := range entities {
				if _, e := Apply(nil, put(entity), DefaultConfig()); e.Result != verdict.Refused || pointers(e.Problems) != pointer {
					t.Errorf("%T from %s: %s %v", entity, far, e.Result, e.Problems)
				}
			}
		}
		long := override()
		long.Until = far + 1000
		if _, e := Apply(nil, put(long), DefaultConfig()); e.Result != verdict.Refused || pointers(e.Problems) != "/until" {
			t.Errorf("until %s: %s %v", far, e.Result, e.Problems)
		}
	}
}

// A mission begins by the same rule: when it is activated by itself, and when another version of it is in force.
func TestBeginningsOfMissionsAreBounded(t *testing.T) {
	const now = 500
	scheduled := func(when instant.Milli) *Command {
		m := NewMission(definition(mission.Scheduled))
		m.ScheduledAt = when
		return NewPut("c", "ops", now, m)
	}
	version := func(from instant.Milli) *Command {
		changed := definition("")
		changed.Title = "another"
		m := NewMission(changed)
		m.Versions[0].From = from
		return NewPut("v", "ops", now, m)
	}
	put := func(status mission.Status) *Row {
		row, e := Apply(nil, putMission("made", now, definition(status)), DefaultConfig())
		if e.Result != verdict.Applied {
			t.Fatal(e.Problems)
		}
		return row
	}
	soon := instant.Milli(now + 20_000)
	for name, c := range map[string]struct {
		row     *Row
		command func(instant.Milli) *Command
		pointer string
		none    bool // the mission has nothing that could begin ahead
	}{
		"created as scheduled": {nil, scheduled, "/activate_at", false},
		"scheduled":            {put(mission.Draft), scheduled, "/activate_at", false},
		"activated ahead":      {put(mission.Draft), func(when instant.Milli) *Command { return NewMove("a", "ops", now, Activate, "m", when) }, "/at", false},
		"another version":      {put(mission.Active), version, "/in_force_from", false},
		"a proposal":           {put(mission.Paused), version, "/in_force_from", false},
		"a first version":      {nil, version, "/in_force_from", true},
		"a draft":              {put(mission.Draft), version, "/in_force_from", true},
	} {
		for _, far := range []instant.Milli{now + ninetyDays + 1, 7_258_118_400_000, 253_402_300_799_000} {
			if _, e := Apply(c.row, c.command(far), DefaultConfig()); e.Result != verdict.Refused || pointers(e.Problems) != c.pointer {
				t.Errorf("%s at %s: %s %v", name, far, e.Result, e.Problems)
			}
		}
		for _, near := range []instant.Milli{soon, now + ninetyDays} {
			_, e := Apply(c.row, c.command(near), DefaultConfig())
			if refused := e.Result == verdict.Refused; refused != c.none || refused && pointers(e.Problems) != c.pointer {
				t.Errorf("%s at %s: %s %v", name, near, e.Result, e.Problems)
			}
		}
	}
	if _, e := Apply(nil, version(now-1), DefaultConfig()); e.Result != verdict.Applied { // it has held for as long
		t.Errorf("a first version that was in force elsewhere: %v", e.Problems)
	}
}
