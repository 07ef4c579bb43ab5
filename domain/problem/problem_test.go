package problem

import "testing"

func TestCode(t *testing.T) {
	for want, l := range map[string]List{
		"":                 nil,
		InvalidFilter:      {{Pointer: "/3/filters/0/values"}},
		InvalidField:       {{Pointer: "/filters/0/values"}, {Pointer: "/goal"}},
		PreconditionFailed: append(One("", PreconditionFailed, "changed"), Problem{Pointer: "/goal"}),
	} {
		if got := l.Code(); got != want {
			t.Errorf("%v: %q", l, got)
		}
	}
	if got := (List{{Pointer: "/a", Code: "c", Detail: "d"}, {Pointer: "/b", Code: "e", Detail: "f", Line: 3, Column: 5}}).Error(); got != "/a: d (c)\nline 3, column 5: /b: f (e)" {
		t.Error(got)
	}
}
