package audit

import (
	"encoding/json"
	"fmt"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
)

type auditLineDoc struct {
	CommandID string           `json:"command_id" doc:"Of the command: a repeat of one has no line of its own"`
	Kind      string           `json:"kind" enum:"@audit_kind"`
	ID        string           `json:"id" doc:"Of the entity, the dead letter, or the user for whom support or a service acted"`
	RewardID  string           `json:"reward_id,omitempty" doc:"Of what support did, or was to do, with a reward of the user: which"`
	SpendID   string           `json:"spend_id,omitempty" doc:"Of a spend of the user's coins, or its reversal: which"`
	Revision  int64            `json:"revision" doc:"Of the entity, after the act; of a dead letter it counts lines, of a user the lines of each group, of a task runs"`
	Action    string           `json:"action" enum:"@audit_action" doc:"What was done, or was to be done"`
	Verdict   string           `json:"verdict" enum:"@verdict"`
	Problems  []doc.Problem    `json:"problems" doc:"Of refused: what is wrong"`
	Actor     string           `json:"actor" doc:"Who asked for it"`
	Proof     auditProofDoc    `json:"proof" doc:"How the actor was proved"`
	At        instant.Milli    `json:"at" format:"date-time" doc:"Wall time at which it was judged"`
	Reason    string           `json:"reason" doc:"Why, as the actor says; empty where nothing was said"`
	From      string           `json:"status_before" doc:"Of the entity; empty where there was none"`
	To        string           `json:"status_after" doc:"Of the entity; empty where there is none"`
	Changes   []auditChangeDoc `json:"changes" doc:"What is different"`
}

type auditProofDoc struct {
	By     string `json:"by" enum:"@proof" doc:"token: one that the server has checked; timer: the catalog itself; none: a client of Kafka wrote the command by itself"`
	Issuer string `json:"issuer,omitempty" doc:"Of the token"`
	Role   string `json:"role,omitempty" enum:"@command_role" doc:"The highest in the token"`
}

type auditChangeDoc struct {
	Pointer string          `json:"pointer" doc:"JSON pointer into the entity; empty: all of it"`
	Before  json.RawMessage `json:"before,omitempty" doc:"Any JSON; absent where there was nothing"`
	After   json.RawMessage `json:"after,omitempty" doc:"Any JSON; absent where there is nothing"`
}

// Line is the codec of `audit` and `audit-users`: JSON, for others to read.
type Line struct{}

// Encode returns l as JSON; it never fails.
func (Line) Encode(l *audit.Line) ([]byte, error) {
	d := auditLineDoc{
		CommandID: l.CommandID, Kind: l.Kind, ID: l.ID, RewardID: l.RewardID, SpendID: l.SpendID,
		Revision: l.Revision, Action: l.Action, Verdict: string(l.Result), Problems: doc.Problems(l.Problems),
		Actor: l.Actor, Proof: auditProofDoc{string(l.Proof.By), l.Proof.Issuer, l.Proof.Role}, At: l.At,
		Reason: l.Reason, From: l.From, To: l.To,
		Changes: make([]auditChangeDoc, len(l.Differences)),
	}
	if l.Proof.By == audit.Unproved {
		d.Proof.By = NoProof
	}
	for i, c := range l.Differences {
		d.Changes[i] = auditChangeDoc{c.Pointer, json.RawMessage(c.Before), json.RawMessage(c.After)}
	}
	return doc.MustJSON(d), nil
}

// Decode reads what Encode wrote; unknown fields are skipped.
func (Line) Decode(b []byte) (*audit.Line, error) {
	var d auditLineDoc
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, fmt.Errorf("line of the audit: %w", err)
	}
	l := &audit.Line{
		CommandID: d.CommandID, Kind: d.Kind, ID: d.ID, RewardID: d.RewardID, SpendID: d.SpendID,
		Revision: d.Revision, Action: d.Action, Result: verdict.Result(d.Verdict), Actor: d.Actor,
		Proof: audit.Proof{By: audit.ProofBy(d.Proof.By), Issuer: d.Proof.Issuer, Role: d.Proof.Role}, At: d.At,
		Reason: d.Reason, From: d.From, To: d.To,
	}
	if d.Proof.By == NoProof {
		l.Proof.By = audit.Unproved
	}
	for _, p := range d.Problems {
		l.Problems = append(l.Problems, problem.Problem{Pointer: p.Pointer, Code: p.Code, Detail: p.Detail})
	}
	for _, c := range d.Changes {
		l.Differences = append(l.Differences, audit.Difference{Pointer: c.Pointer, Before: string(c.Before),
			After: string(c.After)})
	}
	return l, nil
}

// Head is what lists of lines are ordered by and cut down to, beside the key.
type Head struct {
	Actor string        `json:"actor"`
	At    instant.Milli `json:"at"`
}

// ReadHead reads it of what AuditLine wrote, without the rest.
func ReadHead(b []byte) (h Head, err error) {
	if err = json.Unmarshal(b, &h); err != nil {
		err = fmt.Errorf("line of the audit: %w", err)
	}
	return h, err
}

// Forms returns the one that there is.
func (Line) Forms() []doc.Form { return []doc.Form{doc.FormOf[auditLineDoc]()} }
