// Package docs checks that the documentation is true where a program can tell: citations and links lead somewhere,
// tests that a page names exist, and examples are what the code reads and writes.
package docs

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// tree holds the project's own text files, by their slash-separated path from the root.
type tree map[string]string

// load reads every text file of the project, but for test data, generated clients and what tools leave behind.
func load(t *testing.T) tree {
	t.Helper()
	out := tree{}
	err := filepath.WalkDir("..", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(p, ".."+string(filepath.Separator)))
		if d.IsDir() {
			return skipped(p, d.Name())
		}
		if !d.Type().IsRegular() || slices.Contains([]string{".txt", ".gz", ".sum", ".lock"}, path.Ext(rel)) || path.Base(rel) == "package-lock.json" {
			return nil
		}
		text, err := os.ReadFile(p)
		if err == nil && utf8.Valid(text) {
			out[rel] = string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"README.md", "Makefile", "docs/design.md", "docs/contract.md", "domain/ledger/row.go", ".ci/run"} {
		if out[want] == "" {
			t.Fatalf("%s was not read", want)
		}
	}
	return out
}

func skipped(p, name string) error {
	hidden := strings.HasPrefix(name, ".") && name != ".." && name != ".ci"
	if p != ".." && (hidden || slices.Contains([]string{"testdata", "node_modules", "bin"}, name)) {
		return fs.SkipDir
	}
	return nil
}

// exists tells whether the project has a file or folder of this path.
func (x tree) exists(p string) bool {
	if _, ok := x[p]; ok {
		return true
	}
	_, err := os.Stat(filepath.Join("..", filepath.FromSlash(p)))
	return err == nil
}

// named returns the page that a file means by what it says: a path from its own folder or from the root, or a mere
// name.
func (x tree) named(from, page string) (string, bool) {
	for _, p := range []string{path.Join(path.Dir(from), page), path.Clean(page), path.Join("docs/reference", page)} { // the last are generated
		if _, ok := x[p]; ok {
			return p, true
		}
	}
	if !strings.Contains(page, "/") {
		for p := range x {
			if path.Base(p) == page {
				return p, true
			}
		}
	}
	return "", false
}

var (
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.*)$`)
	fence   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	spaces  = regexp.MustCompile(`\n[ \t]*(//|#|\*)?[ \t]*`)
)

// headings returns the headings of a page as they are written.
func headings(page string) []string {
	var out []string
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		out = append(out, strings.TrimSpace(m[1]))
	}
	return out
}

// anchors returns what links to a page's headings say, as GitHub makes them.
func anchors(page string) map[string]bool {
	out := map[string]bool{}
	drop := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	link := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	for _, h := range headings(page) {
		h = drop.ReplaceAllString(strings.ToLower(link.ReplaceAllString(h, "$1")), "")
		out[strings.ReplaceAll(h, " ", "-")] = true
	}
	return out
}

var (
	pageCited    = regexp.MustCompile(`([\w:/.%-]*/)?([\w.-]+\.md)(#[\w-]+)?`)
	sectionCited = regexp.MustCompile(`(docs/)?design\.md, sections? (\d+(?:\.\d+)?)`)
	adrCited     = regexp.MustCompile(`\bADRs? 0*(\d+)`)
	briefCited   = regexp.MustCompile(`\b(DESIG[N]|CONTRAC[T])\b`)
)

const own = "https://github.com/millrace/millrace/blob/main/"

// citations returns what a file cites that is not there.
func (x tree) citations(from, text string) []string {
	var out []string
	for _, m := range pageCited.FindAllStringSubmatch(text, -1) {
		page := strings.TrimPrefix(m[1]+m[2], own)
		if strings.Contains(page, "://") || strings.HasPrefix(page, "//") {
			continue // of others
		}
		p, ok := x.named(from, page)
		if !ok {
			out = append(out, "there is no page "+page)
		} else if m[3] != "" && !anchors(x[p])[m[3][1:]] {
			out = append(out, p+" has no heading "+m[3])
		}
	}
	flat := spaces.ReplaceAllString(text, " ")
	for _, m := range sectionCited.FindAllStringSubmatch(flat, -1) {
		if !slices.ContainsFunc(headings(x["docs/design.md"]), func(h string) bool { return strings.HasPrefix(strings.Replace(h, ". ", " ", 1), m[2]+" ") }) {
			out = append(out, "docs/design.md has no section "+m[2])
		}
	}
	for _, m := range adrCited.FindAllStringSubmatch(flat, -1) {
		number := strings.Repeat("0", max(0, 4-len(m[1]))) + m[1]
		if found, _ := filepath.Glob("adr/" + number + "-*.md"); len(found) != 1 {
			out = append(out, "there is no ADR "+m[1])
		}
	}
	for _, m := range briefCited.FindAllString(text, -1) {
		out = append(out, m+" is no document of the project: cite docs/design.md or docs/contract.md")
	}
	return out
}

func TestCitationsResolve(t *testing.T) {
	all := load(t)
	delete(all, "docs/docs_test.go") // has wrong ones on purpose
	for from, text := range all {
		for _, missing := range all.citations(from, text) {
			t.Errorf("%s: %s", from, missing)
		}
	}
}

// The rule has to find what it is for.
func TestCitationsCanFail(t *testing.T) {
	all := load(t)
	for text, want := range map[string]string{
		"see docs/nowhere.md":                       "no page docs/nowhere.md",
		"see docs/contract.md#nothing":              "no heading #nothing",
		"// docs/design.md,\n\t// section 99, says": "no section 99",
		"docs/design.md, section 8.99":              "no section 8.99",
		"(ADR 9999)":                                "no ADR 9999",
		"// as DESIG" + "N has it":                  "no document of the project",
		"the example of CONTRAC" + "T":              "no document of the project",
	} {
		if got := strings.Join(all.citations("domain/x.go", text), "; "); !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{
		"docs/design.md, section 5", "docs/design.md, section 8.4", "docs/contract.md#problems", "ADR 9 and ADR 0003", "https://example.com/x.md", own + "docs/runbook.md",
	} {
		if got := all.citations("domain/x.go", text); len(got) > 0 {
			t.Errorf("%q: %q", text, got)
		}
	}
}

var (
	linked    = regexp.MustCompile(`(?:\]\(|src="|srcset=")([^)"\s]+)[)"]`)
	testNamed = regexp.MustCompile(`\bTest[A-Z]\w*`)
	testFunc  = regexp.MustCompile(`(?m)^func (Test[A-Z]\w*)\(`)
)

func TestLinksResolve(t *testing.T) {
	all := load(t)
	for from, text := range all {
		if path.Ext(from) != ".md" {
			continue
		}
		for _, m := range linked.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, ":") {
				continue // of others
			}
			p := from
			if target != "" {
				p = path.Join(path.Dir(from), target)
			}
			switch {
			case !all.exists(p):
				t.Errorf("%s: there is no %s", from, m[1])
			case anchor != "" && path.Ext(p) == ".md" && !anchors(all[p])[anchor]:
				t.Errorf("%s: %s has no heading #%s", from, p, anchor)
			}
		}
	}
}

// tests returns the names of the tests of a folder, and of all folders below it where deep.
func (x tree) tests(dir string, deep bool) map[string]bool {
	out := map[string]bool{}
	for p, text := range x {
		if !strings.HasSuffix(p, "_test.go") || path.Dir(p) != dir && !(deep && strings.HasPrefix(p, dir)) {
			continue
		}
		for _, m := range testFunc.FindAllStringSubmatch(text, -1) {
			out[m[1]] = true
		}
	}
	return out
}

func TestNamedTestsExist(t *testing.T) {
	all := load(t)
	known := all.tests("", true)
	for from, text := range all {
		if path.Ext(from) != ".md" {
			continue
		}
		for _, name := range testNamed.FindAllString(text, -1) {
			if !known[name] {
				t.Errorf("%s names %s, which no test is called", from, name)
			}
		}
	}
}

// held splits a "Held by" paragraph into names of tests and the folders behind them.
var held = regexp.MustCompile("`(Test[A-Z]\\w*)`|\\]\\(\\.\\./([^)#]+)\\)")

// Every section of the two pages says which tests hold it, and those tests are where it says.
func TestSectionsAreHeldByTests(t *testing.T) {
	all := load(t)
	for _, page := range []string{"docs/design.md", "docs/contract.md"} {
		for _, section := range strings.Split(all[page], "\n## ")[1:] {
			title, _, _ := strings.Cut(section, "\n")
			parts := strings.Split(section, "\n### ")
			if len(parts) > 1 {
				parts = parts[1:]
			}
			for _, part := range parts {
				name, _, _ := strings.Cut(part, "\n")
				if !strings.Contains(part, "\nHeld by: ") && !strings.HasSuffix(name, "Not built yet") {
					t.Errorf("%s: section %q names no test", page, name)
				}
			}
			for _, paragraph := range strings.Split(section, "\n\n") {
				if strings.HasPrefix(paragraph, "Held by: ") {
					all.checkHeld(t, page+", "+title, paragraph)
				}
			}
		}
	}
}

func (x tree) checkHeld(t *testing.T, where, paragraph string) {
	t.Helper()
	var names []string
	for _, m := range held.FindAllStringSubmatch(paragraph, -1) {
		if m[1] != "" {
			names = append(names, m[1])
			continue
		}
		here := x.tests(m[2], false)
		for _, name := range names {
			if !here[name] {
				t.Errorf("%s: %s is not in %s", where, name, m[2])
			}
		}
		names = nil
	}
	if len(names) > 0 {
		t.Errorf("%s: nobody says where %v are", where, names)
	}
}

var step = regexp.MustCompile(`(?ms)^(\d+)\. \[[^\]]*\]\(\.\./([^)]+\.go)\): (.*?)\n(?:\n|\d+\. )`)

// The reading order names at most ten files, and each has what is said of it.
func TestReadingOrderIsInTheCode(t *testing.T) {
	all := load(t)
	_, order, _ := strings.Cut(all["docs/architecture.md"], "\n## Reading order\n")
	order, _, _ = strings.Cut(order, "\n## ")
	last := 0
	for _, line := range strings.Split(regexp.MustCompile(`\n {2,}`).ReplaceAllString(order, " "), "\n") {
		m := step.FindStringSubmatch(line + "\n\n")
		if m == nil {
			continue
		}
		if last++; m[1] != strconv.Itoa(last) {
			t.Errorf("step %s comes after step %d", m[1], last-1)
		}
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(m[3], -1) {
			if !regexp.MustCompile(`\b` + regexp.QuoteMeta(name[1]) + `\b`).MatchString(all[m[2]]) {
				t.Errorf("step %s: %s has no %s", m[1], m[2], name[1])
			}
		}
	}
	if last == 0 || last > 10 {
		t.Errorf("%d files to read, want 1 to 10", last)
	}
}

// column is the longest line of prose. Code blocks, tables, generated parts and what has no space to break at may be
// longer.
const column = 120

// longLines returns the lines of prose that are too long.
func longLines(text string) []string {
	var out []string
	code, generated := false, false
	for i, line := range strings.Split(text, "\n") {
		switch trimmed := strings.TrimSpace(line); {
		case strings.HasPrefix(trimmed, "```"):
			code = !code
		case strings.HasPrefix(trimmed, "<!-- /"):
			generated = false
		case strings.HasPrefix(trimmed, "<!--"):
			generated = strings.Contains(trimmed, "written by")
		case code, generated, strings.HasPrefix(trimmed, "|"), utf8.RuneCountInString(line) <= column:
		case !strings.Contains(strings.TrimLeft(trimmed, "-*0123456789. "), " "):
		default:
			out = append(out, strconv.Itoa(i+1)+": "+line)
		}
	}
	return out
}

func TestProseLines(t *testing.T) {
	all, n := load(t), 0
	for p, text := range all {
		if path.Ext(p) != ".md" || path.Dir(p) == "docs/reference" { // which is generated
			continue
		}
		n++
		for _, line := range longLines(text) {
			t.Errorf("%s:%s", p, line)
		}
	}
	if n < 30 {
		t.Errorf("%d pages were looked at", n)
	}
	long := strings.Repeat("long ", 30)
	if got := longLines(long + "\n| " + long + "|\n```\n" + long + "\n```\n- " + strings.Repeat("x", 130) + "\n"); len(got) != 1 {
		t.Errorf("%d lines of five are too long, want 1", len(got))
	}
}
