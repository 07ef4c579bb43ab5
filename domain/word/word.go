// Package word serves kinds that have a word each: it lists the words of a kind, in order, and finds the kind of a
// word.
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

// Number returns the kind, a number counted from 1, that has this word, 0 if none has.
func Number[T ~uint8](text string, words []string) T {
	return T(slices.Index(words, text) + 1)
}
