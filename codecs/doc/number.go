package doc

import "regexp"

// Number is a JSON or YAML number as it was written: what it is good for depends on the field that it is for.
type Number string

// The numbers of JSON and of YAML 1.2's core schema (10.3.2): decimal, octal and hexadecimal integers, and floats.
var (
	numberPattern  = regexp.MustCompile(`^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
	integerPattern = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)
	decimalPattern = regexp.MustCompile(`^-?(0|[1-9][0-9]*)\.[0-9]+$`)
	// oldNumber are texts that YAML 1.1 takes for numbers.
	oldNumber = regexp.MustCompile(`^[-+]?(0b[01_]+|[0-9][0-9_]*_[0-9_]*)$`)
)

// plain tells whether n is a whole number written without leading zeros, plus sign, fraction and exponent: the form
// that no reader takes for another number.
func (n Number) plain() bool { return integerPattern.MatchString(string(n)) }

// scalar resolves a plain scalar by YAML 1.2's core schema: yes, no, on, off, 1:30 and 1_000 are texts.
func scalar(text string) any {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return nil
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	}
	if numberPattern.MatchString(text) {
		return Number(text)
	}
	return text
}
