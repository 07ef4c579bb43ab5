package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// misuse is an error of the command line itself.
type misuse struct {
	error
	command *cobra.Command
}

func (m misuse) Unwrap() error { return m.error }

func misused(c *cobra.Command, format string, args ...any) error {
	return misuse{fmt.Errorf(format, args...), c}
}

// onlyGroups marks commands that do nothing but group others.
const onlyGroups = "groups"

// group puts commands below one that groups them.
func group(c *cobra.Command, below ...*cobra.Command) *cobra.Command {
	c.AddCommand(below...)
	return c
}

func isGroup(c *cobra.Command) bool { return c.Annotations[onlyGroups] != "" }

// strict makes every command of a tree refuse what it does not understand: words that are no command, and too few or
// too many arguments, by the names that Use gives them.
func strict(c *cobra.Command) {
	if c.HasSubCommands() && !c.Runnable() {
		c.Annotations = map[string]string{onlyGroups: "true"}
		c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	c.SuggestionsMinimumDistance = 2
	c.DisableFlagsInUseLine = !c.LocalNonPersistentFlags().HasFlags() // --help is nothing to say
	c.Long = filled(c.Long)
	ownSwitches(c)
	c.Args = func(c *cobra.Command, args []string) error {
		if c.HasSubCommands() {
			return noSuchCommand(c, args)
		}
		return checkArguments(c, args)
	}
	for _, sub := range c.Commands() {
		strict(sub)
	}
}

// noSuchCommand refuses words behind a command that has subcommands and takes no arguments.
func noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("unknown command %q for %q", args[0], c.CommandPath())
	near := c.SuggestionsFor(args[0])
	if len(args[0]) < 2 { // which begins, or nearly is, any name
		near = nil
	}
	if slices.Contains(near, args[0]) {
		text += `: nothing behind "--" is a command`
	} else if len(near) > 0 {
		text += fmt.Sprintf(": did you mean %s?", quoted(near))
	} else {
		var names []string
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				names = append(names, sub.Name())
			}
		}
		text += ": the commands are " + strings.Join(names, ", ")
	}
	return misuse{errors.New(text), c}
}

func quoted(names []string) string {
	for i, n := range names {
		names[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(names, " or ")
}

// operand is one argument, as Use names it.
type operand struct {
	name           string
	optional, many bool
}

// operands reads the names of arguments from a Use line: words up to the first flag; [NAME] may be left out, NAME...
// comes at least once.
func operands(use string) []operand {
	var all []operand
	for _, word := range strings.Fields(use)[1:] {
		if strings.HasPrefix(strings.TrimPrefix(word, "["), "-") {
			break
		}
		o := operand{name: word}
		if strings.HasPrefix(word, "[") {
			o.name, o.optional = strings.Trim(word, "[]"), true
		}
		o.name, o.many = strings.CutSuffix(o.name, "...")
		all = append(all, o)
	}
	return all
}

// checkArguments checks the number of arguments.
func checkArguments(c *cobra.Command, args []string) error {
	all := operands(c.Use)
	if len(all) == 0 && len(args) > 0 {
		return misused(c, "`%s` takes no arguments: %q is too much", c.CommandPath(), args[0])
	}
	var names []string
	least, most := 0, len(all)
	for _, o := range all {
		name := o.name
		if o.optional {
			name += " (optional)"
		} else {
			least++
		}
		if o.many {
			most = max(most, len(args))
		}
		names = append(names, name)
	}
	switch wants := fmt.Sprintf("`%s` takes %s", c.CommandPath(), strings.Join(names, " and ")); {
	case len(args) < least:
		return misused(c, "%s: %s is missing%s", wants, all[len(args)].name, example(c))
	case len(args) > most:
		return misused(c, "%s: %q is too much%s", wants, args[most], example(c))
	default:
		if i := slices.Index(args, ""); i >= 0 {
			return misused(c, "%s: %s is empty%s", wants, all[min(i, len(all)-1)].name, example(c))
		}
		return nil
	}
}

// example is a sentence with a call that is right: the first of the command's, or one of the names of its arguments.
func example(c *cobra.Command) string {
	line, _, _ := strings.Cut(strings.TrimSpace(c.Example), "\n")
	if line == "" {
		line = c.CommandPath()
		for _, o := range operands(c.Use) {
			line += " " + o.name
		}
	}
	return ". For example: " + line
}

// flagError is the error of flags that cannot be read. A word before them that is no command is the greater error.
func flagError(c *cobra.Command, err error) error {
	if isGroup(c) {
		if unknown := noSuchCommand(c, c.Flags().Args()); unknown != nil {
			return unknown
		}
	}
	return misuse{fmt.Errorf("`%s`: %w", c.CommandPath(), err), c}
}
