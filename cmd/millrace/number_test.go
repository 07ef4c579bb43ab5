package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// eachFlag calls check with every flag of every command.
func eachFlag(t *testing.T, check func(name string, f *pflag.Flag)) {
	t.Helper()
	for _, c := range tree(t) {
		for _, set := range []*pflag.FlagSet{c.LocalNonPersistentFlags(), c.PersistentFlags()} {
			set.VisitAll(func(f *pflag.Flag) { check(c.CommandPath()+" --"+f.Name, f) })
		}
	}
}

// pflag reads numbers as Go writes them: 0100 is 64 there, and 1_000 and 0x10 are numbers, too.
func TestNoFlagReadsNumbersAsGoWritesThem(t *testing.T) {
	texts := []string{"*pflag.stringValue", "*pflag.stringSliceValue", "*pflag.stringArrayValue", "*pflag.boolValue"}
	numbers := 0
	eachFlag(t, func(name string, f *pflag.Flag) {
		kind := reflect.TypeOf(f.Value)
		switch {
		case kind.Elem().PkgPath() != reflect.TypeFor[pflag.Flag]().PkgPath():
			numbers++
		case !slices.Contains(texts, kind.String()):
			t.Errorf("%s is a %v: use wholeFlag, decimalFlag or durationFlag", name, kind)
		}
	})
	if numbers < 20 {
		t.Errorf("only %d numbers", numbers)
	}
}

func TestNumbersOfFlagsAreDecimalOrRefused(t *testing.T) {
	everywhere := []string{"", " ", "x", "0x10", "0b1", "0o7", "1_000", "+5", "1e3", "٣", "1,000", " 5", "--5", "NaN", "nan", "Inf", "-Inf", "infinity", strings.Repeat("9", 400)}
	kinds := map[string]struct{ taken, refused []string }{
		"int":      {[]string{"0", "7", "100"}, []string{"0100", "007", "-0", "-07", "1.5", "5.0", "9223372036854775808000"}},
		"float":    {[]string{"0", "0.2", "50", "12.5"}, []string{"0100", "00.5", ".5", "5.", "0x1p-2", "1.2.3"}},
		"duration": {[]string{"1m30s", "6m0s"}, []string{"5", "1 m", "1d", "0x1s"}},
	}
	tried := map[string]int{}
	eachFlag(t, func(name string, f *pflag.Flag) {
		kind, ok := kinds[f.Value.Type()]
		if !ok {
			return
		}
		tried[f.Value.Type()]++
		for _, text := range kind.taken {
			if err := f.Value.Set(text); err != nil || f.Value.String() != text {
				t.Errorf("%s %s: %v, is %s", name, text, err, f.Value)
			}
		}
		last := kind.taken[len(kind.taken)-1]
		for _, text := range append(kind.refused, everywhere...) {
			err := f.Value.Set(text)
			if err == nil || f.Value.String() != last {
				t.Errorf("%s %q: %v, is %s", name, text, err, f.Value)
				continue
			}
			says := err.Error()
			if !strings.Contains(says, "must be ") || strings.Contains(says, "strconv") || strings.Contains(says, "time:") {
				t.Errorf("%s %q: %s", name, text, says)
			}
		}
	})
	if tried["int"] < 15 || tried["float"] < 3 || tried["duration"] < 6 {
		t.Errorf("tried %v", tried)
	}
}

// What is sent is what was written.
func TestAmountsOfGrantsAreNeverOctal(t *testing.T) {
	elsewhere(t)
	grant := func(amount string) string {
		return millrace(t, 2, append([]string{"reward", "grant", "usr_1", "--kind", "coins", "--reason", "r", "--amount", amount}, nobody()...)...).errs
	}
	lacks(t, grant("0100"), `invalid argument "0100" for "--amount"`, "without leading zeros", "Usage: millrace reward grant")
	lacks(t, grant("1_000"), `invalid argument "1_000" for "--amount"`, "must be a whole number in decimal digits")
	lacks(t, grant("100"), "connection refused")
	lacks(t, millrace(t, 2, "dev", "break", "upi/hdfc", "--success", "NaN").errs, `"--success"`, "must be a number in decimal digits, such as 0.5")
	lacks(t, millrace(t, 2, "generate", "--rate", "Inf", "--out", "-").errs, `"--rate"`, "must be a number in decimal digits, such as 0.5")
	lacks(t, millrace(t, 2, "topics", "plan", "--partitions", "99999999999").errs, `"--partitions"`, "must be -2147483648 to 2147483647")
}
