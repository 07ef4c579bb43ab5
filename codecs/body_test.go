package codecs

import (
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/domain/catalog"
)

// A move is told when by one of two names; two times are not one.
func TestTwoTimesOfAMoveAreRefused(t *testing.T) {
	const at, other = `"2026-03-01T10:00:01Z"`, `"2026-03-01T11:00:01Z"`
	for body, want := range map[string]string{
		`{"at":` + at + `}`: "", `{"activate_at":` + at + `}`: "", `{"at":` + at + `,"activate_at":` + at + `}`: "",
		`{"at":` + at + `,"activate_at":` + other + `}`: "/activate_at: is another time than at: give one of them",
	} {
		got, _, err := ParseMove([]byte(body))
		switch {
		case want == "" && (err != nil || got != 1772359201000):
			t.Errorf("%s: %s, %v", body, got, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %s, %v; want %s", body, got, err, want)
		}
	}
}

// The segments of a user and those of an audience are compared as written here: both in NFC.
func TestSegmentsAreInNFC(t *testing.T) {
	const written, want = "cafe\u0301", "café"
	of, err := SegmentsRequest([]byte(`{"segments":["` + written + `"]}`))
	if err != nil || !slices.Equal(of, []string{want}) {
		t.Errorf("of a user: %q, %v", of, err)
	}
	r := &treeReader{}
	m := r.mission("", map[string]any{"audience": map[string]any{"segments": []any{written}}})
	if !slices.Equal(m.Audience.Segments, []string{want}) || len(r.problems) > 0 {
		t.Errorf("of an audience: %q, %v", m.Audience.Segments, r.problems)
	}
}

// A template names no other template: it would be dropped in silence.
func TestTemplatesNameNoTemplate(t *testing.T) {
	_, err := ParseEntity(catalog.KindRewardTemplate, []byte(`{"id":"t","reward":{"template":"other","kind":"coins","amount":1}}`), "", catalog.Config{})
	if err == nil || !strings.Contains(err.Error(), "/reward/template: is not a known field") {
		t.Error(err)
	}
}
