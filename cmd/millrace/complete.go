package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"
)

// completeWithin is how long a shell waits for names that only the server knows.
const completeWithin = 2 * time.Second

// completer proposes the arguments of a command.
type completer = func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective)

// listed proposes, for the first argument, the ids of a list of the server. Where it cannot be asked, there is nothing
// to propose.
func (a *app) listed(c call, id string) completer {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 || a.configure(cmd) != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
		defer cancel()
		var names []cobra.Completion
		_, err := a.eachItem(ctx, c, paging{limit: maxPage}, func(raw json.RawMessage) error {
			var item map[string]json.RawMessage
			var name, about string
			if err := json.Unmarshal(raw, &item); err != nil {
				return err
			}
			if err := json.Unmarshal(item[id], &name); err != nil {
				return err
			}
			for _, field := range []string{"summary", "title", "name", "detail", "state"} {
				if about == "" && item[field] != nil {
					_ = json.Unmarshal(item[field], &about) // it is help, and nothing hangs on it
				}
			}
			names = append(names, cobra.CompletionWithDesc(name, about))
			return nil
		})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

func (a *app) completeMissions(cmd *cobra.Command, args []string,
	text string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return a.listed(call{path: missions().path, roles: reads()}, "id")(cmd, args, text)
}
