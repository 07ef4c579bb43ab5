package instant

import (
	"errors"
	"strings"
	"time"
)

// Epoch times are taken from Earliest up to, not including, Latest. Within these bounds one number is a time in one
// unit only, so the number itself says whether it counts seconds, milliseconds, microseconds or nanoseconds. Millrace
// takes no payment older than Earliest.
const (
	Earliest Milli = 946_684_800_000   // 2000-01-01T00:00:00Z
	Latest   Milli = 4_102_444_800_000 // 2100-01-01T00:00:00Z
)

// The errors of Parse. Each says what to write; none repeats what was read.
var (
	errNoTime = errors.New("not a time: write RFC 3339 such as 2026-03-01T10:00:00Z, or epoch milliseconds")
	errNoZone = errors.New("a time without a zone: write RFC 3339 with Z or an offset, such as 2026-03-01T10:00:00Z or 2026-03-01T15:30:00+05:30")
	errEpoch  = errors.New("no epoch time of the years 2000 to 2099 in any unit: write epoch milliseconds such as 1772359200000, or RFC 3339")
)

// Parse reads a time as outsiders write it, cut to milliseconds:
//   - RFC 3339, with t and z in either case, a space for the T, and a leap second, which is the first instant of the
//     next minute;
//   - a decimal number of seconds, milliseconds, microseconds or nanoseconds since 1970, with a fraction or without.
//
// RFC 3339 may name any year: what is plausible there depends on what the time is for.
func Parse(text string) (Milli, error) {
	if numeric(text) {
		return parseEpoch(text)
	}
	upper := strings.ToUpper(text)
	if len(upper) > len(time.DateOnly) && upper[len(time.DateOnly)] == ' ' {
		upper = upper[:len(time.DateOnly)] + "T" + upper[len(time.DateOnly)+1:]
	}
	t, err := parseRFC3339(upper)
	switch {
	case err == nil:
		return Of(t), nil
	case zoneless(upper):
		return 0, errNoZone
	default:
		return 0, errNoTime
	}
}

func numeric(text string) bool {
	rest := strings.TrimPrefix(text, "-")
	return rest != "" && strings.Trim(rest, "0123456789.eE+-") == "" && '0' <= rest[0] && rest[0] <= '9' &&
		strings.Count(rest, "-") < 2
}

func zoneless(upper string) bool {
	_, err := time.Parse("2006-01-02T15:04:05", upper)
	return err == nil
}

// parseRFC3339 is strict, but for a leap second: those come at the end of a day of UTC.
func parseRFC3339(upper string) (t time.Time, err error) {
	if strings.Contains(upper, ",") || !offsetFits(upper) { // which time reads, and RFC 3339 does not know
		return t, errNoTime
	}
	if err = t.UnmarshalText([]byte(upper)); err == nil {
		return t, nil
	}
	const second = len("2006-01-02T15:04:")
	if len(upper) < second+2 || upper[second:second+2] != "60" {
		return t, err
	}
	if err = t.UnmarshalText([]byte(upper[:second] + "59" + upper[second+2:])); err != nil {
		return t, err
	}
	t = t.UTC().Truncate(time.Second).Add(time.Second)
	if t.Hour() != 0 || t.Minute() != 0 {
		return t, errNoTime
	}
	return t, nil
}

// offsetFits tells whether the offset, if there is one, is at most 23:59.
func offsetFits(upper string) bool {
	const offset = len("+05:30")
	at := len(upper) - offset
	return at < len(time.DateOnly) || upper[at] != '+' && upper[at] != '-' || upper[at+1:at+3] <= "23" &&
		upper[at+4:] <= "59"
}

// parseEpoch reads digits with an optional fraction. No float is involved: a double cannot hold nanoseconds of today.
func parseEpoch(text string) (Milli, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	if strings.Trim(whole, "0123456789") != "" || strings.Trim(fraction, "0123456789") != "" ||
		len(whole) > len("4102444800000000000") {
		return 0, errEpoch
	}
	for _, decimals := range []int{0, 3, 6, 9} { // of the unit, below a second
		if at, ok := millis(whole, fraction, decimals); ok {
			return at, nil
		}
	}
	return 0, errEpoch
}

// millis reads a number whose unit is 10^-decimals seconds.
func millis(whole, fraction string, decimals int) (at Milli, ok bool) {
	if len(whole) <= decimals {
		return 0, false
	}
	digits := whole + fraction + "000"
	digits = digits[:len(whole)-decimals+3]
	if len(digits) > len("4102444800000") {
		return 0, false
	}
	for _, d := range digits {
		at = at*10 + Milli(d-'0')
	}
	return at, at >= Earliest && at < Latest
}
