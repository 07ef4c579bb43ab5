package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/config"
)

func (a *app) contextCommand() *cobra.Command {
	return group(&cobra.Command{
		Use: "context", Short: "Deployments by name: where they are, and with which token they are asked",
		Long: `A context is a deployment by a name: its server, brokers, prefix and token. Client commands take the one that --context names, or
` + config.ContextVariable + `, or else the current one; flags and MILLRACE_* variables go before what it says, and it goes before ./` + config.File + `. The name
"` + config.NoContext + `" stands for none. dev, run and serve take no context: they are a deployment.

Contexts are kept in millrace/contexts.yaml below the user's configuration directory (XDG_CONFIG_HOME, ~/.config on Linux), which nobody else may read. A
token of a context is sent to the server of that context alone, and never shown.`,
	}, a.setContextCommand(), a.useContextCommand(), a.listContextsCommand(), a.removeContextCommand())
}

// context returns the context of a command; an empty one where there is none.
func (a *app) context(cmd *cobra.Command) (config.Context, error) {
	top := cmd
	for top.HasParent() && top.Parent().HasParent() {
		top = top.Parent()
	}
	switch top.Name() {
	case "dev", "run", "serve":
		if top == cmd && a.flags.context != "" { // below dev are client commands
			return config.Context{}, misused(cmd,
				"`%s` takes no context: it is a deployment, and its settings are flags, variables and %s",
				cmd.CommandPath(), config.File)
		}
		if top == cmd {
			return config.Context{}, nil
		}
	// what is completed is configured by itself
	case "context", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd:
		return config.Context{}, nil
	}
	all, _, err := loadContexts()
	if err != nil {
		return config.Context{}, err
	}
	found, _, err := all.Find(a.flags.context, os.Getenv(config.ContextVariable))
	return found, err
}

// trust gives the token of a context to the server that the context names, and to no other.
func (a *app) trust(c *config.Config, named config.Context) {
	a.credentials.kept = ""
	switch {
	case named.Server == "":
	case c.Server == strings.TrimRight(named.Server, "/"):
		a.credentials.kept = named.Token
	case c.TokenFile == named.TokenFile && os.Getenv("MILLRACE_TOKEN_FILE") == "":
		c.TokenFile = ""
	}
}

func loadContexts() (config.Contexts, string, error) {
	path, err := config.ContextsPath()
	if err != nil {
		return config.Contexts{}, "", err
	}
	all, err := config.LoadContexts(path)
	return all, path, err
}

// changeContexts changes contexts, and shows them all.
func (a *app) changeContexts(change func(*config.Contexts) error) error {
	all, path, err := loadContexts()
	if err != nil {
		return err
	}
	if err := change(&all); err != nil {
		return err
	}
	if err := all.Save(path); err != nil {
		return err
	}
	return a.showContexts(all, all.Names()...)
}

func (a *app) setContextCommand() *cobra.Command {
	var tokenFile string
	var tokenStdin bool
	cmd := &cobra.Command{
		Use: "set NAME", Short: "Make a context, or change what is given of one",
		Long: `Makes a context of --server, --brokers, --prefix and a token: by --token-file, or kept with the context, by --token-stdin or --token. Of a
context that is there what is given changes. A token needs --server, to which alone it is sent.`,
		Example:           "  millrace context set staging --server https://millrace.example --brokers kafka.example:9092 --token-file ~/.staging",
		ValidArgsFunction: a.completeContexts,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.setContext(cmd, args[0], tokenFile, tokenStdin)
		},
	}
	textFlag(cmd.Flags(), &tokenFile, "token-file", "", "file with the token for --server")
	switchFlag(cmd.Flags(), &tokenStdin, "token-stdin", "keep the token that standard input holds")
	return cmd
}

func (a *app) setContext(cmd *cobra.Command, name, tokenFile string, tokenStdin bool) error {
	if err := config.CheckContextName(name); err != nil {
		return misused(cmd, "%w", err)
	}
	all, path, err := loadContexts()
	if err != nil {
		return err
	}
	x, set := all.Contexts[name], cmd.Flags().Changed
	if set("token-file") && tokenStdin || set("token-file") && set("token") || tokenStdin && set("token") {
		return misused(cmd, "one of --token-file, --token-stdin and --token, for a context has one token")
	}
	given := false
	for flag, change := range map[string]func(){
		"server": func() { x.Server = a.config.Server }, "brokers": func() { x.Brokers = a.flags.brokers },
		"prefix":     func() { x.Prefix = a.flags.prefix },
		"token-file": func() { x.TokenFile, x.Token = tokenFile, "" },
		"token":      func() { x.Token, x.TokenFile = strings.TrimSpace(a.credentials.flag), "" },
	} {
		if set(flag) {
			given = true
			change()
		}
	}
	if tokenStdin {
		raw, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 64<<10))
		if err != nil {
			return err
		}
		if x.Token, x.TokenFile, given = strings.TrimSpace(string(raw)), "", true; x.Token == "" {
			return misused(cmd, "--token-stdin: standard input is empty")
		}
	}
	switch {
	case !given:
		return misused(cmd, "what is %q? Give --server, --brokers, --prefix, --token-file or --token-stdin%s", name,
			example(cmd))
	case x.Token+x.TokenFile != "" && x.Server == "":
		return misused(cmd, "a token needs --server, to which alone it is sent")
	}
	all.Contexts[name] = x
	if err := all.Save(path); err != nil {
		return err
	}
	return a.showContexts(all, name)
}

func (a *app) useContextCommand() *cobra.Command {
	return &cobra.Command{
		Use: "use NAME", Short: "Make a context the current one",
		Long: "Makes a context the current one, which client commands take that name no other; \"" +
			config.NoContext + "\" for none. Flags go before\nMILLRACE_* variables, those before the context, and that before ./" + config.File + ".",
		Example:           "  millrace context use staging",
		ValidArgsFunction: a.completeContexts,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.changeContexts(func(all *config.Contexts) error {
				if _, _, err := all.Find(args[0], ""); err != nil {
					return finding{err}
				}
				if all.Current = args[0]; args[0] == config.NoContext {
					all.Current = ""
				}
				return nil
			})
		},
	}
}

func (a *app) listContextsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the contexts, without their tokens",
		RunE: func(*cobra.Command, []string) error {
			all, _, err := loadContexts()
			if err != nil {
				return err
			}
			return a.showContexts(all, all.Names()...)
		},
	}
}

func (a *app) removeContextCommand() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Forget a context and its token",
		Example:           "  millrace context remove staging",
		ValidArgsFunction: a.completeContexts,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.changeContexts(func(all *config.Contexts) error {
				if _, there, err := all.Find(args[0], ""); err != nil || !there {
					return finding{fmt.Errorf("there is no context %q: `millrace context list` shows those that there are", args[0])}
				}
				delete(all.Contexts, args[0])
				if all.Current == args[0] {
					all.Current = ""
				}
				return nil
			})
		},
	}
}

// shownContext is a context without its token.
type shownContext struct {
	Name      string   `json:"name"`
	Current   bool     `json:"current"`
	Server    string   `json:"server"`
	Brokers   []string `json:"brokers"`
	Prefix    string   `json:"prefix"`
	TokenFile string   `json:"token_file"`
	HasToken  bool     `json:"has_token"`
}

func (s shownContext) row() []string {
	current, kept := "", "-"
	if s.Current {
		current = "*"
	}
	switch {
	case s.HasToken:
		kept = "kept"
	case s.TokenFile != "":
		kept = "in " + s.TokenFile
	}
	return []string{current, s.Name, dash(s.Server), dash(strings.Join(s.Brokers, ",")), dash(s.Prefix), kept}
}

func (a *app) showContexts(all config.Contexts, names ...string) error {
	shown, t := []shownContext{}, table{header: []string{"", "name", "server", "brokers", "prefix", "token"}}
	for _, name := range names {
		x := all.Contexts[name]
		s := shownContext{name, name == all.Current, x.Server, append([]string{}, x.Brokers...), x.Prefix, x.TokenFile,
			x.Token != ""}
		shown, t.rows = append(shown, s), append(t.rows, s.row())
	}
	return a.print(shown, func() table { return t })
}

// completeContexts proposes the names of contexts.
func (a *app) completeContexts(_ *cobra.Command, args []string,
	_ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	all, _, err := loadContexts()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []cobra.Completion
	for _, name := range slices.Sorted(slices.Values(all.Names())) {
		names = append(names, cobra.CompletionWithDesc(name, all.Contexts[name].Server))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
