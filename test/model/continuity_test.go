package model

import (
	"slices"
	"testing"

	"github.com/millrace/millrace/domain/instant"
)

func TestContinuity(t *testing.T) {
	sbi := series{"upi", "sbi", "g"}
	minutes := func(from, to instant.Milli) period { return period{from * 60_000, to * 60_000} }
	told := func(silence []period, finals ...instant.Milli) int {
		c := newContinuity()
		for _, start := range slices.Backward(finals) {
			c.final(sbi, minutes(start, start+1))
		}
		for _, p := range silence {
			if !c.silence(sbi, p) || c.silence(sbi, p) {
				t.Error("a silence is told once")
			}
		}
		return len(c.problems())
	}
	for name, problems := range map[string][2]int{
		"whole":                       {told(nil, 5, 6, 7), 0},
		"one missing":                 {told(nil, 5, 7), 1},
		"twice":                       {told(nil, 5, 6, 6, 7), 1},
		"a silence at the end":        {told([]period{minutes(6, 8)}, 5, 6), 0},
		"a silence between":           {told([]period{minutes(6, 8)}, 5, 6, 90, 91), 0},
		"a window within the silence": {told([]period{minutes(6, 8)}, 5, 6, 7), 1},
		"a silence before its time":   {told([]period{minutes(6, 9)}, 5, 6), 1},
	} {
		if problems[0] != problems[1] {
			t.Errorf("%s: %d problems, want %d", name, problems[0], problems[1])
		}
	}
}
