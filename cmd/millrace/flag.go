package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
)

// value is the value of a flag. The values of pflag read as Go does, where 0100 is 64 and NaN is a rate, and refuse
// with the errors of Go's packages. These refuse with a sentence that says what to write.
type value[T any] struct {
	to    *T
	kind  string // as help shows it
	parse func(string) (T, error)
}

// Set implements pflag.Value.
func (v *value[T]) Set(text string) error {
	got, err := v.parse(text)
	if err == nil {
		*v.to = got
	}
	return err
}

// String implements pflag.Value.
func (v *value[T]) String() string {
	if v.to == nil { // pflag asks a zero value what it is
		return ""
	}
	if f, ok := any(*v.to).(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(*v.to)
}

// Type implements pflag.Value.
func (v *value[T]) Type() string { return v.kind }

// reasonFlag adds the flag that says why, to a command that is audited.
func reasonFlag(c *cobra.Command, to *string) {
	textFlag(c.Flags(), to, "reason", "", "why, for the audit")
}

// required makes a command refuse to run without these flags.
func required(c *cobra.Command, flags ...string) {
	for _, name := range flags {
		_ = c.MarkFlagRequired(name) // the flag is there
	}
}

// wholeFlag adds a flag that is a whole number.
func wholeFlag[T config.Whole](f *pflag.FlagSet, to *T, name string, fallback T, usage string) {
	*to = fallback
	f.Var(&value[T]{to, "int", config.ParseWhole[T]}, name, usage)
}

// decimalFlag adds a flag that is a number with or without a point.
func decimalFlag(f *pflag.FlagSet, to *float64, name string, fallback float64, usage string) {
	*to = fallback
	f.Var(&value[float64]{to, "float", config.ParseDecimal}, name, usage)
}

// durationFlag adds a flag that is a duration.
func durationFlag(f *pflag.FlagSet, to *time.Duration, name string, fallback time.Duration, usage string) {
	*to = fallback
	f.Var(&value[time.Duration]{to, "duration", config.ParseDuration}, name, usage)
}

// timeFlag adds a flag that is a time, 0 where it is not given.
func timeFlag(f *pflag.FlagSet, to *instant.Milli, name, usage string) {
	f.Var(&value[instant.Milli]{to, "time", parseTime}, name, usage)
}

// switchFlag adds a flag that is given or not.
func switchFlag(f *pflag.FlagSet, to *bool, name, usage string) { switchFlagP(f, to, name, "", usage) }

func switchFlagP(f *pflag.FlagSet, to *bool, name, short, usage string) {
	f.VarPF(&value[bool]{to, "bool", parseSwitch}, name, short, usage).NoOptDefVal = "true"
}

func parseSwitch(text string) (bool, error) {
	on, err := config.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("%w; the flag alone is true, and takes no word behind it", err)
	}
	return on, nil
}

// textFlag adds a flag that is a text. An empty one is refused: it comes from a variable that is not set, and would do
// what nobody asked for.
func textFlag(f *pflag.FlagSet, to *string, name, fallback, usage string) {
	textFlagP(f, to, name, "", fallback, usage)
}

func textFlagP(f *pflag.FlagSet, to *string, name, short, fallback, usage string) {
	*to = fallback
	f.VarP(&value[string]{to, "string", parseText}, name, short, usage)
}

var errEmpty = errors.New("must not be empty: leave the flag out, or give it a value")

func parseText(text string) (string, error) {
	if text == "" {
		return "", errEmpty
	}
	return text, nil
}

// anyTextFlag adds a flag that is a text, and may be empty.
func anyTextFlag(f *pflag.FlagSet, to *string, name, fallback, usage string) {
	*to = fallback
	f.Var(&value[string]{to, "string", func(text string) (string, error) { return text, nil }}, name, usage)
}

// choiceFlag adds a flag that is one of some words to a command, which completes them. Its usage is behind the words.
func choiceFlag[T ~string](c *cobra.Command, to *T, name string, fallback T, words []T, usage string) {
	choiceFlagP(c, c.Flags(), to, name, "", fallback, words, usage)
}

func choiceFlagP[T ~string](c *cobra.Command, f *pflag.FlagSet, to *T, name, short string, fallback T, words []T,
	usage string) {
	*to = fallback
	f.VarP(&value[T]{to, "string", func(text string) (T, error) {
		return parseChoice(T(text), words)
	}}, name, short, usage+problem.AnyOf(words))
	complete(c, name, words)
}

// complete makes shells propose the words for a flag.
func complete[T ~string](c *cobra.Command, name string, words []T) {
	completions := make([]cobra.Completion, len(words))
	for i, w := range words {
		completions[i] = string(w)
	}
	// the flag is there
	_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(completions, cobra.ShellCompDirectiveNoFileComp))
}

func parseChoice[T ~string](text T, words []T) (T, error) {
	if !slices.Contains(words, text) {
		return text, fmt.Errorf("must be %s", problem.AnyOf(words))
	}
	return text, nil
}

// texts is the value of a flag that is a list: it may be given several times, and by separator several at a time.
type texts struct {
	to        *[]string
	kind      string
	separator string // empty: one at a time
	parse     func(string) (string, error)
	given     bool // what it holds was given, and is no default
}

// Set implements pflag.Value.
func (l *texts) Set(text string) error {
	words := []string{text}
	if l.separator != "" {
		words = strings.Split(text, l.separator)
	}
	for i, w := range words {
		var err error
		if words[i], err = l.parse(strings.TrimSpace(w)); err != nil {
			return err
		}
	}
	if !l.given {
		*l.to, l.given = nil, true
	}
	*l.to = append(*l.to, words...)
	return nil
}

// String implements pflag.Value.
func (l *texts) String() string {
	if l.to == nil || len(*l.to) == 0 {
		return ""
	}
	return "[" + strings.Join(*l.to, l.separator) + "]"
}

// Type implements pflag.Value. Shells propose the flag again if it has one of these words in it.
func (l *texts) Type() string { return l.kind }

// listFlag adds a flag that is a list of texts, separated by commas.
func listFlag(f *pflag.FlagSet, to *[]string, name string, fallback []string, usage string) {
	*to = fallback
	f.Var(&texts{to: to, kind: "stringSlice", separator: ",", parse: parseText}, name, usage)
}

// choicesFlag adds a flag to a command that is a list of some words. Its usage stands between the words and more.
func choicesFlag[T ~string](c *cobra.Command, to *[]string, name string, choices []T, more string) {
	parse := func(text string) (string, error) {
		word, err := parseChoice(T(text), choices)
		return string(word), err
	}
	c.Flags().Var(&texts{to: to, kind: "stringSlice", separator: ",", parse: parse}, name, problem.AnyOf(choices)+more)
	complete(c, name, choices)
}

// filesFlag adds a flag that is one file or more.
func filesFlag(f *pflag.FlagSet, to *[]string, name, short, usage string) {
	f.VarP(&texts{to: to, kind: "stringArray", parse: parseText}, name, short, usage)
}

// ownSwitch is a switch that cobra makes by itself, with the errors of ours.
type ownSwitch struct{ pflag.Value }

// Set implements pflag.Value.
func (s ownSwitch) Set(text string) error {
	if _, err := parseSwitch(text); err != nil {
		return err
	}
	return s.Value.Set(text)
}

// ownSwitches wraps what cobra makes by itself of a command: --help, --version and those of completion.
func ownSwitches(c *cobra.Command) {
	c.InitDefaultHelpFlag()
	c.InitDefaultVersionFlag()
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if _, ours := f.Value.(*value[bool]); f.Value.Type() == "bool" && !ours {
			f.Value = ownSwitch{f.Value}
		}
	})
}
