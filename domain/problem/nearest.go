package problem

import "strings"

// maxSuggestions is how many words a hint names.
const maxSuggestions = 3

// Hint returns ": did you mean X?" for a word that is not among those known, empty if none of them is near: as few
// letters as possible replaced, left out, added or swapped, at most one in three, whatever their case. It names known
// words only, never the word itself.
func Hint(word string, known []string) string { return Suggest(Nearest(word, known)) }

// Suggest returns the hint that names the words, empty if there are none.
func Suggest(words []string) string {
	if len(words) == 0 || len(words) > maxSuggestions {
		return ""
	}
	return ": did you mean " + AnyOf(words) + "?"
}

// AnyOf names words, at least one, as alternatives: "a, b or c".
func AnyOf[Word ~string](words []Word) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(w))
	}
	return b.String()
}

// Nearest returns the known words that are nearest to word, in the order of known; none if all are too far.
func Nearest(word string, known []string) []string {
	word = strings.ToLower(strings.TrimSpace(word))
	best := (len(word)+2)/3 + 1
	var out []string
	for _, k := range known {
		switch d := distance(word, strings.ToLower(k), best); {
		case d >= best+1 || d > (len(word)+2)/3:
		case len(out) == 0 || d < best:
			best, out = d, []string{k}
		case d == best:
			out = append(out, k)
		}
	}
	return out
}

// maxWord bounds what is compared, in bytes: a hint for a longer word helps nobody.
const maxWord = 64

// distance returns how many edits lead from a to b; where that is more than most, any number above it. Underscores and
// hyphens cost nothing.
func distance(a, b string, most int) int {
	drop := func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' {
			return -1
		}
		return r
	}
	x, y := []rune(strings.Map(drop, a)), []rune(strings.Map(drop, b))
	if len(a) > maxWord || len(b) > maxWord || len(x)-len(y) > most || len(y)-len(x) > most {
		return most + 1
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			change := 1
			if x[i] == y[j] {
				change = 0
			}
			row[j+1] = min(last[j]+change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
