package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) auditCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "Who changed what operators define, when and why"}
	cmd.AddCommand(a.auditListCommand())
	return cmd
}

// shownAudit is what the table shows of a line of the audit.
type shownAudit struct {
	Kind   string  `json:"kind"`
	ID     string  `json:"id"`
	Action string  `json:"action"`
	Actor  string  `json:"actor"`
	At     string  `json:"at"`
	Reason *string `json:"reason"`
	Proof  struct {
		By     string `json:"by"`
		Issuer string `json:"issuer"`
		Role   string `json:"role"`
	} `json:"proof"`
	Changes []struct {
		Pointer string `json:"pointer"`
	} `json:"changes"`
}

func (l shownAudit) row() []string {
	why, changes := "-", []string{}
	if l.Reason != nil {
		why = *l.Reason
	}
	for _, c := range l.Changes {
		changes = append(changes, c.Pointer)
	}
	proof := l.Proof.By
	if l.Proof.Issuer != "" {
		proof += " of " + l.Proof.Issuer + ", role " + l.Proof.Role
	}
	return []string{l.At, l.Kind + "/" + l.ID, l.Action, l.Actor, dash(proof), why, dash(strings.Join(changes, " "))}
}

func (a *app) auditListCommand() *cobra.Command {
	var p paging
	var kind, id, by, from, to string
	cmd := &cobra.Command{
		Use: "list", Short: "List changes, latest first",
		Long: `Lists who changed what operators define: when, why, and at which places. The column proof says how the actor was proved: by a token of
an issuer and the role in it, or not at all, where something other than the server wrote to Kafka.`,
		Example: "  millrace audit list --kind mission --id swiggy-500 --all -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if id != "" && kind == "" {
				return misused(cmd, "--id %s needs --kind: an id is unique within its kind only", id)
			}
			begin, beginErr := timeOf("--from", from)
			end, endErr := timeOf("--to", to)
			if err := errors.Join(beginErr, endErr); err != nil {
				return misuse{err, cmd}
			}
			c := call{path: "/v1/panel/audit", roles: reads(), query: given("kind", kind, "id", id, "actor", by, "from", begin.String(), "to", end.String())}
			return list(cmd.Context(), a, c, p, []string{"at", "what", "action", "by", "proof", "why", "changes"}, shownAudit.row)
		},
	}
	p.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&kind, "kind", "", "only this kind: "+strings.Join(auditedKinds(), ", "))
	f.StringVar(&id, "id", "", "only this one; needs --kind")
	f.StringVar(&by, "actor", "", "only by this subject")
	f.StringVar(&from, "from", "", "only at or after this time, RFC 3339 or a date")
	f.StringVar(&to, "to", "", "only before this time, RFC 3339 or a date")
	_ = cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(auditedKinds(), cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return cmd
}

// auditedKinds are the kinds of what the audit knows.
func auditedKinds() []string {
	kinds := []string{string(missions().kind)}
	for _, d := range definitions() {
		kinds = append(kinds, string(d.kind))
	}
	for _, d := range decisions() {
		kinds = append(kinds, string(d.kind))
	}
	return kinds
}
