package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/catalog"
)

// What a client asks for is read back to the same, whatever of it is left out.
func TestAskedJSONIsReadBack(t *testing.T) {
	const mission = "id: m, title: T, currency: INR, goal: {metric: count, target: 3}, window: {kind: fixed, from: \"2026-03-01\", to: \"2026-03-08\"}, time_zone: UTC, reward: {kind: coins, amount: 1}"
	for _, c := range []struct {
		kind catalog.Kind
		text string
	}{
		{catalog.KindMission, "{" + mission + "}"},
		{catalog.KindMission, "{" + mission + ", status: scheduled, activate_at: \"2026-03-01T10:00:00Z\", in_force_from: \"2026-03-02T10:00:00Z\", backdated: true, reason: why}"},
		{catalog.KindOverride, "{id: o1, mode: upi, instrument: sbi, state: down, until: \"2026-03-01T12:30:00Z\", reason: why}"},
		{catalog.KindOverride, "{id: o1, mode: upi, instrument: sbi, gateway: payu, state: up, from: \"2026-03-01T10:00:00Z\", until: \"2026-03-01T12:30:00Z\", reason: why}"},
		{catalog.KindMaintenance, "{id: m1, mode: upi, instrument: sbi, begin: \"2026-03-01T10:00:00Z\", end: \"2026-03-01T11:00:00Z\", reason: why}"},
		{catalog.KindFreeze, "{mode: upi, until: \"2026-03-01T11:00:00Z\", reason: why}"},
		{catalog.KindHealthSetting, "{mode: upi, settings: {}}"},
		{catalog.KindHealthSetting, "{mode: upi, instrument: sbi, effective_from: \"2026-03-01T10:00:00Z\", settings: {min_samples: 50, down_below: 0.70, count_timeouts: false}}"},
		{catalog.KindBrand, "{id: b, name: B, merchants: [swiggy]}"},
		{catalog.KindAd, "{id: a, title: A, placement: home, priority: 3}"},
		{catalog.KindPool, "{id: p, title: P}"},
		{catalog.KindPool, "{id: p, code_pattern: {length: 12, alphabet: 0-9A-Z, check_digit: mod97}}"},
		{catalog.KindRewardTemplate, "{id: t, reward: {kind: coins, amount: 5}, debt: floor}"},
	} {
		want, err := ParseEntities(c.kind, strings.NewReader(c.text), catalog.DefaultConfig())
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		asked := AskedJSON(want[0])
		got, err := ParseEntity(c.kind, asked, "", catalog.DefaultConfig())
		if diff := cmp.Diff(want[0], got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", asked, err, diff)
		}
	}
}
