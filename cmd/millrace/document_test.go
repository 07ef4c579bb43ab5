package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// printed is a command as a document prints it.
type printed struct {
	line  string
	whole bool // of a code block, to be copied; else of a sentence, which may leave arguments out
}

var (
	codeBlock  = regexp.MustCompile("(?ms)^```(?:sh|console)?\n(.*?)^```")
	codeSpan   = regexp.MustCompile("`([^`]+)`")
	ofMillrace = regexp.MustCompile(`^(?:\$ )?(?:\w+=\$\()?(?:bin/millrace|millrace|go run \./cmd/millrace)( .*)$`)
)

// printedIn returns the commands of a document.
func printedIn(text string) (all []printed) {
	for _, block := range codeBlock.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(block[1]) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
			if m := ofMillrace.FindStringSubmatch(line); m != nil {
				all = append(all, printed{strings.TrimSuffix(strings.TrimSpace(m[1]), ")"), true})
			}
		}
	}
	for _, span := range codeSpan.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
		if m := ofMillrace.FindStringSubmatch(strings.Join(strings.Fields(span[1]), " ")); m != nil {
			all = append(all, printed{strings.TrimSpace(m[1]), false})
		}
	}
	return all
}

// placeholder is a name that stands for a value: upper case, or dots.
var placeholder = regexp.MustCompile(`^([A-Z_:]+|…|\.\.\.)$`)

// understood returns an error if the command line does not take a printed command.
func (p printed) understood() error {
	words := slices.DeleteFunc(strings.Fields(p.line), func(w string) bool { return w == "…" || w == "..." })
	root := newRoot(io.Discard, io.Discard)
	c, rest, err := root.Find(words)
	if err != nil {
		return err
	}
	if p.whole {
		return wholeCall(c, rest)
	}
	if isGroup(c) && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") { // behind it stands a subcommand, if anything
		return noSuchCommand(c, rest)
	}
	for i, w := range rest { // an argument may be left out, but a flag must be there
		name, value, ok := strings.Cut(w, "=")
		if f := flagNamed(c, name); f == nil && strings.HasPrefix(name, "-") && name != "-" {
			return errors.New(name + " is no flag of " + c.CommandPath())
		} else if f != nil && f.NoOptDefVal == "" {
			if !ok && i+1 < len(rest) {
				value, ok = rest[i+1], true
			}
			if ok && !placeholder.MatchString(value) {
				if err := f.Value.Set(value); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// wholeCall returns an error if a command does not take a call of it that is to be copied.
func wholeCall(c *cobra.Command, rest []string) error {
	if err := c.ParseFlags(rest); err != nil {
		return err
	}
	return errors.Join(c.ValidateArgs(c.Flags().Args()), c.ValidateRequiredFlags(), c.ValidateFlagGroups())
}

func flagNamed(c *cobra.Command, word string) *pflag.Flag {
	if name, long := strings.CutPrefix(word, "--"); long {
		return c.Flag(name)
	}
	if name, short := strings.CutPrefix(word, "-"); short && len(name) == 1 {
		for _, set := range []*pflag.FlagSet{c.Flags(), c.InheritedFlags()} {
			if f := set.ShorthandLookup(name); f != nil {
				return f
			}
		}
	}
	return nil
}

// Every command that a document prints is one, with its flags and their values; one to be copied has all that it needs.
func TestDocumentsPrintCommandsThatAreThere(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../../*.md", "../../docs/*.md", "../../docs/adr/*.md", "../../*/R*.md", "../../deploy/*/*.yaml", "../../deploy/*/*.yml"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	tried := map[bool]int{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range printedIn(string(raw)) {
			tried[p.whole]++
			if err := p.understood(); err != nil {
				t.Errorf("%s: millrace %s: %v", file, p.line, err)
			}
		}
	}
	if tried[true] < 15 || tried[false] < 40 {
		t.Errorf("tried %v", tried)
	}
}

// The test above can fail.
func TestDocumentsWithWrongCommandsAreFound(t *testing.T) {
	for text, says := range map[string]string{
		"Run `millrace mission lst`.":                                        "unknown command",
		"Run `millrace deadletters\nreplay --reson R`.":                      "--reson is no flag",
		"Run `millrace verify --every soon`.":                                "must be a duration",
		"Run `millrace audit list --kind boat`.":                             "must be mission",
		"```sh\nmillrace dev refund\n```\n":                                  "TRANSACTION is missing",
		"```console\n$ millrace mission apply\n```\n":                        "required flag",
		"```sh\ngo run ./cmd/millrace dev break upi/hdfc --fr 6m # x\n```\n": "unknown flag",
		"```\nTOKEN=$(millrace token mint --sub a --role king)\n```\n":       "must be user",
		"```sh\nbin/millrace nonsense\n```\n":                                "unknown command",
	} {
		all := printedIn(text)
		if len(all) != 1 {
			t.Fatalf("%q: %v", text, all)
		}
		if err := all[0].understood(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"`millrace mission …`", "`millrace health why`", "`millrace replay FILE --advance D`", "`millrace run --slot N`", "```sh\nmillrace health why upi hdfc\n```\n", "`millrace`", "`millrace_events_total`"} {
		for _, p := range printedIn(text) {
			if err := p.understood(); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
}
