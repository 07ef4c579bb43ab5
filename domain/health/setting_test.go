package health

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/millrace/millrace/domain/instant"
)

// Every field of Settings has a name, and its text sets it again.
func TestEverySettingHasAName(t *testing.T) {
	s := DefaultSettings()
	fields := s.fields()
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		place := v.Field(i).Addr().Interface()
		if !slices.ContainsFunc(fields, func(f field) bool { return f.to == place }) {
			t.Errorf("%s has no name in Settings.fields", v.Type().Field(i).Name)
		}
	}
	var empty Settings
	for i, f := range empty.fields() {
		want := s.Fields()[i]
		if err := f.set(want.Value); err != nil || f.name != want.Name {
			t.Errorf("%s %q: %v", f.name, want.Value, err)
		}
	}
	if diff := cmp.Diff(s, empty); diff != "" {
		t.Error(diff)
	}
}

func TestWith(t *testing.T) {
	s := DefaultSettings()
	got, err := s.With(Patch{{"down_below", "0.6"}, {"count_timeouts", "false"}, {"min_samples", "50"}, {"half_life", "3"}})
	want := s
	want.DownBelow, want.CountTimeouts, want.MinSamples, want.HalfLife = 0.6, false, 50, 3
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for _, c := range []struct {
		patch Patch
		want  []string
	}{
		{Patch{{"down_below", "0.9"}}, []string{"thresholds 0.9 and 0.85"}}, // each is fine, not together
		{Patch{{"colour", "red"}, {"down_after", "two"}}, []string{"colour: not a setting", "down_after: must be a whole number"}},
		{Patch{{"window", "2m"}}, []string{"window: not a setting of a mode"}},
		{Patch{{"count_timeouts", "maybe"}}, []string{"count_timeouts: must be true or false"}},
		{Patch{{"down_below", "low"}}, []string{"down_below: must be a number"}},
		{Patch{{"min_samples", "1.5"}}, []string{"min_samples: must be a whole number"}},
		{Patch{{"down_below", "NaN"}}, []string{"thresholds"}},
	} {
		got, err := s.With(c.patch)
		for _, part := range c.want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%v: %v, want %q", c.patch, err, part)
			}
		}
		if diff := cmp.Diff(s, got); diff != "" {
			t.Errorf("%v changed: %s", c.patch, diff)
		}
	}
	if _, err := s.With(Patch{{"colour", "red"}}); !errors.Is(err, errUnknownField) {
		t.Error(err)
	}
}

func TestSettingsAt(t *testing.T) {
	var settings []Setting
	for _, x := range []Setting{
		{Instrument: "sbi", EffectiveFrom: 20, Patch: Patch{{"down_below", "0.5"}}},
		{EffectiveFrom: 15, Patch: Patch{{"up_after", "6"}}}, // the next one, of an earlier time, ends it
		{EffectiveFrom: 10, Patch: Patch{{"up_after", "5"}, {"down_below", "0.4"}}},
		{EffectiveFrom: 10, Patch: Patch{{"up_after", "4"}}},
		{EffectiveFrom: 30, Patch: Patch{{"degraded_below", "0.45"}, {"down_below", "0.4"}}}, // does not go with sbi's
		{EffectiveFrom: 40},
	} {
		before := slices.Clone(settings)
		next := File(settings, x)
		if diff := cmp.Diff(before, settings); diff != "" {
			t.Fatalf("the old list has changed: %s", diff)
		}
		settings = next
	}
	if len(settings) != 4 || !slices.IsSortedFunc(settings, func(a, b Setting) int { return int(a.EffectiveFrom - b.EffectiveFrom) }) {
		t.Fatalf("%+v", settings)
	}
	for _, c := range []struct {
		instrument       string
		at               int
		upAfter          int
		degraded, downAt float64
	}{
		{"", 9, 3, 0.85, 0.70}, {"sbi", 9, 3, 0.85, 0.70},
		{"", 10, 4, 0.85, 0.70}, {"sbi", 19, 4, 0.85, 0.70},
		{"sbi", 20, 4, 0.85, 0.50}, {"hdfc", 20, 4, 0.85, 0.70},
		{"sbi", 30, 3, 0.45, 0.40}, {"sbi", 40, 3, 0.85, 0.50}, {"", 40, 3, 0.85, 0.70},
	} {
		s := DefaultSettings().At(settings, c.instrument, instant.Milli(c.at))
		if s.UpAfter != c.upAfter || s.DegradedBelow != c.degraded || s.DownBelow != c.downAt {
			t.Errorf("%q at %d: %d %v %v", c.instrument, c.at, s.UpAfter, s.DegradedBelow, s.DownBelow)
		}
	}
}
