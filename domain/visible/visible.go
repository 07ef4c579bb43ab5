// Package visible shows texts so that two that differ look different.
package visible

import (
	"strconv"
	"strings"
	"unicode"
)

// Text returns a text as a person can read it: as it is, or in quotes, with escapes as in Go, where it holds what
// cannot be seen: space around it, other space within it than single blanks, control characters and invisible ones.
// Empty is "" in quotes; so is what is in quotes itself, so that no text looks like another one in quotes. Joiners and
// variation selectors stay in scripts, and emoji, that are written with them.
func Text(s string) string {
	if s == "" || strings.HasPrefix(s, `"`) || strings.Contains(s, "  ") || Hides(s) {
		return quoted(s)
	}
	return s
}

// quoted is strconv.Quote, which takes some runes for printable that show nothing.
func quoted(s string) string {
	var b strings.Builder
	for _, r := range strconv.Quote(s) {
		if joins(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Hides tells whether a text has space around it, or anything in it that shows nothing or moves what is beside it.
func Hides(s string) bool {
	if strings.TrimFunc(s, unicode.IsSpace) != s {
		return true
	}
	var before rune
	for _, r := range s {
		switch {
		case joins(r):
			if before < 0x80 {
				return true
			}
		case r == unicode.ReplacementChar, !unicode.IsPrint(r),
			unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
			return true
		}
		before = r
	}
	return joins(before) && !unicode.Is(unicode.Variation_Selector, before)
}

// joins tells whether a rune shows nothing and is part of how its neighbours are written.
func joins(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return r == nonJoiner || r == joiner || unicode.Is(unicode.Variation_Selector, r)
}
