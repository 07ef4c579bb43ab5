package problem_test

import (
	"strings"
	"testing"

	"github.com/millrace/millrace/domain/problem"
)

func TestHints(t *testing.T) {
	known := []string{"time_zone", "target", "eq", "ne", "gte", "lte", "merchant", "gift_card"}
	for word, want := range map[string]string{
		"timezone": ": did you mean time_zone?", "time_zoen": ": did you mean time_zone?", "TARGET": ": did you mean target?", "mrechant": ": did you mean merchant?",
		"gxe": ": did you mean gte?", "xte": ": did you mean gte or lte?", "gift-card": ": did you mean gift_card?", "colour": "", "": "", "xyz": "", strings.Repeat("target", 100): "",
	} {
		if got := problem.Hint(word, known); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
	if got := problem.Hint("x", []string{"a", "b", "c", "d"}); got != "" {
		t.Errorf("a hint that says nothing: %q", got)
	}
}
