// Package word serves kinds that have a word each: it lists the words of a kind, in order, and finds the kind of a
// word. Where there is more to know of a kind, its package has a table; Names and Find read those.
package word

import (
	"fmt"
	"slices"
)

// Nth returns the word of a kind that is a number counted from 1, empty if it has none.
func Nth[T ~uint8](kind T, words []string) string {
	if kind < 1 || int(kind) > len(words) {
		return ""
	}
	return words[kind-1]
}

// Of returns the words of kinds that are texts.
func Of[T ~string](kinds ...T) []string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	return words
}

// Named returns the words of kinds that are numbers.
func Named[T fmt.Stringer](kinds ...T) []string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = k.String()
	}
	return words
}

// Names returns the names of the kinds of a table, in its order.
func Names[K any, N ~string](table []K, name func(*K) N) []N {
	names := make([]N, len(table))
	for i := range table {
		names[i] = name(&table[i])
	}
	return names
}

// Find returns the kind of a table that has a name, nil if none has.
func Find[K any, N ~string](table []K, name func(*K) N, wanted N) *K {
	for i := range table {
		if k := &table[i]; name(k) == wanted {
			return k
		}
	}
	return nil
}

// Number returns the kind, a number counted from 1, that has this word, 0 if none has.
func Number[T ~uint8](text string, words []string) T {
	return T(slices.Index(words, text) + 1)
}
