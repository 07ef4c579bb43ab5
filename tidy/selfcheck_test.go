package tidy

import (
	"strings"
	"testing"
)

func lines(n int) string { return strings.Repeat("\n", n) }

// Each rule must let the first kind of source pass and refuse the second; a rule that cannot fail keeps nothing.
func TestRulesCanFail(t *testing.T) {
	imports := func(p string) string { return "package x\nimport _ \"" + p + "\"\n" }
	tests := []struct {
		rule, path, text, want string
	}{
		{"import arrows", "domain/ledger/a.go", imports(module + "/domain/payment"), ""},
		{"import arrows", "domain/ledger/a.go", imports(module + "/codecs"), "arrows of domain"},
		{"import arrows", "domain/ledger/a.go", imports("github.com/google/go-cmp/cmp"), "does without"},
		{"import arrows", "domain/ledger/a.go", imports("math/rand/v2"), "arguments alone"},
		{"import arrows", "domain/ledger/a.go", imports("log/slog"), "arguments alone"},
		{"import arrows", "domain/ledger/a_test.go", imports("pgregory.net/rapid"), ""},
		{"import arrows", "codecs/a.go", imports(module + "/stream"), "arrows of codecs"},
		{"import arrows", "codecs/a.go", imports(goka), "does without"},
		{"import arrows", "stream/a.go", imports(goka), ""},
		{"import arrows", "stream/a.go", imports(prometheus + "/prometheus"), "does without"},
		{"import arrows", "stream/a.go", imports(module + "/topology"), "arrows of stream"},
		{"import arrows", "stream/streamtest/a.go", imports(module + "/engine"), ""},
		{"import arrows", "topology/a.go", imports(module + "/processors/ledger"), "arrows of topology"},
		{"import arrows", "processors/ledger/a.go", imports(module + "/domain/ledger"), ""},
		{"import arrows", "processors/ledger/a.go", imports(module + "/processors/ledger/part"), ""},
		{"import arrows", "processors/ledger/a.go", imports(module + "/processors/intake"), "arrows of processors"},
		{"import arrows", "processors/ledger/a.go", imports(module + "/processors/metric"), ""},
		{"import arrows", "processors/ledger/a.go", imports(module + "/processors/metrics"), "arrows of processors"},
		{"import arrows", "processors/metric/a.go", imports(prometheus + "/prometheus"), ""},
		{"import arrows", "processors/metric/a.go", imports(module + "/processors/ledger"), "know nothing"},
		{"import arrows", "processors/metric/a.go", imports(module + "/domain/ledger"), "know nothing"},
		{"import arrows", "views/a.go", imports(module + "/processors/metric"), "arrows of views"},
		{"import arrows", "processors/ledger/a.go", imports(module + "/views"), "arrows of processors"},
		{"import arrows", "processors/ledger/a.go", imports(module + "/engine"), "arrows of processors"},
		{"import arrows", "processors/ledger/a.go", imports("github.com/twmb/franz-go/pkg/kgo"), "does without"},
		{"import arrows", "processors/ledger/a.go", imports(module + "/stream/streamtest"), "only tests"},
		{"import arrows", "processors/ledger/a_test.go", imports(module + "/stream/streamtest"), ""},
		{"import arrows", "views/a.go", imports(module + "/processors/ledger"), "arrows of views"},
		{"import arrows", "views/a.go", imports(sarama), "sarama stays"},
		{"import arrows", "engine/a.go", imports(sarama), ""},
		{"import arrows", "engine/a.go", imports(module + "/topology"), "arrows of engine"},
		{"import arrows", "engine/a.go", imports(module + "/domain/payment"), "arrows of engine"},
		{"import arrows", "cmd/millrace/a.go", imports(module + "/engine"), ""},
		{"import arrows", "cmd/millrace/a.go", imports(sarama), "sarama stays"},
		{"import arrows", "oracle/a.go", imports(module + "/domain/ledger"), "shares no decision"},
		{"import arrows", "oracle/a.go", imports(module + "/domain/payment"), ""},
		{"import arrows", "oracle/observed.go", imports(module + "/domain/ledger"), ""},
		{"import arrows", "test/model/a.go", imports(module + "/domain/ledger"), "shares no decision"},
		{"import arrows", "test/model/observed.go", imports(module + "/domain/ledger"), ""},

		{"clock", "domain/a.go", "package x\nimport \"time\"\nvar _ = time.Unix(0, 0)\n", ""},
		{"clock", "domain/a.go", "package x\nimport \"time\"\nvar _ = time.Now()\n", "time.Now"},
		{"clock", "stream/a.go", "package x\nimport \"time\"\nvar now = time.Now\n", "time.Now"},
		{"clock", "processors/a/a.go", "package x\nimport t \"time\"\nfunc f() { t.AfterFunc(1, nil) }\n", "time.AfterFunc"},
		{"clock", "processors/a/a.go", "package x\nimport . \"time\"\nvar _ = Now()\n", "dot import"},
		{"clock", "engine/a.go", "package x\nimport \"time\"\nvar _ = time.Now()\n", ""},
		{"sleeping tests", "engine/a_test.go", "package x\nimport \"time\"\nfunc f() { time.Sleep(1) }\n", "time.Sleep"},
		{"sleeping tests", "engine/a.go", "package x\nimport \"time\"\nfunc f() { time.Sleep(1) }\n", ""},

		{"returned values", "cmd/a.go", "package x\nfunc f() (n int, err error) { err = g(&n); return n, err }\n", ""},
		{"returned values", "cmd/a.go", "package x\nfunc f() (n int, err error) { return n, g(&n) }\n", "beside a call"},
		{"returned values", "cmd/a.go", "package x\nfunc f() (n int, err error) { return n, g(func() { n = 1 }) }\n", "beside a call"},

		{"sizes", "cmd/a.go", "package x\n" + lines(390), ""},
		{"sizes", "cmd/a.go", "package x\n" + lines(410), "at most 400"},
		{"sizes", "cmd/a_test.go", "package x\n" + lines(410), ""},
		{"sizes", "cmd/a_test.go", "package x\n" + lines(610), "at most 600"},
		{"sizes", "cmd/a.go", "// Code generated by hand. DO NOT EDIT.\npackage x\n" + lines(410), ""},
		{"sizes", "cmd/a.go", "package x\nfunc f() {" + lines(81) + "}\n", "at most 80"},
		{"sizes", "cmd/a.go", "package x\nfunc f() {" + lines(70) + "}\n", ""},
		{"sizes", "cmd/a_test.go", "package x\nfunc f() {" + lines(121) + "}\n", "at most 120"},

		{"prose lines", "domain/a.go", "package x\n\n// " + strings.Repeat("a ", 58) + "b\n", ""},
		{"prose lines", "domain/a.go", "package x\n\n// " + strings.Repeat("a ", 59) + "b\n", "122 columns"},
		{"prose lines", "domain/a.go", "package x\n\nfunc f() {\n\t// " + strings.Repeat("a ", 58) + "b\n}\n", "124 columns"},
		{"prose lines", "domain/a.go", "package x\n\n//\t" + strings.Repeat("a ", 70) + "b\n", ""},
		{"code lines", "domain/a.go", "package x\n\nvar x = a" + strings.Repeat(" + a", 27) + "\n", ""},
		{"code lines", "domain/a.go", "package x\n\nvar x = a" + strings.Repeat(" + a", 28) + "\n", "121 columns"},
		{"code lines", "domain/a.go", "package x\n\nvar x = f(\"" + strings.Repeat("a", 130) + "\")\n", ""},
		{"prose lines", "domain/a.go", "package x\n\n// " + strings.Repeat("a", 130) + "\n", ""},

		{"package variables", "domain/a.go", "package x\nvar cache = map[string]int{}\n", "variable cache"},
		{"package variables", "views/a.go", "package x\nvar a, b int\n", "variable b"},
		{"package variables", "views/a.go", "package x\nfunc init() {}\n", "init"},
		{"package variables", "domain/a.go", "package x\ntype kind struct{ name string }\nvar kinds = []kind{{\"a\"}, {name: \"b\"}}\n", ""},
		{"package variables", "domain/a.go", "package x\ntype kind struct{ name string }\nvar Kinds = []kind{{\"a\"}}\n", "variable Kinds"},
		{"package variables", "domain/a.go", "package x\ntype kind struct{ name string }\nvar kinds = [end]kind{one: {name: \"a\"}}\n", ""},
		{"package variables", "domain/a.go", "package x\nvar numbers = [end]int{one: 1}\n", "variable numbers"},
		{"package variables", "domain/a.go", "package x\nvar words = []string{\"a\"}\n", "variable words"},
		{"package variables", "domain/a.go", "package x\ntype kind struct{}\nvar seen = []kind{}\n", "variable seen"},
		{"package variables", "engine/a.go", "package x\nimport (\"errors\"; \"regexp\")\nvar ErrX = errors.New(\"x\")\nvar p = regexp.MustCompile(`x`)\nvar _ error = nil\n", ""},
		{"package variables", "views/a.go", "package x\nimport _ \"embed\"\n//go:embed page.html\nvar page []byte\n", ""},
		{"package variables", "cmd/a.go", "package x\nvar version = \"\"\n", ""},

		{"names", "domain/util/a.go", "package util\n", "package name util"},
		{"names", "domain/ledger/a.go", "package ledger\ntype RowManager struct{}\n", "RowManager"},
		{"names", "domain/ledger/a.go", "package ledger\ntype RowV2 struct{}\n", "RowV2"},
		{"names", "domain/ledger/a.go", "package ledger\ntype Row struct{}\n", ""},

		{"doc comments", "domain/a.go", "package x\nfunc F() {}\n", "comment on F"},
		{"doc comments", "domain/a.go", "package x\n// F does.\nfunc F() {}\nfunc g() {}\n", ""},
		{"doc comments", "domain/a.go", "package x\ntype T struct{}\n", "comment on T"},
		{"doc comments", "domain/a.go", "package x\nconst (\n A = 1\n)\n", "comment on A"},
		{"doc comments", "domain/a.go", "package x\n// The letters.\nconst (\n A = 1\n)\n", ""},
		{"doc comments", "domain/a.go", "package x\ntype t struct{}\nfunc (t) M() {}\n", ""},
		{"doc comments", "domain/a.go", "package x\n// T is.\ntype T[A any] struct{}\nfunc (*T[A]) M() {}\nfunc (T[A]) String() string { return \"\" }\n", "comment on M"},
	}
	for _, tt := range tests {
		expect(t, tt.rule, tt.path, tt.text, tt.want)
	}
}

func expect(t *testing.T, rule, path, text, want string) {
	t.Helper()
	s, err := parse(path, []byte(text))
	if err != nil {
		t.Fatalf("%s: %v\n%s", path, err, text)
	}
	for _, r := range fileRules {
		if r.name != rule {
			continue
		}
		got := strings.Join(r.check(s), "; ")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %s\n%sfound %q, want %q", rule, path, text, got, want)
		}
		return
	}
	t.Fatalf("no rule %q", rule)
}

func TestPackageComments(t *testing.T) {
	bare, _ := parse("domain/a/a.go", []byte("package a\n"))
	said, _ := parse("domain/b/b.go", []byte("// Package b is.\npackage b\n"))
	more, _ := parse("domain/b/c.go", []byte("package b\n"))
	got := packageComments([]source{bare, said, more})
	if len(got) != 1 || !strings.Contains(got[0], "domain/a/a.go") {
		t.Errorf("found %v", got)
	}
}

// The rule must find what nobody else uses, and only that.
func TestExportedNames(t *testing.T) {
	file := func(path, text string) source {
		s, err := parse(path, []byte(text))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return s
	}
	const a = `package a
const Alone = 1
const (
	First  = "1"
	Second = "2"
)
type Kind int
const One, Two Kind = 1, 2
type Needed struct{ Field *Nested }
type Nested struct{}
type Lonely struct{}
type hidden struct{}
func F(n Needed) {}
func G() {}
func (Needed) Called() {}
func (Needed) Uncalled() {}
func (Needed) Wanted() {}
func (Needed) String() string { return "" }
func (hidden) Free() {}
`
	const b = `package b
import other "` + module + `/domain/a"
type i interface{ Wanted() }
func f(n other.Needed) { other.F(n); n.Called(); _, _ = other.First, other.One }
`
	const own = `package a_test
import "` + module + `/domain/a"
func f(n a.Needed) { a.G(); n.Uncalled() }
`
	all := []source{
		file("domain/a/a.go", a), file("domain/a/a_test.go", own), file("domain/b/b.go", b),
		file("engine/c.go", "package engine\nvar ErrX error\nfunc Promised() {}\nfunc Forgotten() {}\n"),
	}
	var got []string
	for _, finding := range unusedExports(all, "`engine.Promised`") {
		got = append(got, strings.Fields(finding)[1])
	}
	if want := "Alone Lonely G Needed.Uncalled Forgotten"; strings.Join(got, " ") != want {
		t.Errorf("found %v, want %s", got, want)
	}
}
