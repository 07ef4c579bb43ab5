package reward_test

import (
	"testing"

	"github.com/millrace/millrace/domain/reward"
)

func TestIDsDiffer(t *testing.T) {
	base := reward.ID("u", "m", 1, 2, 3)
	if base != "rw_a7i9kutda3flopc0jbtcqpvl90" {
		t.Errorf("ids were given out as they were: %s", base)
	}
	seen := map[string]bool{base: true}
	for _, id := range []string{
		reward.ID("um", "", 1, 2, 3), reward.ID("", "um", 1, 2, 3), reward.ID("u", "m", 2, 2, 3), reward.ID("u", "m", 1, 1, 3),
		reward.ID("u", "m", 1, 2, 4), reward.ID("u", "m", 12, 0, 3), reward.GoodwillID("u", "m"), reward.GoodwillID("m", "u"),
	} {
		if seen[id] {
			t.Errorf("%s twice", id)
		}
		seen[id] = true
	}
}
