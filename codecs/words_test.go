package codecs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// enums returns the enum tags of all forms, of codecs and of views, by the places where they stand.
func enums(t *testing.T) map[string][]string {
	t.Helper()
	tags := map[string][]string{}
	for _, glob := range []string{"*.go", "*/*.go", "../views/*.go", "../views/*/*.go"} {
		files, err := filepath.Glob(glob)
		if err != nil || len(files) == 0 {
			t.Fatal(glob, err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, name, text, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if f, ok := n.(*ast.Field); ok && f.Tag != nil {
					if tag, err := strconv.Unquote(f.Tag.Value); err == nil {
						if words, ok := reflect.StructTag(tag).Lookup("enum"); ok {
							tags[set.Position(f.Pos()).String()] = strings.Split(words, ",")
						}
					}
				}
				return true
			})
		}
	}
	return tags
}

func TestEnumsNameVocabularies(t *testing.T) {
	tags := enums(t)
	if len(tags) < 60 {
		t.Fatalf("%d tags were found", len(tags))
	}
	used := map[string]bool{}
	for at, words := range tags {
		byHand := map[string]int{} // by vocabulary: a word that several have says nothing
		for _, w := range words {
			if name, named := strings.CutPrefix(w, vocabularyMark); named {
				used[name] = true
				if len(Words(w)) < 2 {
					t.Errorf("%s: %s is no vocabulary, or has fewer than two words", at, w)
				}
				continue
			}
			for _, v := range vocabularies {
				if w != "" && slices.Contains(v.words(), w) {
					byHand[v.name]++
				}
			}
		}
		for name, n := range byHand {
			if n > 1 {
				t.Errorf("%s: %v are words of the domain: name the vocabulary %s", at, words, name)
			}
		}
	}
	for _, v := range vocabularies {
		if !used[v.name] {
			t.Errorf("no form uses %s", v.name)
		}
		if sorted := slices.Compact(slices.Sorted(slices.Values(v.words()))); len(sorted) != len(v.words()) || slices.Contains(sorted, "") {
			t.Errorf("%s: %q", v.name, v.words())
		}
	}
	if got := Words("up"); !slices.Equal(got, []string{"up"}) {
		t.Error(got)
	}
	if got := Words("@nothing"); got != nil {
		t.Error(got)
	}
}
