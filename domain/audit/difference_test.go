package audit

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestDifferences(t *testing.T) {
	for _, tt := range []struct {
		before, after string
		want          []Difference
	}{
		{"", `{"a":1}`, []Difference{{"", "", `{"a":1}`}}},
		{`{"a":1}`, "", []Difference{{"", `{"a":1}`, ""}}},
		{`{"a":1,"b":{"c":[1,2]}}`, `{"b":{"c":[1,3],"d~/":null},"a":1}`, []Difference{{"/b/c", "[1,2]", "[1,3]"}, {"/b/d~0~1", "", "null"}}},
		{`{"a":{"b":1}}`, `{"a":1.50}`, []Difference{{"/a", `{"b":1}`, "1.50"}}},
		{`{"a":"<ü>"}`, `{"a":"<ü>" }`, nil},
		{`{"a":"<ü>"}`, `{"a":"&"}`, []Difference{{"/a", `"<ü>"`, `"&"`}}},
	} {
		document := func(s string) []byte {
			if s == "" {
				return nil
			}
			return []byte(s)
		}
		if diff := cmp.Diff(tt.want, Differences(document(tt.before), document(tt.after))); diff != "" {
			t.Errorf("%s to %s: %s", tt.before, tt.after, diff)
		}
	}
}

// A line never grows without bounds: what is too long is told by its length and digest, and what is short stays.
func TestLongDifferencesAreDigests(t *testing.T) {
	long := `"` + strings.Repeat("m", maxBytes) + `"`
	got := Bounded([]Difference{{"/a", "1", "2"}, {"/b", "", long}})
	want := []Difference{{"/a", "1", "2"}, {"/b", "", `{"bytes":262146,"sha256":"` + got[1].After[len(got[1].After)-66:]}}
	if diff := cmp.Diff(want, got); diff != "" || len(got[1].After) > 100 {
		t.Error(diff)
	}
	short := []Difference{{"/b", "", long[:maxBytes-1]}}
	if diff := cmp.Diff(short, Bounded(short)); diff != "" {
		t.Error(diff)
	}
	if s := Text("ab\xffü", 4); !utf8.ValidString(s) || Text("abc", 2) != "ab" {
		t.Errorf("%q", s)
	}
}
