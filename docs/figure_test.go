package docs

import (
	"regexp"
	"strings"
	"testing"
)

// What README and performance.md say that `make bench SIDE='-check'` promises is what it checks.
func TestPromisedRatiosAreChecked(t *testing.T) {
	all := load(t)
	_, code, _ := strings.Cut(all["bench/side/option.go"], "func promised(")
	code, _, _ = strings.Cut(code, "\n}\n")
	returned := regexp.MustCompile(`return ([\d.]+)`).FindAllStringSubmatch(code, -1)
	if len(returned) != 2 {
		t.Fatalf("%q", returned)
	}
	flat := func(page string) string { return strings.Join(strings.Fields(all[page]), " ") }
	binary, other := returned[0][1], returned[1][1]
	if want := "if the median is below " + other + ", or below " + binary + " with the binary codec"; !strings.Contains(flat("docs/performance.md"), want) {
		t.Errorf("docs/performance.md does not say %q", want)
	}
	if words := map[string]string{"3": "three", "4": "four"}; words[other] == "" || !strings.Contains(flat("README.md"), "at least "+words[other]+" times the CPU time of the engine") {
		t.Errorf("README.md does not say at least %s times", other)
	}
}
