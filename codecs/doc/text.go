package doc

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Text returns s as names and values are compared: in Unicode's form NFC, so that a letter with an accent is the same
// whether it was written as one character or as two. Ids are no names, and keep their bytes. The domain compares many
// names in lower case; a text whose lower-case form would leave NFC is put in lower case here, so that lower case of a
// Text is always a Text.
func Text(s string) string {
	if ascii(s) {
		return s
	}
	s = norm.NFC.String(s)
	if lower := strings.ToLower(s); !norm.NFC.IsNormalString(lower) {
		return norm.NFC.String(lower)
	}
	return s
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
