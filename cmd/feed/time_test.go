package feed_test

import (
	"testing"
	"time"

	"github.com/millrace/millrace/cmd/feed"
)

// TestEventTimeIsIntakes: what --advance and --wait go by is what intake makes of updated_at.
func TestEventTimeIsIntakes(t *testing.T) {
	want := time.Date(2026, 3, 1, 10, 0, 1, 0, time.UTC)
	for _, text := range []string{
		`"2026-03-01T10:00:01Z"`, `"2026-03-01 10:00:01z"`, `1772359201`, `"1772359201"`, `1772359201.0`, `1772359201000`, `1772359201000000`,
	} {
		if got, ok := feed.EventTime([]byte(`{"updated_at":` + text + `}`)); !ok || !got.Equal(want) {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{`null`, `"noon"`, `0`, `1796024`, `-1772359201`, `"1999-12-31T23:59:59Z"`, `"2026-03-01T10:00:01"`, `[]`, `true`} {
		if got, ok := feed.EventTime([]byte(`{"updated_at":` + text + `}`)); ok {
			t.Errorf("%s: %v", text, got)
		}
	}
}
