package verdict_test

import (
	"strconv"
	"testing"

	"github.com/millrace/millrace/domain/verdict"
)

func TestListKeepsTheLast(t *testing.T) {
	var l verdict.List
	for i := range verdict.Max + 3 {
		before := len(l)
		next := l.With(verdict.Verdict{CommandID: strconv.Itoa(i), Result: verdict.Applied})
		if len(l) != before {
			t.Fatal("the old list has changed")
		}
		l = next
	}
	if _, ok := l.Find("2"); ok || len(l) != verdict.Max {
		t.Errorf("%d verdicts, the third still among them: %v", len(l), ok)
	}
	if v, ok := l.Find("3"); !ok || v.CommandID != "3" {
		t.Error("the fourth is forgotten")
	}
	if v, ok := l.Find("18"); !ok || v.Result != verdict.Applied {
		t.Error("the last is forgotten")
	}
}
