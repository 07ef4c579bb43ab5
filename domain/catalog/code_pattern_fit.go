package catalog

import "unicode/utf8"

// unfit says why no code at all fits a pattern whose parts are valid, empty if one does. It refuses only what is
// certain.
func (p CodePattern) unfit() string {
	ranges, _ := parseAlphabet(p.Alphabet)
	if p.Alphabet == "" {
		ranges = alphabet{{' ', utf8.MaxRune}}
	}
	size := ranges.smallest()
	least, most := max(p.MinLength, 1), p.MaxLength
	if most == 0 {
		most = MaxCode
	}
	switch {
	case size == 0:
		return "fits no code: the alphabet has no visible character"
	case least*size > MaxCode:
		return "fits no code: so many characters of the alphabet are more than 256 bytes"
	}
	most = min(most, MaxCode/size)
	switch {
	case p.CheckDigit == CheckLuhn && !ranges.leads(least, most, luhnStep):
		return "fits no code: luhn needs at least two digits and no letter, which length and alphabet do not allow"
	case p.CheckDigit == CheckMod97 && !ranges.leads(least, most, mod97Step):
		return "fits no code: mod97 needs at least three digits or letters, which length and alphabet do not allow"
	}
	return ""
}

// smallest returns the bytes of the shortest character that a code can have, 0 if there is none.
func (a alphabet) smallest() int64 {
	size := int64(0)
	for _, span := range a {
		for r := span[0]; r <= span[1]; r++ {
			if !drawn(r) {
				continue
			}
			if n := int64(utf8.RuneLen(r)); size == 0 || n < size {
				size = n
			}
			break
		}
	}
	return size
}

// checked is how far the computation of check digits is. What it returns for one more character in front (luhn) or
// behind (mod97) is the same for all codes that came as far, so that all lengths up to 256 are tried at once.
type checked struct {
	counted int // characters that count, up to what is needed
	even    bool
	rest    int
}

// stepOf takes one more character in; false: no code may have it. It also tells whether the code would be right as it
// is.
type stepOf func(c checked, char byte) (next checked, right, ok bool)

// leads tells whether characters of the alphabet make a code of a length from least to most that ends right.
func (a alphabet) leads(least, most int64, step stepOf) bool {
	reached := map[checked]bool{{}: true}
	for n := int64(1); n <= most; n++ {
		next := map[checked]bool{}
		for c := range reached {
			for char := byte(' '); char < utf8.RuneSelf; char++ {
				if !a.has(rune(char)) {
					continue
				}
				to, right, ok := step(c, char)
				if ok && right && n >= least {
					return true
				}
				if ok {
					next[to] = true
				}
			}
		}
		reached = next
	}
	return false
}

// luhnStep goes from the last character to the first.
func luhnStep(c checked, char byte) (next checked, right, ok bool) {
	switch {
	case char >= '0' && char <= '9':
		d := int(char - '0')
		if c.even {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		c = checked{min(c.counted+1, 2), !c.even, (c.rest + d) % 10}
	case isLetter(char):
		return c, false, false
	}
	return c, c.counted == 2 && c.rest == 0, true
}

// mod97Step goes from the first character to the last.
func mod97Step(c checked, char byte) (next checked, right, ok bool) {
	switch {
	case char >= '0' && char <= '9':
		c = checked{counted: min(c.counted+1, 3), rest: (c.rest*10 + int(char-'0')) % 97}
	case isLetter(char):
		c = checked{counted: min(c.counted+1, 3), rest: (c.rest*100 + int(char|0x20-'a') + 10) % 97}
	}
	return c, c.counted == 3 && c.rest == 1, true
}

func isLetter(char byte) bool { return char|0x20 >= 'a' && char|0x20 <= 'z' }
