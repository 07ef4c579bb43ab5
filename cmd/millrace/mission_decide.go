package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/views/token"
)

// approves are the roles of those who approve what others wrote.
func approves() []token.Role { return []token.Role{token.Approver, token.Admin} }

// decision is one of approve and reject.
type decision struct {
	op       catalog.Op
	reason   string
	revision int64
}

func (a *app) approveMissionCommand() *cobra.Command {
	cmd := a.approvalCommand(&decision{op: catalog.Approve}, "Approve a mission that somebody else wrote")
	cmd.Example = "  millrace mission approve diwali-cash --revision 3\n  millrace mission list --approval waiting"
	cmd.Long = `A mission that can give more than the thresholds of the configuration (approval.*) becomes active, and a change of it comes into force, once
a second person has approved it: somebody with role approver or admin who has not changed its definition since the last approval. The approval is of
the definition as it is; any later change needs another one.

On standard error it prints what is approved. --revision makes sure that it is what you have looked at.`
	return cmd
}

func (a *app) rejectMissionCommand() *cobra.Command {
	cmd := a.approvalCommand(&decision{op: catalog.Reject},
		"Reject a mission, or a change of one, that waits for its approval")
	cmd.Example = "  millrace mission reject diwali-cash --reason unbudgeted"
	cmd.Long = `A change that waits is dropped, and the version before it stays in force. The approval of a mission that was never active is taken back. Who wrote
what waits can take it back with role editor; everybody else needs approver or admin.`
	required(cmd, "reason")
	return cmd
}

func (a *app) approvalCommand(d *decision, short string) *cobra.Command {
	cmd := &cobra.Command{
		Use: string(d.op) + " ID", Short: short,
		ValidArgsFunction: a.listed(call{path: missions().path, roles: reads(),
			query: nonEmpty("approval", string(catalog.ApprovalWaiting))}, "id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("revision") && d.revision < 1 {
				return errors.New("--revision: revisions count from 1; `millrace mission get ID -o yaml` shows the mission's")
			}
			return a.decide(cmd.Context(), args[0], d)
		},
	}
	textFlag(cmd.Flags(), &d.reason, "reason", "", "why, for the author and the audit")
	wholeFlag(cmd.Flags(), &d.revision, "revision", 0, "the revision that you have looked at (default: as it is now)")
	return cmd
}

// decide sends a yes or no to what the mission is now, or was at the revision that was given.
func (a *app) decide(ctx context.Context, id string, d *decision) error {
	read := missions().of(http.MethodGet, id)
	read.roles = approves()
	out, err := a.call(ctx, read)
	if err != nil {
		return err
	}
	var m shownMission
	if err := read.read(out, &m); err != nil {
		return err
	}
	match := out.etag
	if d.revision > 0 {
		match = fmt.Sprintf("%q", fmt.Sprint(d.revision))
	} else {
		fmt.Fprintln(a.errs, m.waits())
	}
	c := missions().of(http.MethodPost, id)
	c.path, c.reason, c.body = c.path+"/"+string(d.op), d.reason, map[string]any{}
	result, err := a.judgeAs(ctx, c, approves(), id, match)
	if err != nil {
		return err
	}
	return a.printJudged([]judged{result})
}

// approvalShown is what the command line shows of an approval.
type approvalShown struct {
	State    string `json:"state"`
	Why      string `json:"why"`
	Proposal *struct {
		Definition shownTerm `json:"definition"`
		Summary    string    `json:"summary"`
	} `json:"proposal"`
}

// word adds to a status what the mission waits for.
func (s approvalShown) word() string {
	switch {
	case s.Proposal != nil:
		return ", a change waits for approval"
	case s.State == string(catalog.ApprovalWaiting):
		return ", waits for approval"
	case s.State == string(catalog.ApprovalRejected):
		return ", rejected"
	default:
		return ""
	}
}

// note tells the author what to do; nothing where nothing waits.
func (s approvalShown) note(id string) []string {
	switch {
	case s.Proposal != nil:
		return []string{fmt.Sprintf("the change waits, and the version before it stays in force, until somebody else approves it: millrace mission approve %s", id)}
	case s.State == string(catalog.ApprovalWaiting), s.State == string(catalog.ApprovalRejected):
		return []string{fmt.Sprintf("it cannot become active before somebody else approves it: millrace mission approve %s", id)}
	default:
		return nil
	}
}

// waits returns what there is to approve, in a sentence.
func (m shownMission) waits() string {
	asked, summary := m.shownTerm, m.Summary
	if p := m.Approval.Proposal; p != nil {
		asked, summary = p.Definition, p.Summary
	}
	out := fmt.Sprintf("%s, revision %d: %s. Its window: %s.", m.ID, m.Revision, summary, asked.term())
	if m.Approval.Why != "" {
		out += " It needs an approval: " + m.Approval.Why + "."
	}
	return out
}
