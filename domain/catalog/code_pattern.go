package catalog

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// CodePattern is what the gift codes of a pool look like. The zero value says nothing of them.
type CodePattern struct {
	MinLength int64 // in characters; 0: no bound
	MaxLength int64 // in characters; 0: no bound
	// Alphabet are the characters that codes have: characters and ranges such as 0-9A-Z; '-' first or last is itself.
	// Empty: any.
	Alphabet string
	// CheckDigit is CheckLuhn or CheckMod97, empty: none.
	CheckDigit string
}

// The check digits. Characters other than letters and digits count for nothing.
const (
	CheckLuhn  = "luhn"  // ISO/IEC 7812, mod 10: the last digit, of digits
	CheckMod97 = "mod97" // ISO/IEC 7064 MOD 97-10: the last two digits, of digits and letters, as in an IBAN
)

// CheckDigits returns every check digit.
func CheckDigits() []string { return []string{CheckLuhn, CheckMod97} }

const maxAlphabet = 200

func (v *validator) codePattern(pointer string, p CodePattern) {
	found := len(v.problems)
	if p.MinLength < 0 || p.MinLength > MaxCode {
		v.add(pointer+"/min_length", "must be 0 to "+strconv.Itoa(MaxCode))
	}
	if p.MaxLength < 0 || p.MaxLength > MaxCode || p.MaxLength > 0 && p.MaxLength < p.MinLength {
		v.add(pointer+"/max_length", "must be 0, or from min_length to "+strconv.Itoa(MaxCode))
	}
	if len(p.Alphabet) > maxAlphabet || !utf8.ValidString(p.Alphabet) {
		v.add(pointer+"/alphabet", "must be text of at most "+strconv.Itoa(maxAlphabet)+" bytes")
	} else if _, ok := parseAlphabet(p.Alphabet); !ok {
		v.add(pointer+"/alphabet", "must be characters and ranges such as 0-9A-Z, each range from the lower to the higher")
	}
	if p.CheckDigit != "" && p.CheckDigit != CheckLuhn && p.CheckDigit != CheckMod97 {
		v.add(pointer+"/check_digit", "must be "+CheckLuhn+" or "+CheckMod97)
	}
	if len(v.problems) == found {
		if wrong := p.unfit(); wrong != "" {
			v.add(pointer, wrong)
		}
	}
}

// Checker returns a function that says what is wrong with a code, empty if nothing is; it never repeats the code. The
// pattern must be valid.
func (p CodePattern) Checker() func(code string) string {
	ranges, _ := parseAlphabet(p.Alphabet)
	return func(code string) string {
		if wrong := checkCode(code); wrong != "" {
			return wrong
		}
		n := int64(utf8.RuneCountInString(code))
		switch {
		case p.MinLength > 0 && n < p.MinLength:
			return "has " + strconv.FormatInt(n, 10) + " characters, the pool's codes have at least " +
				strconv.FormatInt(p.MinLength, 10)
		case p.MaxLength > 0 && n > p.MaxLength:
			return "has " + strconv.FormatInt(n, 10) + " characters, the pool's codes have at most " +
				strconv.FormatInt(p.MaxLength, 10)
		case p.Alphabet != "" && strings.ContainsFunc(code, func(r rune) bool { return !ranges.has(r) }):
			return "has a character that is not in the alphabet of the pool's codes"
		case p.CheckDigit == CheckLuhn && !luhn(code):
			return "its check digit (luhn) is wrong"
		case p.CheckDigit == CheckMod97 && !mod97(code):
			return "its check digits (mod97) are wrong"
		}
		return ""
	}
}

// alphabet is a list of first and last characters.
type alphabet [][2]rune

func (a alphabet) has(r rune) bool {
	for _, span := range a {
		if r >= span[0] && r <= span[1] {
			return true
		}
	}
	return false
}

func parseAlphabet(text string) (alphabet, bool) {
	var out alphabet
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		span := [2]rune{runes[i], runes[i]}
		if i+2 < len(runes) && runes[i+1] == '-' {
			span[1] = runes[i+2]
			i += 2
		}
		if span[0] > span[1] {
			return nil, false
		}
		out = append(out, span)
	}
	return out, true
}

// luhn tells whether the digits of a code end in their check digit.
func luhn(code string) bool {
	sum, digits := 0, 0
	for i := len(code) - 1; i >= 0; i-- {
		c := code[i]
		switch {
		case c >= '0' && c <= '9':
			d := int(c - '0')
			if digits%2 == 1 {
				if d *= 2; d > 9 {
					d -= 9
				}
			}
			sum += d
			digits++
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= utf8.RuneSelf:
			return false
		}
	}
	return digits > 1 && sum%10 == 0
}

// mod97 tells whether the letters and digits of a code end in their two check digits.
func mod97(code string) bool {
	rest, size := 0, 0
	for i := range len(code) {
		c := code[i]
		switch {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		case c >= 'a' && c <= 'z':
			rest = (rest*100 + int(c-'a') + 10) % 97
		case c >= utf8.RuneSelf:
			return false
		default:
			continue
		}
		size++
	}
	return size > 2 && rest == 1
}
