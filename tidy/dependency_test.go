package tidy

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var requirePath = regexp.MustCompile(`(?m)^\s*(?:require )?([a-z0-9.]+\.[a-z]+/\S+|pgregory\.net/\S+) v`)

// Every module that the tree imports has its line in ADR 2.
func TestEveryDependencyHasAReason(t *testing.T) {
	gomod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	adr, err := os.ReadFile("../docs/adr/0002-dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	all, err := load("..")
	if err != nil {
		t.Fatal(err)
	}
	var required []string
	for _, m := range requirePath.FindAllStringSubmatch(string(gomod), -1) {
		required = append(required, m[1])
	}
	modules := imported(all, required)
	if len(modules) < 5 {
		t.Fatalf("only %v found", modules)
	}
	for m, user := range modules {
		if !strings.Contains(string(adr), "| `"+m+"` |") {
			t.Errorf("%s is imported by %s, but ADR 2 has no reason for it", m, user)
		}
	}
}

// imported returns the modules among required that some file imports, with one such file.
func imported(all []source, required []string) map[string]string {
	out := map[string]string{}
	for _, s := range all {
		for _, imp := range s.file.Imports {
			p, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				continue
			}
			best := ""
			for _, r := range required {
				if under(p, r) && len(r) > len(best) {
					best = r
				}
			}
			if best != "" {
				out[best] = s.path
			}
		}
	}
	return out
}
