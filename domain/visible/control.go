package visible

import (
	"strings"
	"unicode"
)

// ControlsDetail says what is wrong with a text of which HasControls holds.
const ControlsDetail = "has control characters: write it with line breaks and tabs at most"

// HasControls tells whether a text that people read has characters that steer what shows it, other than line breaks and
// tabs: control characters, and those that turn the direction of what follows around (UAX 9), so that it reads as
// something else.
func HasControls(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' || r == '\u202d' || r == '\u202e'
	})
}
