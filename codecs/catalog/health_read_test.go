package catalog

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/problem"
)

func TestHealthEntitiesAreRead(t *testing.T) {
	for kind, c := range map[catalog.Kind]struct {
		text string
		want catalog.Entity
	}{
		catalog.KindOverride: {
			"{id: o1, mode: upi, instrument: sbi, gateway: payu, state: down, from: 2026-03-01T10:00:00Z, until: \"2026-03-01T12:30:00+01:00\", reason: why}",
			catalog.Override{Override: health.Override{ID: "o1", Mode: "upi", Instrument: "sbi", Gateway: "payu", State: health.Down, From: 1772359200000, Until: 1772364600000, Reason: "why"}},
		},
		catalog.KindMaintenance: {
			`{"id": "m1", "mode": "upi", "instrument": "sbi", "begin": "2026-03-01T10:00:00Z", "end": "2026-03-01T11:00:00Z", "reason": "why"}`,
			catalog.Maintenance{Maintenance: health.Maintenance{ID: "m1", Mode: "upi", Instrument: "sbi", Begin: 1772359200000, End: 1772362800000, Reason: "why"}},
		},
		catalog.KindFreeze: {
			`{"mode": "upi", "until": "2026-03-01T11:00:00Z", "reason": "why"}`,
			catalog.Freeze{Freeze: health.Freeze{Mode: "upi", Until: 1772362800000, Reason: "why"}},
		},
		catalog.KindHealthSetting: {
			"{mode: upi, instrument: sbi, effective_from: \"2026-03-01T10:00:00Z\", settings: {min_samples: 50, down_below: 0.70, count_timeouts: false}}",
			catalog.NewHealthSettings(health.Setting{Mode: "upi", Instrument: "sbi", EffectiveFrom: 1772359200000, Patch: health.Patch{
				{Field: "count_timeouts", Value: "false"}, {Field: "down_below", Value: "0.7"}, {Field: "min_samples", Value: "50"},
			}}),
		},
	} {
		for _, text := range []string{c.text, "[" + c.text + "]"} {
			got, err := ParseEntities(kind, strings.NewReader(text), catalog.DefaultConfig())
			if diff := cmp.Diff([]catalog.Entity{c.want}, got); err != nil || diff != "" {
				t.Errorf("%s: %v %s", kind, err, diff)
			}
		}
	}
	got, err := ParseEntity(catalog.KindOverride, []byte(`{"mode":"upi","instrument":"sbi","state":"up","until":"2026-03-01T10:00:00Z","reason":"why"}`), "o2", catalog.DefaultConfig())
	if err != nil || got.ID() != "o2" {
		t.Errorf("%v %+v", err, got)
	}
}

func TestWrongHealthEntitiesSayWhere(t *testing.T) {
	for _, c := range []struct {
		kind catalog.Kind
		text string
		want string
	}{
		{catalog.KindOverride, `{}`, "/0/state /0/id /0/mode /0/instrument /0/reason"},
		{catalog.KindOverride, `7`, "/0 /0/state"},
		{catalog.KindOverride, `{"id":1,"mode":"upi","instrument":"sbi","state":"sideways","until":"tomorrow","reason":"r","colour":2}`, "/0/colour /0/id /0/until /0/state"},
		{catalog.KindMaintenance, `[{"id":"a","mode":"upi","instrument":"sbi","begin":"2026-03-01T11:00:00Z","end":"2026-03-01T10:00:00Z","reason":"r"}]`, "/0/end"},
		{catalog.KindFreeze, `[{"mode":"upi","reason":"r"},{"mode":" UPI","reason":"r"}]`, "/1"},
		{catalog.KindHealthSetting, `{"mode":"upi"}`, "/0/settings"},
		{catalog.KindHealthSetting, `{"mode":"upi","settings":{"up_after":[1],"down_after":"x","colour":1}}`, "/0/settings/up_after /0/settings/colour /0/settings/down_after"},
	} {
		_, err := ParseEntities(c.kind, strings.NewReader(c.text), catalog.DefaultConfig())
		var problems problem.List
		if !errors.As(err, &problems) {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		var pointers []string
		for _, p := range problems {
			pointers = append(pointers, p.Pointer)
		}
		if got := strings.Join(pointers, " "); got != c.want {
			t.Errorf("%s: %s", c.text, got)
		}
	}
	for _, text := range []string{`{"a":1,"a":2}`, `{`} {
		if _, err := ParseEntity(catalog.KindFreeze, []byte(text), "", catalog.DefaultConfig()); err == nil || errors.As(err, new(problem.List)) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := ParseEntities("boat", strings.NewReader("{}"), catalog.DefaultConfig()); !errors.Is(err, errEntity) {
		t.Error(err)
	}
}
