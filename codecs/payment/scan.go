package payment

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/millrace/millrace/domain/payment"
)

// maxDepth is how deep objects and arrays may nest, the document itself included.
const maxDepth = 32

// rawMember is one member of a scanned object. The strings are parts of the document.
type rawMember struct {
	key    string // unescaped
	rawKey string // as written, with quotes
	raw    string // the value as written
	kind   payment.Kind
}

// scanDocument checks that text is one JSON object and calls member for each of its members, in order. It accepts what
// encoding/json accepts, less: keys that occur twice in one object, at any level; text that is not UTF-8, and escapes
// of half a surrogate pair, which a decoder replaces, so that two ids could become one; numbers too large for a double;
// nesting deeper than maxDepth. A fuzz test compares the two. ADR 4 says why it is not a library.
func scanDocument(text string, member func(rawMember)) *payment.Refusal {
	s := scanner{text: text}
	if s.at = invalidUTF8(text); s.at >= 0 {
		s.fail("not UTF-8")
		return s.problem
	}
	s.at = 0
	s.space()
	switch {
	case s.at == len(text):
		s.fail("empty")
	case text[s.at] != '{':
		s.fail("not a JSON object")
	default:
		s.object(1, member)
		if s.space(); s.problem == nil && s.at < len(text) {
			s.fail("bytes after the object")
		}
	}
	return s.problem
}

// invalidUTF8 returns where text stops being UTF-8, -1 if it does not.
func invalidUTF8(text string) int {
	if utf8.ValidString(text) {
		return -1
	}
	for at, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[at:]); size == 1 {
				return at
			}
		}
	}
	return -1
}

// scanner walks over a document. After a problem its methods return at once.
type scanner struct {
	text    string
	at      int
	problem *payment.Refusal
}

func (s *scanner) fail(what string) {
	if s.problem == nil {
		s.problem = &payment.Refusal{Reason: payment.Malformed, Detail: fmt.Sprintf("%s, at byte %d", what, s.at)}
	}
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// next tells whether c is next and steps over it.
func (s *scanner) next(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// value steps over one value with no space before it.
func (s *scanner) value(depth int) payment.Kind {
	if s.at == len(s.text) {
		s.fail("ends early")
		return payment.Absent
	}
	switch c := s.text[s.at]; {
	case c == '"':
		s.str()
		return payment.String
	case c == '{':
		s.object(depth+1, nil)
		return payment.Object
	case c == '[':
		s.array(depth + 1)
		return payment.Array
	case c == '-' || isDigit(c):
		s.number()
		return payment.Number
	default:
		for _, word := range [...]string{"true", "false", "null"} {
			if strings.HasPrefix(s.text[s.at:], word) {
				s.at += len(word)
				if word == "null" {
					return payment.Null
				}
				return payment.Bool
			}
		}
		s.fail("not a JSON value")
		return payment.Absent
	}
}

func (s *scanner) object(depth int, member func(rawMember)) {
	if depth > maxDepth {
		s.fail("nested too deeply")
		return
	}
	var keys keySet
	s.at++ // the brace
	if s.space(); s.next('}') {
		return
	}
	for s.problem == nil {
		m, ok := s.member(depth)
		if !ok {
			return
		}
		if !keys.add(m.key) {
			s.fail("the same key twice in an object")
			return
		}
		if member != nil {
			member(m)
		}
		if s.space(); s.next('}') {
			return
		}
		if !s.next(',') {
			s.fail("no comma or brace after a member")
		}
		s.space()
	}
}

func (s *scanner) member(depth int) (m rawMember, ok bool) {
	start := s.at
	if s.at == len(s.text) || s.text[s.at] != '"' {
		s.fail("no key")
		return m, false
	}
	s.str()
	if s.problem != nil {
		return m, false
	}
	m.rawKey = s.text[start:s.at]
	m.key = unquote(m.rawKey)
	if s.space(); !s.next(':') {
		s.fail("no colon after a key")
		return m, false
	}
	s.space()
	start = s.at
	m.kind = s.value(depth)
	m.raw = s.text[start:s.at]
	return m, s.problem == nil
}

func (s *scanner) array(depth int) {
	if depth > maxDepth {
		s.fail("nested too deeply")
		return
	}
	s.at++ // the bracket
	if s.space(); s.next(']') {
		return
	}
	for s.problem == nil {
		s.space()
		s.value(depth)
		if s.space(); s.next(']') {
			return
		}
		if s.problem == nil && !s.next(',') {
			s.fail("no comma or bracket after an element")
		}
	}
}

// str steps over a string and checks its escapes.
func (s *scanner) str() {
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return
		case c < ' ':
			s.fail("control character in a string")
			return
		case c == '\\':
			if n := escapeSize(s.text[s.at:]); n > 0 {
				s.at += n - 1
			} else {
				s.fail("bad escape in a string")
				return
			}
		}
	}
	s.fail("string without an end")
}

// escapeSize returns how many bytes the escape at the start of text takes, 0 if it is none. Both halves of a surrogate
// pair are one escape.
func escapeSize(text string) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		r := hex4(text[2:])
		switch {
		case r < 0, 0xDC00 <= r && r <= 0xDFFF:
			return 0
		case 0xD800 <= r && r <= 0xDBFF:
			if len(text) < 12 || text[6] != '\\' || text[7] != 'u' {
				return 0
			}
			if low := hex4(text[8:]); low < 0xDC00 || low > 0xDFFF {
				return 0
			}
			return 12
		default:
			return 6
		}
	default:
		return 0
	}
}

// hex4 returns the number that the first four bytes of text are in hexadecimal, -1 if they are none.
func hex4(text string) rune {
	if len(text) < 4 {
		return -1
	}
	var r rune
	for i := range 4 {
		c := text[i]
		switch {
		case isDigit(c):
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// number steps over a number of the JSON grammar that a double can hold.
func (s *scanner) number() {
	start := s.at
	s.next('-')
	if !s.next('0') && s.digits() == 0 {
		s.fail("not a number")
		return
	}
	whole := s.at - start
	if s.next('.') && s.digits() == 0 {
		s.fail("no digit after a decimal point")
		return
	}
	exponent := s.next('e') || s.next('E')
	if exponent {
		if !s.next('-') {
			s.next('+')
		}
		if s.digits() == 0 {
			s.fail("no digit in an exponent")
			return
		}
	}
	if exponent || whole > 300 {
		if f, err := strconv.ParseFloat(s.text[start:s.at], 64); err != nil || math.IsInf(f, 0) {
			s.fail("number out of range")
		}
	}
}

func (s *scanner) digits() int {
	start := s.at
	for s.at < len(s.text) && isDigit(s.text[s.at]) {
		s.at++
	}
	return s.at - start
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// keySet finds keys that occur twice: by comparison while they are few, as they are in honest records.
type keySet struct {
	few  [24]string
	n    int
	many map[string]struct{}
}

// add returns false if key is there already.
func (k *keySet) add(key string) bool {
	if k.many != nil {
		if _, there := k.many[key]; there {
			return false
		}
		k.many[key] = struct{}{}
		return true
	}
	for _, other := range k.few[:k.n] {
		if other == key {
			return false
		}
	}
	if k.n < len(k.few) {
		k.few[k.n] = key
		k.n++
		return true
	}
	k.many = make(map[string]struct{}, 4*len(k.few))
	for _, other := range k.few {
		k.many[other] = struct{}{}
	}
	k.many[key] = struct{}{}
	return true
}
