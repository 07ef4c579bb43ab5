package health

import (
	"testing"

	"github.com/millrace/millrace/domain/instant"
)

func TestInterventionsHoldFromTheirBeginToBeforeTheirEnd(t *testing.T) {
	for _, c := range []struct {
		from, until, at int
		want            bool
	}{
		{10, 20, 9, false}, {10, 20, 10, true}, {10, 20, 19, true}, {10, 20, 20, false}, {10, 0, 10, false},
	} {
		from, until, t0 := instant.Milli(c.from), instant.Milli(c.until), instant.Milli(c.at)
		for _, got := range []bool{
			(&Override{From: from, Until: until}).In(t0), (&Maintenance{Begin: from, End: until}).In(t0), (&Freeze{From: from, Until: until}).In(t0),
		} {
			if got != c.want {
				t.Errorf("%+v: %v", c, got)
			}
		}
	}
	for want, i := range map[string]*Intervention{
		"": {}, "a": {Override: &Override{Mode: "a"}}, "b": {Maintenance: &Maintenance{Mode: "b"}}, "c": {Freeze: &Freeze{Mode: "c"}},
	} {
		if got := i.Mode(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
