package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
)

func (a *app) auditCommand() *cobra.Command {
	return group(&cobra.Command{Use: "audit", Short: "Who did what as an operator, when and why"}, a.auditListCommand())
}

// shownAudit is what the table shows of a line of the audit.
type shownAudit struct {
	Kind    string  `json:"kind"`
	ID      string  `json:"id"`
	Action  string  `json:"action"`
	Verdict string  `json:"verdict"`
	Actor   string  `json:"actor"`
	At      string  `json:"at"`
	Reason  *string `json:"reason"`
	Reward  *string `json:"reward_id"`
	Proof   struct {
		By     string `json:"by"`
		Issuer string `json:"issuer"`
		Role   string `json:"role"`
	} `json:"proof"`
	Changes  []shownPlace `json:"changes"`
	Problems []shownPlace `json:"problems"`
}

type shownPlace struct {
	Pointer string `json:"pointer"`
}

func (l shownAudit) row() []string {
	why, places := "-", []string{}
	if l.Reason != nil {
		why = *l.Reason
	}
	if l.Reward != nil && len(l.Changes) == 0 {
		places = append(places, "/rewards/"+*l.Reward)
	}
	for _, c := range append(l.Changes, l.Problems...) {
		places = append(places, c.Pointer)
	}
	proof := l.Proof.By
	if l.Proof.Issuer != "" {
		proof += " of " + l.Proof.Issuer + ", role " + l.Proof.Role
	}
	return []string{l.At, l.Kind + "/" + l.ID, l.Action, l.Verdict, l.Actor, dash(proof), why,
		dash(strings.Join(places, " "))}
}

func (a *app) auditListCommand() *cobra.Command {
	var p paging
	var kind, id, by string
	var from, to instant.Milli
	cmd := &cobra.Command{
		Use: "list", Short: "List acts of operators, latest first",
		Long: `Lists who changed what operators define, decided on dead letters, and what support did for users: when, why, and at which places; of what was refused, the places that
are wrong. The column proof says how the actor was proved: by a token of an issuer and the role in it, or not at all, where something other
than the server wrote to Kafka. Nothing is ever taken from the audit but by its retention and by erase-user: --all lists all of it, page by page.`,
		Example: "  millrace audit list --kind mission --id swiggy-500 --all -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if id != "" && kind == "" {
				return misused(cmd, "--id %s needs --kind: an id is unique within its kind only", id)
			}
			if err := checkSpan(from, to); err != nil {
				return misuse{err, cmd}
			}
			c := call{path: "/v1/panel/audit", roles: reads(),
				query: nonEmpty("kind", kind, "id", id, "actor", by, "from", from.String(), "to", to.String())}
			return list(cmd.Context(), a, c, p, []string{"at", "what", "action", "verdict", "by", "proof", "why",
				"places"}, shownAudit.row)
		},
	}
	p.flags(cmd)
	f := cmd.Flags()
	choiceFlag(cmd, &kind, "kind", "", auditedKinds(), "only this kind: ")
	textFlag(f, &id, "id", "", "only this one; needs --kind")
	textFlag(f, &by, "actor", "", "only by this subject")
	timeFlag(f, &from, "from", "only at or after this time, RFC 3339 or a date")
	timeFlag(f, &to, "to", "only before this time, RFC 3339 or a date")
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
	return append(kinds, audit.KindUser, audit.KindDeadLetter)
}
