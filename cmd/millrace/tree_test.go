package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// tree returns every command, groups included, by its words behind millrace.
func tree(t *testing.T) map[string]*cobra.Command {
	t.Helper()
	all := map[string]*cobra.Command{}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		all[strings.TrimSpace(strings.TrimPrefix(c.CommandPath(), "millrace"))] = c
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&bytes.Buffer{}, &bytes.Buffer{}))
	if len(all) < 70 {
		t.Fatalf("only %d commands", len(all))
	}
	return all
}

// Help fits a terminal of 120 columns.
func TestHelpHasNoLongLines(t *testing.T) {
	elsewhere(t)
	for words, c := range tree(t) {
		for _, line := range strings.Split(millrace(t, 0, append(strings.Fields(words), "--help")...).out, "\n") {
			if n := utf8.RuneCountInString(line); n > helpWidth {
				t.Errorf("%s: %d columns: %s", c.CommandPath(), n, line)
			}
		}
	}
}

// Every command refuses what it does not understand with exit status 2 and a sentence that says what to write instead.
func TestEveryCommandRefusesWhatItDoesNotUnderstand(t *testing.T) {
	elsewhere(t)
	for words, c := range tree(t) {
		t.Run(c.CommandPath(), func(t *testing.T) {
			with := func(more ...string) []string { return append(strings.Fields(words), more...) }
			if c.Short == "" {
				t.Error("no short help")
			}
			lacks(t, millrace(t, 2, with("--nope")...).errs, "`"+c.CommandPath()+"`", "unknown flag: --nope", "Usage: millrace", c.CommandPath()+" --help")
			lacks(t, millrace(t, 0, with("--help")...).out, "Usage:", c.CommandPath())
			all := operands(c.Use)
			switch {
			case c.HasSubCommands():
				lacks(t, millrace(t, 2, with("qqqqq")...).errs, `unknown command "qqqqq"`, "the commands are", c.Commands()[0].Name(), c.CommandPath()+" --help")
				lacks(t, millrace(t, 2, with("qqqqq", "-f", "x", "--nope")...).errs, c.CommandPath())
				if name := c.Commands()[0].Name(); len(name) > 2 {
					typo := name[:len(name)-2] + name[len(name)-1:]
					lacks(t, millrace(t, 2, with(typo)...).errs, "unknown command \""+typo+"\"", "did you mean", `"`+name+`"`)
				}
				if isGroup(c) {
					lacks(t, millrace(t, 0, with()...).out, "Available Commands:", c.Commands()[0].Name())
				}
			case len(all) == 0:
				lacks(t, millrace(t, 2, with("extra")...).errs, "`"+c.CommandPath()+"` takes no arguments", `"extra" is too much`)
			default:
				checkOperands(t, c, with, all)
			}
		})
	}
}

func checkOperands(t *testing.T, c *cobra.Command, with func(...string) []string, all []operand) {
	t.Helper()
	if c.Example != "" && !strings.HasPrefix(strings.TrimSpace(c.Example), c.CommandPath()+" ") {
		t.Errorf("the example is not of this command: %q", c.Example)
	}
	example := "For example: " + c.CommandPath()
	if !all[0].optional {
		lacks(t, millrace(t, 2, with()...).errs, "`"+c.CommandPath()+"` takes ", all[0].name+" is missing", example)
	}
	many := false
	for i, o := range all {
		many = many || o.many
		if i > 0 && !o.optional {
			lacks(t, millrace(t, 2, with(strings.Fields(strings.Repeat("x ", i))...)...).errs, o.name+" is missing", example)
		}
	}
	if !many {
		lacks(t, millrace(t, 2, with(append(strings.Fields(strings.Repeat("x ", len(all))), "extra")...)...).errs, `"extra" is too much`, example)
	}
}

// What is no command, and what begins or nearly is any, gets no proposal that helps nobody.
func TestProposalsHelp(t *testing.T) {
	elsewhere(t)
	for says, args := range map[string][]string{
		`unknown command "" for "millrace": the commands are ad`:                     {""},
		`unknown command "-" for "millrace": the commands are ad`:                    {"-"},
		`unknown command "mission" for "millrace": nothing behind "--" is a command`: {"--", "mission", "list"},
		`unknown command "" for "millrace mission": the commands are activate`:       {"mission", ""},
	} {
		lacks(t, millrace(t, 2, args...).errs, says)
	}
}

// Every command that needs a server or brokers says, where nobody listens, whom it asked and what can be done, with
// exit status 2.
func TestEveryCommandSaysWhereNobodyAnswers(t *testing.T) {
	elsewhere(t)
	t.Setenv("MILLRACE_RUN_DATA", t.TempDir())
	t.Setenv("MILLRACE_TASKS_PROVIDER_URL", "https://pay.example.com") // for worker, which needs a handler
	t.Setenv("MILLRACE_TASKS_PROVIDER_SECRET", "a secret of 16 bytes")
	local := map[string]bool{
		"context set": true, "context use": true, "context list": true, "context remove": true,
		"dev": true, "topology": true, "config": true, "window run": true, "version": true, "man": true, "help": true,
		"probe":           true, // asks http.admin, which neither --server nor --brokers names
		"completion bash": true, "completion zsh": true, "completion fish": true, "completion powershell": true,
	}
	missions, events := write(t, "m.yaml", goodMission), write(t, "e.jsonl", "{}\n")
	special := map[string]string{ // where the example needs something that is not here
		"run": "run --all", "generate": "generate --count 1", "replay": "replay " + events, "mission apply": "mission apply -f " + missions,
		"mission simulate": "mission simulate -f " + missions, "topics plan": "topics plan", "topics apply": "topics apply", "verify": "verify",
		"erase-user":               "erase-user usr_1 --dry-run",
		"health override apply":    "health override apply -f " + write(t, "o.yaml", "{id: o, mode: upi, instrument: sbi, state: up, until: \"2026-03-01T11:00:00Z\", reason: r}"),
		"health maintenance apply": "health maintenance apply -f " + write(t, "x.yaml", "{id: o, mode: upi, instrument: sbi, begin: \"2026-03-01T10:00:00Z\", end: \"2026-03-01T11:00:00Z\", reason: r}"),
		"health freeze apply":      "health freeze apply -f " + write(t, "f.yaml", "{mode: upi, until: \"2026-03-01T11:00:00Z\", reason: r}"),
		"health settings apply":    "health settings apply -f " + write(t, "s.yaml", "{mode: upi, settings: {up_after: 5}}"),
		"health backtest":          "health backtest -f " + write(t, "b.yaml", "{up_after: 5}") + " --outages " + write(t, "outages.yaml", "- {mode: upi, instrument: sbi, begin: 2026-03-01T10:00:00Z, end: 2026-03-01T10:20:00Z}"),
		"brand apply":              "brand apply -f " + write(t, "brand.yaml", "{id: b, name: B}"),
		"ad apply":                 "ad apply -f " + write(t, "ad.yaml", "{id: a, title: A, placement: home}"),
		"pool apply":               "pool apply -f " + write(t, "pool.yaml", "{id: p}"),
		"pool codes":               "pool codes p " + events,
		"reward-template apply":    "reward-template apply -f " + write(t, "t.yaml", "{id: t, reward: {kind: coins, amount: 1}}"),
		"tasks add":                `tasks add thank usr_1 --payload {"amount":100}`, // without a shell there are no quotes
		"serve":                    "serve",
	}
	for words, c := range tree(t) {
		if isGroup(c) || local[words] {
			continue
		}
		t.Run(c.CommandPath(), func(t *testing.T) {
			line := special[words]
			if line == "" {
				line, _, _ = strings.Cut(strings.TrimSpace(c.Example), "\n")
				line = strings.TrimPrefix(line, "millrace ")
			}
			if line == "" {
				line = words
			}
			if words == "serve" {
				t.Setenv("MILLRACE_AUTH_KEY_FILE", write(t, "public.pem", publicKey(t)))
			}
			lacks(t, millrace(t, 2, append(strings.Fields(line), nobody()...)...).errs, "127.0.0.1:1", "connection refused", "Nothing listens there: start `millrace dev`")
		})
	}
}

func publicKey(t *testing.T) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, text := keyFiles(t, private, public)
	return string(text)
}
