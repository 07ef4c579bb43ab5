package health

import (
	"fmt"
	"strings"
	"testing"
)

func TestHysteresis(t *testing.T) {
	s := DefaultSettings()
	for _, c := range []struct{ rates, want string }{
		{"0.90 0.85 0.85", "up up up"},
		{"0.8499 0.90 0.90 0.90", "degraded degraded degraded up"},
		{"0.69 0.69", "degraded down"},
		{"0.70 0.70 0.70", "degraded degraded degraded"},
		{"0.80 0.69 0.75 0.69 0.69", "degraded degraded degraded degraded down"},
		{"0.10 0.10 0.90 0.90 0.84 0.90 0.90 0.90", "degraded down down down down down down up"},
		{"0.10 0.10 0.80 0.80 0.80", "degraded down down down down"},
		{"0.80 0.90 0.90 0.60 0.90 0.90 0.90", "degraded degraded degraded degraded degraded degraded up"},
	} {
		var h Hysteresis
		var got []string
		for word := range strings.FieldsSeq(c.rates) {
			var rate float64
			if _, err := fmt.Sscan(word, &rate); err != nil {
				t.Fatal(err)
			}
			h, _ = h.Step(s, rate)
			got = append(got, h.State.String())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.rates, got, c.want)
		}
	}
}

func TestReasons(t *testing.T) {
	s := DefaultSettings()
	var h Hysteresis
	var got []string
	for _, rate := range []float64{0.6, 0.6, 0.9, 0.9, 0.9} {
		var reason string
		h, reason = h.Step(s, rate)
		got = append(got, reason)
	}
	want := "technical rate below 0.85|technical rate below 0.70 in 2 windows|||technical rate at least 0.85 in 3 windows"
	if strings.Join(got, "|") != want {
		t.Errorf("have %q", got)
	}
	if threshold(0.125) != "0.125" {
		t.Error(threshold(0.125))
	}
}
