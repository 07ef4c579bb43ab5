package word_test

import (
	"slices"
	"testing"

	"github.com/millrace/millrace/domain/word"
)

type kind uint8

const (
	first kind = iota + 1
	last
)

func words() []string { return []string{"first", "last"} }

func (k kind) String() string { return word.Nth(k, words()) }

type name string

func TestWords(t *testing.T) {
	for k, want := range map[kind]string{0: "", first: "first", last: "last", last + 1: "", 255: ""} {
		if got := k.String(); got != want {
			t.Errorf("%d: %q", k, got)
		}
	}
	for text, want := range map[string]kind{"first": first, "last": last, "": 0, "lasting": 0} {
		if got := word.Number[kind](text, words()); got != want {
			t.Errorf("%q: %d", text, got)
		}
	}
	if got := word.Named(last, first); !slices.Equal(got, []string{"last", "first"}) {
		t.Error(got)
	}
	table := []struct{ name name }{{"b"}, {"a"}}
	named := func(k *struct{ name name }) name { return k.name }
	if got := word.Names(table, named); !slices.Equal(got, []name{"b", "a"}) {
		t.Error(got)
	}
	if got := word.Find(table, named, "a"); got != &table[1] || word.Find(table, named, "c") != nil {
		t.Error(got)
	}
	if got := word.Of(name("b"), name("a")); !slices.Equal(got, []string{"b", "a"}) {
		t.Error(got)
	}
}
