package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views/contract"
)

// TestReference keeps docs/reference as the program is: go test ./cmd/millrace -run Reference -rewrite.
func TestReference(t *testing.T) {
	settings, err := config.Default().YAML()
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{
		"commands.md": commandPage(newRoot(&bytes.Buffer{}, &bytes.Buffer{})),
		"config.md": "# Configuration\n\nDefaults < `millrace.yaml` < the [context](commands.md#millrace-context-set) of client commands < `MILLRACE_*` < flags. The variable of `http.listen` is `MILLRACE_HTTP_LISTEN`; lists are\n" +
			"separated by commas; maps (of `relay`, `intake` and `approval`), `triggers` and `tasks.kinds` are for the file. Unknown names are errors. What each setting means stands in\n" +
			"[cmd/config](../../cmd/config/config.go). A source of the relay is a name with the file of its secrets, one a line:\n" +
			"`relay: {sources: {bank: {secret_file: /run/secrets/bank}}}`. [Tasks](../tasks.md) has the\n" +
			"fields of `triggers`, `tasks.kinds` and `tasks.worker.handlers`. The defaults:\n\n```yaml\n" + string(settings) + "```\n",
		"topics.md": topicPage(),
	}
	for name, want := range pages {
		checkPage(t, filepath.Join(reference, name), "Reference", want)
	}
}

const reference = "../../docs/reference"

// checkPage checks that a page of docs/reference is what the program says, or makes it so.
func checkPage(t *testing.T, path, test, want string) {
	t.Helper()
	want = "<!-- Written by a test: go test ./cmd/millrace -run " + test + " -rewrite -->\n" + want
	if *rewrite {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s is not what the program says now (-rewrite writes it): %v", path, err)
	}
}

func commandPage(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString("# Commands\n\nExit status: 0 done; 1 an answer that is a no (there is no such thing, it was refused or has changed, a check\nfound something); 2 wrong use, or who must answer does not. Logs go to standard error. These flags go with every command:\n\n")
	flagList(&b, root.PersistentFlags())
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Runnable() && !isGroup(c) {
			long := c.Long
			if long == "" {
				long = c.Short + "."
			}
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", c.CommandPath(), long)
			if c.Example != "" {
				fmt.Fprintf(&b, "\n```\n%s\n```\n", c.Example)
			}
			fmt.Fprintf(&b, "\n`%s`\n\n", c.UseLine())
			flagList(&b, c.LocalNonPersistentFlags())
		}
		for _, sub := range c.Commands() {
			if sub.Name() != "completion" && sub.Name() != "help" {
				walk(sub)
			}
		}
	}
	walk(root)
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func flagList(b *strings.Builder, flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Name == "version" {
			return
		}
		fallback := ""
		if f.DefValue != "" && f.DefValue != "[]" && f.DefValue != "false" {
			fallback = fmt.Sprintf(" (default `%s`)", f.DefValue)
		}
		fmt.Fprintf(b, "- `--%s`: %s%s\n", f.Name, f.Usage, fallback)
	})
}

func topicPage() string {
	t := topology.New(topology.DefaultConfig())
	var b strings.Builder
	b.WriteString("# Groups and topics\n\nAs `millrace topology` and `millrace topics plan` print them for your own settings. Those that others use are described in\n" +
		"[asyncapi.json](asyncapi.json), and their values in [schemas](schemas). " + contract.Partitioning + "\n\n")
	b.WriteString("| group | input | key | table | outputs | loop | look-ups |\n|---|---|---|---|---|---|---|\n")
	for _, g := range t.Groups() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s |\n", g.Name, strings.Join(g.Inputs, ", "), g.Key, dash(g.Table),
			dash(strings.Join(g.Outputs, ", ")), dash(g.Loop), dash(strings.Join(g.Lookups, ", ")))
	}
	b.WriteString("\n| topic | kind | key | format | cleanup | retention | timestamps |\n|---|---|---|---|---|---|---|\n")
	for _, s := range t.Topics() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s |\n", s.Name, s.Kind, s.Key, s.Format, s.Cleanup, retention(s), dash(s.Timestamps))
	}
	return b.String()
}
