package payment

import (
	"strings"
	"unicode"
)

// Name brings a mode, an instrument, a gateway, a merchant or a category into the form in which all of them are kept
// and compared: without space around it, every space inside a plain one, in lower case by Unicode's simple mapping,
// whatever the language: İ becomes i, ı and ß stay, full-width letters stay full-width. Composed characters are the
// codecs' part (NFC).
func Name(s string) string {
	s = strings.ToLower(strings.TrimFunc(s, margin))
	for i := range len(s) {
		if s[i] >= 0x80 {
			return strings.Map(plainSpace, s)
		}
	}
	return s
}

// margin tells whether a rune is trimmed: white space but for the separators of lines, which make no name.
func margin(r rune) bool {
	const nextLine = '\u0085'
	return unicode.IsSpace(r) && r != nextLine && !unicode.In(r, unicode.Zl, unicode.Zp)
}

func plainSpace(r rune) rune {
	if unicode.Is(unicode.Zs, r) {
		return ' '
	}
	return r
}

// NameProblem says why s cannot be a name, "" if it can: two names that look the same must not be two.
func NameProblem(s string) string {
	if strings.IndexFunc(s, unseen) >= 0 {
		return "has control characters or invisible ones, such as a zero-width space: write it without"
	}
	return ""
}

// unseen tells whether a rune shows nothing. Joiners stay: words of many scripts of India, and emoji, are written with
// them.
func unseen(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return r != nonJoiner && r != joiner && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp))
}
