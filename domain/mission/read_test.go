package mission

import "testing"

// A detail of a mission brings the row up to the missions in force once, for the figures and for the payments: it costs
// what that costs, and what is shown of a row that is up to date.
func TestDetailTouchesTheRowOnce(t *testing.T) {
	x := NewIndex()
	for _, m := range benchMissions(10) {
		h := NewHistory(m, 1)
		if problems := x.Put(m.ID, &h); problems != nil {
			t.Fatal(problems)
		}
	}
	var row *UserRow
	for _, id := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		row, _ = Apply(row, settled(facts(id, 12550, "2026-03-02T00:00:00Z")), x.Snapshot(), DefaultConfig())
	}
	h := NewHistory(everything("one", MetricCount, 2), 1)
	if problems := x.Put("one", &h); problems != nil {
		t.Fatal(problems)
	}
	s, at := x.Snapshot(), row.LastAt
	touched := Touch(row, "u1", s, DefaultConfig())
	if touched == row {
		t.Fatal("the row is up to date")
	}
	detail := func(row *UserRow) float64 {
		return testing.AllocsPerRun(100, func() {
			if v, did, ok := DetailOf(row, "u1", "one", s, at, DefaultConfig()); !ok || len(did) != 8 || v.Progress != 8 {
				t.Fatalf("%+v, %d payments, %t", v, len(did), ok)
			}
		})
	}
	touch := testing.AllocsPerRun(100, func() { Touch(row, "u1", s, DefaultConfig()) })
	if got, most := detail(row), detail(touched)+touch; got > most {
		t.Errorf("%v allocations; one Touch has %v, and what is shown %v", got, touch, most-touch)
	}
}
