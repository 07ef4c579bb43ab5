package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/deadletter"
)

func (a *app) deadLettersCommand() *cobra.Command {
	return group(&cobra.Command{Use: "deadletters",
		Short: "Records that could not be used: look at them, send them again, discard them"}, a.listLettersCommand(),
		a.showLetterCommand(), a.replayLetterCommand(), a.discardLetterCommand(),
		a.purgeLetterCommand())
}

// shownLetter is what the table shows of a dead letter.
type shownLetter struct {
	ID        string  `json:"id"`
	Reason    string  `json:"reason"`
	Detail    string  `json:"detail"`
	Group     string  `json:"group"`
	At        string  `json:"at"`
	State     string  `json:"state"`
	Topic     string  `json:"topic"`
	Partition int32   `json:"partition"`
	Offset    int64   `json:"offset"`
	Raw       *string `json:"raw_base64,omitempty"`
	Truncated bool    `json:"truncated"`
	ReplayOf  *string `json:"replay_of"`
	Decision  *struct {
		Action string  `json:"action"`
		Actor  string  `json:"actor"`
		Role   string  `json:"role"`
		At     string  `json:"at"`
		Reason *string `json:"reason"`
		Edited bool    `json:"edited"`
	} `json:"decision"`
}

// source names where the record was; records of one keep their order.
func (l shownLetter) source() string { return fmt.Sprintf("%s-%d", l.Topic, l.Partition) }

// letterTable shows dead letters, and below each what was decided on it.
func letterTable(letters []shownLetter) table {
	t := table{header: letterHeader()}
	for _, l := range letters {
		t.rows = append(t.rows, l.row())
		if l.ReplayOf != nil {
			t.rows = append(t.rows, []string{"", "", "replay of", *l.ReplayOf, "", ""})
		}
		if d := l.Decision; d != nil {
			why := "-"
			if d.Reason != nil {
				why = *d.Reason
			}
			if d.Edited {
				why += " (edited)"
			}
			t.rows = append(t.rows, []string{"", "", d.Action, why, d.Actor, d.At})
		}
	}
	return t
}

func letterHeader() []string { return []string{"id", "state", "reason", "detail", "group", "at"} }

func (l shownLetter) row() []string {
	return []string{l.ID, l.State, l.Reason, dash(l.Detail), l.Group, l.At}
}

func letterCall(id string) call {
	return call{
		method: http.MethodGet, path: lettersPath + path(id), roles: reads(), what: fmt.Sprintf("dead letter %q", id),
		list: "millrace deadletters list",
	}
}

const lettersPath = "/v1/panel/dead-letters"

func (a *app) listLettersCommand() *cobra.Command {
	var p paging
	var reason, group, state string
	cmd := a.watchable(&cobra.Command{
		Use: "list", Short: "List dead letters, newest first",
		Example: "  millrace deadletters list --reason malformed --all -o json",
	}, func(ctx context.Context, _ []string) error {
		return list(ctx, a, call{path: lettersPath, roles: reads(),
			query: nonEmpty("reason", reason, "group", group, "state", state)}, p, letterHeader(), shownLetter.row)
	})
	p.flags(cmd)
	textFlag(cmd.Flags(), &reason, "reason", "", "only this reason, such as malformed")
	textFlag(cmd.Flags(), &group, "group", "", "only of this group")
	choiceFlag(cmd, &state, "state", "", deadletter.States(), "only those that are ")
	return cmd
}

func (a *app) showLetterCommand() *cobra.Command {
	var raw bool
	cmd := &cobra.Command{
		Use: "show ID", Aliases: []string{"get"}, Short: "Show a dead letter with its bytes",
		Long:              "Shows why a record could not be used, and its bytes. --raw writes nothing but the bytes, to be edited and sent again.",
		Example:           "  millrace deadletters show payments-3-42",
		ValidArgsFunction: a.listed(call{path: lettersPath, roles: reads()}, "id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if raw {
				return a.letterBytes(cmd.Context(), args[0])
			}
			return show(cmd.Context(), a, letterCall(args[0]), func(l shownLetter) table {
				t := letterTable([]shownLetter{l})
				text := "(retention has taken them)"
				if l.Raw != nil {
					if b, err := base64.StdEncoding.DecodeString(*l.Raw); err == nil {
						text = fmt.Sprintf("%q", b)
					}
				}
				t.rows = append(t.rows, []string{"", "", "bytes", text, "", ""})
				return t
			})
		},
	}
	switchFlag(cmd.Flags(), &raw, "raw", "write the record's bytes as they are")
	return cmd
}

// letterBytes writes the bytes of a dead letter's record.
func (a *app) letterBytes(ctx context.Context, id string) error {
	out, err := a.call(ctx, letterCall(id))
	if err != nil {
		return err
	}
	var l struct {
		Raw       *[]byte `json:"raw_base64"`
		Truncated bool    `json:"truncated"`
	}
	if err := json.Unmarshal(out.body, &l); err != nil {
		return err
	}
	switch {
	case l.Raw == nil:
		return finding{fmt.Errorf("the bytes of dead letter %q are gone: the retention of the topic dead-letters has taken them", id)}
	case l.Truncated:
		fmt.Fprintf(a.errs, "The record was too large for the topic of dead letters: this is its beginning.\n")
	}
	_, err = a.out.Write(*l.Raw)
	return err
}
