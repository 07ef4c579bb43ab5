package mission

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestEachKindOfRewardReadsWhatItIsGiven: of every kind, what it reads is accepted, and what it would ignore is refused
// by its place.
func TestEachKindOfRewardReadsWhatItIsGiven(t *testing.T) {
	const all = "coins cash gift_card scratch_card custom"
	for name, c := range map[string]struct {
		change  func(m *Mission)
		kinds   string // that read it
		pointer string
	}{
		"an amount":           {func(*Mission) {}, all, ""},
		"a pool":              {func(m *Mission) { m.Reward.Pool = "p" }, "gift_card custom", "/reward/pool"},
		"a debt":              {func(m *Mission) { m.Debt = DebtFloor }, "coins scratch_card", "/debt"},
		"a part of it":        {func(m *Mission) { m.Limits.OverBudget, m.Limits.Budget = OverBudgetTruncate, 500 }, "coins cash scratch_card", "/limits/over_budget"},
		"an end":              {func(m *Mission) { m.Reward.ExpiresAfter = time.Hour }, "scratch_card", "/reward/expires_after"},
		"an end of the claim": {func(m *Mission) { m.Reward.ExpiresAfter, m.Grant.Mode = time.Hour, GrantClaim }, all, ""},
		"a hold":              {func(m *Mission) { m.Grant.Hold = time.Hour }, all, ""},
	} {
		for _, kind := range RewardKinds() {
			m := swiggy()
			m.Reward = Reward{Kind: kind, Amount: 100}
			c.change(&m)
			problems := Validate(&m)
			read := slices.Contains(strings.Fields(c.kinds), kind)
			if read != (len(problems) == 0) || !read && (len(problems) != 1 || problems[0].Pointer != c.pointer) {
				t.Errorf("%s of %s: %v", name, kind, problems)
			}
			if stored := validateStored(&m); len(stored) > 0 {
				t.Errorf("%s of %s was accepted once: %v", name, kind, stored)
			}
		}
	}
}

// TestWaitsOfRewardsAreBounded: a reward that is held back, or waits, for longer than anybody lives is a typing error.
func TestWaitsOfRewardsAreBounded(t *testing.T) {
	for d, ok := range map[time.Duration]bool{-1: false, 0: true, MaxDuration: true, MaxDuration + 1: false, 1<<63 - 1: false} {
		for pointer, change := range map[string]func(m *Mission){
			"/reward/expires_after": func(m *Mission) { m.Reward.ExpiresAfter = d }, "/grant/hold": func(m *Mission) { m.Grant.Hold = d },
		} {
			m := swiggy()
			m.Grant.Mode = GrantClaim
			change(&m)
			if problems := Validate(&m); ok != (len(problems) == 0) || !ok && problems[0].Pointer != pointer {
				t.Errorf("%s of %v: %v", pointer, d, problems)
			}
		}
	}
}
