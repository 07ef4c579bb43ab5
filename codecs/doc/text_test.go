package doc

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// TestText: lower case of a Text is in NFC, and a Text of its own.
func TestText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.RuneFrom([]rune("HTWYjİıßẞée\u0301\u0331\u0308Å\u212b\u0958")))).Draw(t, "s")
		text := Text(s)
		lower := strings.ToLower(text)
		if !norm.NFC.IsNormalString(text) || !norm.NFC.IsNormalString(lower) || Text(text) != text || Text(lower) != lower {
			t.Fatalf("%+q: %+q, lower case %+q", s, text, lower)
		}
		if form := norm.NFD.String(s); strings.ToLower(Text(form)) != lower {
			t.Fatalf("%+q: decomposed %+q, composed %+q", s, Text(form), text)
		}
	})
}
