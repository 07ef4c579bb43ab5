package mission

import "strings"

// decimal is a decimal number without exponent, compared exactly: attributes are text, and floats would make 0.1 a
// guess.
type decimal struct {
	negative bool
	whole    string // without leading zeros
	fraction string // without trailing zeros
}

const maxDecimal = 64

// parseDecimal reads forms like 12, -3.50, +0.1; it refuses exponents, blanks and numbers beyond maxDecimal characters.
func parseDecimal(s string) (decimal, bool) {
	if s == "" || len(s) > maxDecimal {
		return decimal{}, false
	}
	var d decimal
	if s[0] == '-' || s[0] == '+' {
		d.negative = s[0] == '-'
		s = s[1:]
	}
	whole, fraction, dotted := strings.Cut(s, ".")
	if whole == "" || (dotted && fraction == "") || !digits(whole) || !digits(fraction) {
		return decimal{}, false
	}
	d.whole = strings.TrimLeft(whole, "0")
	d.fraction = strings.TrimRight(fraction, "0")
	if d.whole == "" && d.fraction == "" {
		d.negative = false
	}
	return d, true
}

// isDecimal tells whether a number is written plainly: -0.5 and 12.50, but not 012, +5, .5, 1e3, 0x10.
func isDecimal(s string) bool {
	_, ok := parseDecimal(s)
	size := strings.TrimPrefix(s, "-")
	return ok && size[0] != '+' && (size == "0" || size[0] != '0' || strings.HasPrefix(size, "0."))
}

// isShortest tells whether a plain number has no zeros that its value can do without, and 0 no sign.
func isShortest(s string) bool {
	return s != "-0" && (!strings.Contains(s, ".") || !strings.HasSuffix(s, "0"))
}

// isInteger tells whether a whole number is written plainly.
func isInteger(s string) bool { return isDecimal(s) && !strings.Contains(s, ".") }

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// compare returns -1, 0 or 1.
func (d decimal) compare(e decimal) int {
	if d.negative != e.negative {
		if d.negative {
			return -1
		}
		return 1
	}
	c := d.compareSize(e)
	if d.negative {
		return -c
	}
	return c
}

func (d decimal) compareSize(e decimal) int {
	switch {
	case len(d.whole) < len(e.whole):
		return -1
	case len(d.whole) > len(e.whole):
		return 1
	}
	if c := strings.Compare(d.whole, e.whole); c != 0 {
		return c
	}
	return strings.Compare(d.fraction, e.fraction)
}
