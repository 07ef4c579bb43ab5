package mission

import (
	"strings"
	"testing"

	"github.com/millrace/millrace/domain/mission"
)

// TestDefinitionsAreReadInNFC: what people write about payments is compared with them.
func TestDefinitionsAreReadInNFC(t *testing.T) {
	list, err := ParseAll(strings.NewReader(`[{"id":"m","title":"M","currency":"INR","goal":{"metric":"count","target":1},
		"filters":[{"id":"merchant","operator":"in","values":["CAFe\u0301 "]},{"id":"attributes.e\u0301","operator":"eq","values":"Cafe\u0301"}],
		"window":{"kind":"fixed","from":"2026-03-01","to":"2026-03-02"},"time_zone":"UTC","reward":{"kind":"coins","amount":1},"status":"active"}]`))
	if err != nil {
		t.Fatal(err)
	}
	filters := mission.Normalize(list[0]).Filters
	if filters[0].Values[0].Text != "café" || filters[1].ID != "attributes.é" || filters[1].Values[0].Text != "Café" {
		t.Errorf("%+q", filters)
	}
}
