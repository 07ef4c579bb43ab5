package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/millrace/millrace/cmd/config"
)

// number is the value of a flag that is a number or a duration. Those of pflag read numbers as Go writes them: 0100 is 64, and NaN is a rate.
type number[T any] struct {
	to    *T
	kind  string // as help shows it
	parse func(string) (T, error)
}

// Set implements pflag.Value.
func (n number[T]) Set(text string) error {
	v, err := n.parse(text)
	if err == nil {
		*n.to = v
	}
	return err
}

// String implements pflag.Value.
func (n number[T]) String() string {
	if n.to == nil { // pflag asks a zero value what it is
		return ""
	}
	if f, ok := any(*n.to).(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(*n.to)
}

// Type implements pflag.Value.
func (n number[T]) Type() string { return n.kind }

// wholeFlag adds a flag that is a whole number.
func wholeFlag[T config.Whole](f *pflag.FlagSet, to *T, name string, value T, usage string) {
	*to = value
	f.Var(&number[T]{to, "int", config.ParseWhole[T]}, name, usage)
}

// decimalFlag adds a flag that is a number with or without a point.
func decimalFlag(f *pflag.FlagSet, to *float64, name string, value float64, usage string) {
	*to = value
	f.Var(&number[float64]{to, "float", config.ParseDecimal}, name, usage)
}

// durationFlag adds a flag that is a duration.
func durationFlag(f *pflag.FlagSet, to *time.Duration, name string, value time.Duration, usage string) {
	*to = value
	f.Var(&number[time.Duration]{to, "duration", config.ParseDuration}, name, usage)
}
