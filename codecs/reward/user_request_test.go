package reward

import (
	"slices"
	"testing"

	"github.com/millrace/millrace/codecs/doc"
	missioncodec "github.com/millrace/millrace/codecs/mission"
)

// The segments of a user and those of an audience are compared as written here: both in NFC.
func TestSegmentsAreInNFC(t *testing.T) {
	const written, want = "cafe\u0301", "café"
	of, err := SegmentsRequest([]byte(`{"segments":["` + written + `"]}`))
	if err != nil || !slices.Equal(of, []string{want}) {
		t.Errorf("of a user: %q, %v", of, err)
	}
	r := &doc.Reader{}
	m := missioncodec.Read(r, "", map[string]any{"audience": map[string]any{"segments": []any{written}}})
	if !slices.Equal(m.Audience.Segments, []string{want}) || len(r.Problems) > 0 {
		t.Errorf("of an audience: %q, %v", m.Audience.Segments, r.Problems)
	}
}
