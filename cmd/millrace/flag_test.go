package main

import (
	"io"
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

// pflag reads as Go does: 0100 is 64 there, 1_000 and 0x10 are numbers too, and its errors are those of strconv and
// encoding/csv.
func TestNoFlagReadsAsGoDoes(t *testing.T) {
	flags := 0
	eachFlag(t, func(name string, f *pflag.Flag) {
		flags++
		kind := reflect.TypeOf(f.Value)
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		if kind.PkgPath() == reflect.TypeFor[pflag.Flag]().PkgPath() {
			t.Errorf("%s is a %v: use the constructors of flag.go", name, kind)
		}
	})
	if flags < 300 {
		t.Errorf("only %d flags", flags)
	}
}

// What a flag does not take it refuses with what to write, whatever its kind is; nothing of Go's is in it.
func TestEveryFlagSaysWhatToWrite(t *testing.T) {
	kinds := map[string]struct {
		refused []string
		says    string
	}{
		"bool":        {[]string{"ja", "", "yes", " true", "2", "\x00"}, "must be true or false"},
		"int":         {[]string{"ja", "", "0x10"}, "must be a whole number"},
		"float":       {[]string{"ja", "", "NaN"}, "must be a number"},
		"duration":    {[]string{"ja", "", "7d", "5"}, "must be a duration such as 30s"},
		"time":        {[]string{"ja", "", "yesterday", "2026-13-01", "1772359"}, "RFC 3339"},
		"string":      {[]string{""}, "must "},
		"stringSlice": {[]string{"", "a,,b", ","}, "must "},
		"stringArray": {[]string{""}, "must not be empty"},
	}
	mayBeEmpty := []string{"millrace --prefix"} // no prefix is one
	tried := map[string]int{}
	eachFlag(t, func(name string, f *pflag.Flag) {
		kind, ok := kinds[f.Value.Type()]
		if !ok {
			t.Errorf("%s is of the kind %q, which this test does not know", name, f.Value.Type())
			return
		}
		if slices.Contains(mayBeEmpty, name) {
			return
		}
		tried[f.Value.Type()]++
		before := f.Value.String()
		for _, text := range kind.refused {
			err := f.Value.Set(text)
			if err == nil || f.Value.String() != before {
				t.Errorf("%s %q: %v, is %s", name, text, err, f.Value)
				continue
			}
			says := err.Error()
			if !strings.Contains(says, kind.says) || strings.Contains(says, "strconv") || strings.Contains(says, "parse error") || strings.Contains(says, "time: in") || strings.Contains(says, "parsing time") {
				t.Errorf("%s %q: %s", name, text, says)
			}
		}
	})
	for kind := range kinds {
		if tried[kind] == 0 {
			t.Errorf("no flag is of the kind %s", kind)
		}
	}
}

// Words that a flag chooses from are in its help, and what is none of them is refused with all of them.
func TestFlagsOfChoicesNameThem(t *testing.T) {
	elsewhere(t)
	for line, says := range map[string]string{
		"mission list --status aktive":                      `"aktive" for "--status" flag: must be draft, scheduled, active, paused, ended or archived`,
		"mission list --approval yes":                       "must be not_needed, waiting, approved or rejected",
		"mission list --status=":                            "must be draft,",
		"deadletters list --state closed":                   "must be open, replayed or discarded",
		"brand list --status paused":                        "must be draft, active or archived",
		"audit list --kind boat":                            "must be mission, ",
		"reward grant u --kind gold --amount 1 --reason r":  "must be coins, cash, gift_card, scratch_card or custom",
		"reward grant u --kind coins --amount 1 --debt off": "must be negative or floor",
		"reward grant u --kind coins --grant now":           "must be auto or claim",
		"token mint --sub u --role viewer,boss":             `"viewer,boss" for "--role" flag: must be user, health, viewer, editor, approver, admin or service`,
		"health backtest --source kafka":                    "must be auto, attempts or windows",
		"config -o xml":                                     `"xml" for "-o, --output" flag: must be table, json or yaml`,
		"config --log-level loud":                           "must be debug, info, warn or error",
		"config --help=ja":                                  `"ja" for "-h, --help" flag: must be true or false; the flag alone is true`,
		"--version=ja":                                      "must be true or false",
		"completion bash --no-descriptions=ja":              "must be true or false",
		"config --brokers a:1,\"b":                          `"\"b"`,
	} {
		words := strings.Fields(line)
		c, _, err := newRoot(io.Discard, io.Discard).Find(words)
		if err != nil {
			t.Fatal(err)
		}
		got := millrace(t, 2, words...)
		lacks(t, got.errs, says)
		if strings.Contains(got.errs, "parse error") {
			t.Error(got.errs)
		}
		if words := strings.TrimPrefix(says, "must be "); words != says && !strings.HasSuffix(words, ", ") && !strings.HasSuffix(words, ",") && words != "true or false" {
			lacks(t, millrace(t, 0, append(strings.Fields(c.CommandPath())[1:], "--help")...).out, words)
		}
	}
}

// A span that holds nothing is a mistake, and no empty list.
func TestSpansHoldSomething(t *testing.T) {
	elsewhere(t)
	outages, s := write(t, "outages.yaml", knownOutages), write(t, "s.yaml", "{}")
	for _, words := range []string{"audit list", "mission simulate -f " + write(t, "m.yaml", goodMission), "health backtest -f " + s + " --outages " + outages} {
		for _, to := range []string{"2026-03-02", "2026-03-01"} {
			args := append(strings.Fields(words), "--from", "2026-03-02", "--to", to)
			lacks(t, millrace(t, 2, append(args, nobody()...)...).errs, "--to must be after --from")
		}
	}
}

// An argument that is empty comes from a variable that is not set.
func TestEmptyArgumentsAreRefused(t *testing.T) {
	elsewhere(t)
	for _, args := range [][]string{{"dev", "refund", ""}, {"transaction", "get", ""}, {"health", "why", "upi", ""}, {"run", "ledger", ""}, {"reward", "get", "u", ""}} {
		lacks(t, millrace(t, 2, append(args, nobody()...)...).errs, " is empty", "For example: millrace "+args[0])
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
