package verdict_test

import (
	"testing"

	"github.com/millrace/millrace/domain/verdict"
)

func TestClash(t *testing.T) {
	for _, c := range []struct {
		remembered []string
		id         string
		want       bool
	}{
		{nil, "a.1", false}, {[]string{"a.1"}, "a.1", false}, {[]string{"a.1"}, "a.2", true}, {[]string{"a.2", "a.1"}, "a.1", false},
		{[]string{"b.1", "ab.1", "a"}, "a.1", true}, {[]string{"b.1", "ab.1"}, "a.1", false}, {[]string{"plain"}, "plain", false},
	} {
		if got := verdict.Clash(c.remembered, c.id); got != c.want {
			t.Errorf("%s after %v: %v", c.id, c.remembered, got)
		}
	}
}
