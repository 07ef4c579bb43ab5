package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// helpWidth is how many columns help takes at most.
const helpWidth = 120

// usageTemplate returns cobra's template for help: without a call of what only groups others, and with the lines of
// flags wrapped.
func usageTemplate(cobras string) string {
	return strings.NewReplacer(
		"{{if .Runnable}}", `{{if and .Runnable (not (index .Annotations "`+onlyGroups+`"))}}`,
		".FlagUsages |", fmt.Sprintf(".FlagUsagesWrapped %d |", helpWidth),
	).Replace(cobras)
}

// helpCommand is cobra's, but refuses what is no command.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND...]",
		Short:   "Help about any command",
		Example: "  millrace help mission apply",
		// Help works whatever the configuration is.
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
		RunE: func(c *cobra.Command, args []string) error {
			found, rest, err := c.Root().Find(args)
			if err == nil && len(rest) > 0 {
				err = noSuchCommand(found, rest)
			}
			if err != nil {
				return err
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}

// filled returns a text with lines of at most helpWidth columns. Lines of a paragraph are joined first. A line that
// begins with blanks stays a line of its own, and goes on below its second column if it has one.
func filled(text string) string {
	var out []string
	open, hang := "", 0 // what may go on, and where
	end := func() {
		out = append(out, wrapped(open, hang)...)
		open, hang = "", 0
	}
	for _, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimLeft(line, " \t")
		indent := len(line) - len(trimmed)
		switch {
		case trimmed == "":
			end()
			out = append(out, "")
		case open != "" && indent == hang:
			open += " " + trimmed
		default:
			end()
			open, hang = line, secondColumn(line)
		}
	}
	end()
	return strings.Join(out, "\n")
}

// secondColumn returns where the second column of a line begins; 0 if it has none and begins without blanks, -1 if it
// begins with some.
func secondColumn(line string) int {
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	if indent == 0 {
		return 0
	}
	word, rest, ok := strings.Cut(line[indent:], "  ")
	if !ok {
		return -1
	}
	return indent + len(word) + 2 + len(rest) - len(strings.TrimLeft(rest, " "))
}

// wrapped breaks a line between words; what does not fit goes on behind an indent. A line below whose beginning nothing
// can go on stays as it is.
func wrapped(line string, indent int) []string {
	var out []string
	for indent >= 0 && utf8.RuneCountInString(line) > helpWidth {
		runes := []rune(line)
		at := helpWidth
		for at > indent && runes[at] != ' ' {
			at--
		}
		if at == indent {
			break // one word
		}
		out = append(out, strings.TrimRight(string(runes[:at]), " "))
		line = strings.Repeat(" ", indent) + strings.TrimLeft(string(runes[at:]), " ")
	}
	if line == "" {
		return out
	}
	return append(out, line)
}
