package audit

import (
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/oracle"
)

// Rows that remember little are judged by what they have forgotten.
func TestRowsThatForgetAreJudged(t *testing.T) {
	memory := mission.DefaultConfig()
	memory.MaxRecent, memory.MaxLate = 20, 1
	c := recordOf(t, memory)
	bounds := oracle.DefaultBounds()
	bounds.Payments, bounds.Late = 20, 1
	c.run.Bounds = &bounds
	v := c.judge(c.records)
	if !v.OK() {
		t.Errorf("different %d:\n%s", v.Different, strings.Join(v.Findings[:min(len(v.Findings), 10)], "\n"))
	}
	if v.Recalled.Users < 20 {
		t.Errorf("%d users were judged by what they forgot", v.Recalled.Users)
	}
	if v := c.judge(renumbered(back(string(c.topo.Progress.Table()))(slices.Clone(c.records)), false)); v.Different == 0 {
		t.Error("a row that goes back is not noticed")
	}
	bounds.Payments = 30
	if v := c.judge(c.records); v.Different == 0 {
		t.Error("rows that forget too early are not noticed")
	}
	bounds.Payments, bounds.Values = 20, 3
	if v := c.judge(c.records); v.OK() || v.Unjudged == 0 {
		t.Error("what cannot be judged is not told")
	}
}
