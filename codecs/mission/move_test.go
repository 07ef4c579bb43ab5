package mission

import (
	"strings"
	"testing"
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

// TestMomentsAreUnderstoodOrRefused: a time of a definition or command is read as one of an event is.
func TestMomentsAreUnderstoodOrRefused(t *testing.T) {
	for _, at := range []string{`"2026-03-01T10:00:01Z"`, `"2026-03-01 15:30:01+05:30"`, `1772359201`, `"1772359201"`, `1772359201000`} {
		if got, _, err := ParseMove([]byte(`{"at":` + at + `}`)); err != nil || got != 1772359201000 {
			t.Errorf("%s: %s, %v", at, got, err)
		}
	}
	for _, at := range []string{`0`, `1796024`, `"2026-03-01T10:00:01"`, `"noon"`, `true`} {
		if _, _, err := ParseMove([]byte(`{"at":` + at + `}`)); err == nil || !strings.Contains(err.Error(), "needs a time") {
			t.Errorf("%s: %v", at, err)
		}
	}
}
