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
	if got := (List{{"/a", "c", "d"}, {"/b", "e", "f"}}).Error(); got != "/a: d (c)\n/b: f (e)" {
		t.Error(got)
	}
}
