package docs

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

// described are the packages that have a page of their own: state, invariants, and where to begin to read.
func described() []string {
	return []string{"domain/ledger", "domain/mission", "domain/health", "stream"}
}

const readme = "README.md"

// page is how many lines fit on one.
const page = 60

var (
	quoted     = regexp.MustCompile("`([^`\n]+)`")
	identifier = regexp.MustCompile(`^[A-Za-z]\w*(?:\.[A-Za-z]\w*)*$`)
)

// unknownNames returns the identifiers that a package's page names and that its folder does not have.
func (x tree) unknownNames(dir, text string) []string {
	var code strings.Builder
	for p, source := range x {
		if path.Dir(p) == dir && path.Ext(p) == ".go" {
			code.WriteString(source)
		}
	}
	var out []string
	for _, m := range quoted.FindAllStringSubmatch(text, -1) {
		if !identifier.MatchString(m[1]) || x.exists(path.Join(dir, m[1])) {
			continue
		}
		if path.Ext(m[1]) == ".go" {
			out = append(out, x.missingFile(dir, m[1])...)
			continue
		}
		for _, part := range strings.Split(m[1], ".") {
			if !regexp.MustCompile(`\b` + part + `\b`).MatchString(code.String()) {
				out = append(out, m[1])
				break
			}
		}
	}
	return out
}

// missingFile returns a file's name if neither the folder nor one below it has such a file.
func (x tree) missingFile(dir, name string) []string {
	for p := range x {
		if strings.HasPrefix(p, dir+"/") && path.Base(p) == name {
			return nil
		}
	}
	return []string{name}
}

func TestPackagePages(t *testing.T) {
	all := load(t)
	for _, dir := range described() {
		at := path.Join(dir, readme)
		text := all[at]
		for _, want := range []string{"\n## State\n", "\n## Invariants\n", "\n## Read in this order\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no section %q", at, strings.TrimSpace(want))
			}
		}
		if n := strings.Count(text, "\n"); n > page {
			t.Errorf("%s has %d lines, more than a page of %d", at, n, page)
		}
		for _, name := range all.unknownNames(dir, text) {
			t.Errorf("%s names %s, which is not in its package", at, name)
		}
	}
	for _, name := range all.unknownNames("engine", all[path.Join("engine", readme)]) {
		if path.Ext(name) == ".go" { // the rest are names of Kafka, goka and other packages as well
			t.Errorf("engine names %s, which is not there", name)
		}
	}
	if got := all.unknownNames("stream", "`Context`, `Topic.Stamp`, `Nowhere`, `Topic.Nowhere`, `script.go`, `nowhere.go`, `a b`"); strings.Join(got, " ") != "Nowhere Topic.Nowhere nowhere.go" {
		t.Errorf("unknown: %q", got)
	}
}
