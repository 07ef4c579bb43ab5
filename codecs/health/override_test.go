package health

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

func sampleOverride() *health.Intervention {
	return &health.Intervention{Override: &health.Override{
		ID: "o1", Mode: "upi", Instrument: "sbi", Gateway: "razorpay", State: health.Down,
		From: 1772359200000, Until: 1772362800000, Reason: "bank said so", Actor: "ops",
	}}
}

func sampleMaintenance() *health.Intervention {
	return &health.Intervention{Maintenance: &health.Maintenance{
		ID: "m1", Mode: "upi", Instrument: "sbi", Begin: 1772359200000, End: 1772362800000, Reason: "upgrade", Actor: "ops",
	}}
}

func sampleFreeze() *health.Intervention {
	return &health.Intervention{Freeze: &health.Freeze{Mode: "upi", From: 1772359200000, Reason: "sale is over", Actor: "ops"}}
}

func sampleSetting() *health.Setting {
	return &health.Setting{Mode: "upi", Instrument: "sbi", EffectiveFrom: 1772359200000, Actor: "ops", Patch: health.Patch{
		{Field: "down_below", Value: "0.6"}, {Field: "min_samples", Value: "50"},
	}}
}

func TestInterventionGolden(t *testing.T) {
	checkGolden(t, Intervention{}, sampleOverride(), "010a3f0a026f3112037570691a03736269220872617a6f727061792880b4b98d95673080eef09095673a0c62616e6b207361696420736f"+
		"42036f70734a04646f776e")
	checkGolden(t, Intervention{}, sampleMaintenance(), "01122a0a026d3112037570691a037362692880b4b98d95673080eef09095673a077570677261646542036f7073")
	checkGolden(t, Intervention{}, sampleFreeze(), "011a1f12037570692880b4b98d95673a0c73616c65206973206f76657242036f7073")
}

func TestHealthSettingGolden(t *testing.T) {
	checkGolden(t, Setting{}, sampleSetting(), "010a0375706912037362691880b4b98d956722110a0a646f776e5f62656c6f771203302e3622110a0b6d696e5f73616d706c"+
		"6573120235302a036f7073")
}

func TestInterventionIsOneThing(t *testing.T) {
	both := sampleOverride()
	both.Freeze = sampleFreeze().Freeze
	for _, i := range []*health.Intervention{{}, both} {
		if _, err := (Intervention{}).Encode(i); !errors.Is(err, errIntervention) {
			t.Errorf("wrote %+v: %v", i, err)
		}
	}
	one, err := Intervention{}.Encode(sampleFreeze())
	if err != nil {
		t.Fatal(err)
	}
	unknown := []byte{interventionVersion, 15<<3 | 2, 0}
	for name, b := range map[string][]byte{
		"none": {interventionVersion}, "two": append(one, one[1:]...), "unknown": unknown,
		"unknown before": append(unknown, one[1:]...), "unknown after": append(slices.Clone(one), unknown[1:]...),
	} {
		if _, err := (Intervention{}).Decode(b); !errors.Is(err, errIntervention) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, state := range map[string]string{"unknown": "\x4a\x08sideways", "no": ""} {
		b := "\x01\x0a" + string(rune(len(state))) + state
		if _, err := (Intervention{}).Decode([]byte(b)); !errors.Is(err, errState) {
			t.Errorf("%s state: %v", name, err)
		}
	}
}

func TestInterventionRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(what string) string { return rapid.String().Draw(t, what) }
		when := func(what string) instant.Milli { return instant.Milli(rapid.Int64().Draw(t, what)) }
		state := health.State(rapid.IntRange(0, 2).Draw(t, "state"))
		roundTrip(t, Intervention{}, &health.Intervention{Override: &health.Override{
			ID: text("id"), Mode: text("mode"), Instrument: text("instrument"), Gateway: text("gateway"), State: state,
			From: when("from"), Until: when("until"), Reason: text("reason"), Actor: text("actor"),
		}})
		roundTrip(t, Intervention{}, &health.Intervention{Maintenance: &health.Maintenance{
			ID: text("id"), Mode: text("mode"), Instrument: text("instrument"), Gateway: text("gateway"),
			Begin: when("begin"), End: when("end"), Reason: text("reason"), Actor: text("actor"),
		}})
		roundTrip(t, Intervention{}, &health.Intervention{Freeze: &health.Freeze{
			Mode: text("mode"), From: when("from"), Until: when("until"), Reason: text("reason"), Actor: text("actor"),
		}})
		setting := &health.Setting{Mode: text("mode"), Instrument: text("instrument"), EffectiveFrom: when("effective"), Actor: text("actor")}
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			setting.Patch = append(setting.Patch, health.Change{Field: text("field"), Value: text("value")})
		}
		roundTrip(t, Setting{}, setting)
	})
}

func FuzzIntervention(f *testing.F) {
	fuzzStable(f, Intervention{}, sampleOverride(), sampleMaintenance(), sampleFreeze())
}

func FuzzHealthSetting(f *testing.F) { fuzzStable(f, Setting{}, sampleSetting()) }
