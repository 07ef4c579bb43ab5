// Package tidy keeps the house rules that a compiler does not: which way imports run, where the clock may be read, how
// large a file or function may grow, what must be documented. Each rule is a function over parsed files;
// selfcheck_test.go shows that each can fail.
package tidy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/millrace/millrace"

// source is one parsed Go file of the project.
type source struct {
	path      string // slash-separated, from the module's root
	fset      *token.FileSet
	file      *ast.File
	text      string
	lines     int
	generated bool
}

// dir is the file's package directory.
func (s source) dir() string { return path.Dir(s.path) }

// layer is the first element of the path: domain, processors, cmd, ...
func (s source) layer() string { first, _, _ := strings.Cut(s.path, "/"); return first }

// test tells whether only tests can run the file: it is a _test file, or belongs to a package whose name ends in test.
func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") || testPackage(s.dir()) }

// testPackage knows such a package by its name; a backtest is no test.
func testPackage(dir string) bool {
	name := path.Base(dir)
	return strings.HasSuffix(name, "test") && name != "backtest"
}

func (s source) at(p token.Pos, what string) string {
	return s.path + ":" + itoa(s.fset.Position(p).Line) + ": " + what
}

func parse(name string, text []byte) (source, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return source{}, err
	}
	return source{name, fset, f, string(text), fset.File(f.Pos()).LineCount(), ast.IsGenerated(f)}, nil
}

// load parses every Go file under root, but for hidden folders, nested modules and test data.
func load(root string) ([]source, error) {
	var all []source
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skip(root, p, d.Name())
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		s, err := parse(filepath.ToSlash(rel), text)
		all = append(all, s)
		return err
	})
	return all, err
}

func skip(root, p, name string) error {
	if p == root {
		return nil
	}
	if strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}

func TestTidy(t *testing.T) {
	all, err := load("..")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range all {
		seen[s.layer()] = true
	}
	for _, layer := range []string{"domain", "codecs", "stream", "topology", "processors", "views", "engine", "cmd"} {
		if !seen[layer] {
			t.Errorf("no file of %s was looked at", layer)
		}
	}
	for _, r := range fileRules {
		t.Run(r.name, func(t *testing.T) {
			for _, s := range all {
				for _, finding := range r.check(s) {
					t.Error(finding)
				}
			}
		})
	}
	t.Run("package comments", func(t *testing.T) {
		for _, finding := range packageComments(all) {
			t.Error(finding)
		}
	})
	t.Run("exported names", func(t *testing.T) {
		public, err := readPages("..", publicPages())
		if err != nil {
			t.Fatal(err)
		}
		users := all
		for _, nested := range []string{"bench", "examples/turnover", "examples/errands"} {
			more, err := load("../" + nested)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range more {
				s.path = nested + "/" + s.path
				users = append(users, s)
			}
		}
		for _, finding := range unusedExports(users, public) {
			t.Error(finding)
		}
	})
}
