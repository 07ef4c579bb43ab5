package config

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Whole is what a flag or variable can be that is a whole number.
type Whole interface {
	int | int16 | int32 | int64 | uint64
}

var (
	wholePattern   = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)
	decimalPattern = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
)

// ParseWhole reads a whole number as flags and variables have it: decimal digits, behind a '-' if it is below 0. Go's
// own readers take "+5" as well, and some of them "0x10", "1_000" and "0100", which is 64 for them. Errors say what to
// write instead.
func ParseWhole[T Whole](text string) (T, error) {
	var n T
	err := setWhole(reflect.ValueOf(&n).Elem(), text)
	return n, err
}

func setWhole(to reflect.Value, text string) error {
	if !wholePattern.MatchString(text) {
		return errors.New("must be a whole number in decimal digits" + leadingZeros(text) + ", such as 100")
	}
	bits := to.Type().Bits()
	if to.CanUint() {
		n, err := strconv.ParseUint(text, 10, bits)
		if err != nil {
			return fmt.Errorf("must be 0 to %d", uint64(math.MaxUint64)>>(64-bits))
		}
		to.SetUint(n)
		return nil
	}
	n, err := strconv.ParseInt(text, 10, bits)
	if err != nil {
		most := int64(math.MaxInt64) >> (64 - bits)
		return fmt.Errorf("must be %d to %d", -most-1, most)
	}
	to.SetInt(n)
	return nil
}

// leadingZeros names what is wrong with a number of digits alone.
func leadingZeros(text string) string {
	digits := strings.TrimPrefix(text, "-")
	if len(digits) > 1 && digits[0] == '0' && strings.Trim(digits, "0123456789") == "" {
		return " without leading zeros, which some programs take for octal numbers"
	}
	return ""
}

// ParseDecimal reads a number that need not be whole: decimal digits and a point. Go's own reader takes NaN, Inf and
// 0x1p-2 as well.
func ParseDecimal(text string) (float64, error) {
	if !decimalPattern.MatchString(text) {
		return 0, errors.New("must be a number in decimal digits, such as 0.5")
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("must be at most %g", math.MaxFloat64)
	}
	return n, nil
}

// ParseDuration reads a duration as Go writes it.
func ParseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || strings.HasPrefix(text, "+") {
		return 0, errors.New("must be a duration such as 30s, 10m or 1h30m")
	}
	return d, nil
}

// ParseBool reads true or false, as Go does.
func ParseBool(text string) (bool, error) {
	b, err := strconv.ParseBool(text)
	if err != nil {
		return false, errors.New("must be true or false")
	}
	return b, nil
}
