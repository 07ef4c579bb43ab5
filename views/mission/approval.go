package mission

import (
	"cmp"
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/codecs/doc"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	catalogviews "github.com/millrace/millrace/views/catalog"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// MissionApproval says whether a mission needs the approval of a second person, and where that stands.
type MissionApproval struct {
	State    string            `json:"state" enum:"@approval" doc:"waiting: it cannot become active, or its proposal cannot be in force, before somebody approves it"`
	Why      *string           `json:"why" doc:"Why it needs an approval, in a sentence; null where it needs none"`
	Costs    []MissionCost     `json:"costs" nullable:"false" doc:"The most that the mission can give in all, with its proposal, by unit"`
	Authors  []string          `json:"authors" nullable:"false" doc:"Who wrote what there is to approve since the last approval: they cannot approve it"`
	Approved *ApprovalDecision `json:"approved,omitempty" doc:"The approval of the latest version, exactly as it is"`
	Rejected *ApprovalDecision `json:"rejected,omitempty" doc:"The newest rejection, until the definition changes"`
	Proposal *MissionProposal  `json:"proposal,omitempty" doc:"A changed definition that waits; the versions before it are in force meanwhile"`
}

// MissionCost is the most that a mission can give in one unit.
type MissionCost struct {
	Unit      string `json:"unit" example:"INR" doc:"coins, or a currency: minor units"`
	Most      *int64 `json:"most" doc:"null: nothing bounds it, or the amount of a reward is not given"`
	Threshold *int64 `json:"threshold" doc:"More needs an approval; null: nothing does"`
}

// ApprovalDecision is one person's yes or no.
type ApprovalDecision struct {
	Actor    string        `json:"actor"`
	At       instant.Milli `json:"at" format:"date-time"`
	Reason   *string       `json:"reason"`
	Revision int64         `json:"revision" doc:"Of the mission, as the actor had seen it"`
}

// MissionProposal is a definition that waits for its approval.
type MissionProposal struct {
	Definition  MissionDefinition `json:"definition"`
	Summary     string            `json:"summary" doc:"A plain sentence"`
	CreatedAt   instant.Milli     `json:"created_at" format:"date-time"`
	InForceFrom *instant.Milli    `json:"in_force_from" format:"date-time" doc:"null: as soon as it is approved; so is a time that is over by then"`
	Backdated   bool              `json:"backdated"`
}

// MissionDefinition is a definition without what the catalog knows of it.
type MissionDefinition struct{ json []byte }

// MarshalJSON implements json.Marshaler.
func (d MissionDefinition) MarshalJSON() ([]byte, error) { return d.json, nil }

// TransformSchema implements huma.SchemaTransformer.
func (MissionDefinition) TransformSchema(r huma.Registry, _ *huma.Schema) *huma.Schema {
	return huma.SchemaFromType(r, missioncodec.Form())
}

// approvalOf returns the public form of a review.
func approvalOf(r *catalog.Review, t catalog.Thresholds) *MissionApproval {
	out := &MissionApproval{
		State: string(r.State(t)), Costs: []MissionCost{}, Authors: append([]string{}, r.Writers()...),
		Approved: decisionOf(r.Approved), Rejected: decisionOf(r.Rejected),
	}
	why := r.Why(t)
	out.Why = serve.Optional(why, why != "")
	for _, c := range r.Costs {
		limit := t.Of(c.Unit)
		out.Costs = append(out.Costs, MissionCost{c.Unit, serve.Optional(c.Most, !c.Unlimited),
			serve.Optional(limit, limit != catalog.NoThreshold)})
	}
	if p := r.Proposal; p != nil {
		out.Proposal = &MissionProposal{
			MissionDefinition{missioncodec.JSON(&p.Mission)}, mission.Sentence(&p.Mission), p.At,
			serve.Optional(p.From, p.From != 0), p.Backdated,
		}
	}
	return out
}

func decisionOf(d *catalog.Decision) *ApprovalDecision {
	if d == nil {
		return nil
	}
	return &ApprovalDecision{d.Actor, d.At, serve.Optional(d.Reason, d.Reason != ""), d.Revision}
}

// approveAccess is for those who may approve.
func approveAccess() serve.Access {
	return serve.Access{Roles: []token.Role{token.Approver, token.Admin}, Class: serve.PanelClass}
}

// approvals adds the routes of those who approve what others wrote.
func (s *Routes) approvals(c catalogviews.Collection) {
	c.Body = reflect.TypeFor[doc.DecisionBody]()
	for _, d := range []struct {
		op      catalog.Op
		summary string
		access  serve.Access
		more    string
	}{
		{
			catalog.Approve, "Approve a mission that somebody else wrote", approveAccess(),
			"Whoever changed the definition since its last approval gets 403 same_person, in every role. A proposal becomes the next version. If-Match must be the ETag that was seen, not *.",
		},
		{
			catalog.Reject, "Reject a mission that waits for its approval, or take the approval back",
			serve.WriteAccess(),
			"Takes back the approval of a mission that was never active, or drops a proposal. Editors can take back what they wrote themselves. If-Match must be the ETag that was seen, not *.",
		},
	} {
		op := s.Write(string(d.op)+"-mission", http.MethodPost, c.Path+"/{id}/"+string(d.op), d.summary)
		op.Description = d.more + " " + op.Description
		op.Middlewares = huma.Middlewares{s.Guard(d.access)}
		catalogviews.RegisterWrite(c, op, func(ctx context.Context, in *struct {
			serve.Content
			catalogviews.ItemID
		}) (*serve.WrittenOutput, error) {
			return decide(ctx, c, &in.Content, d.op, in.ID)
		})
		s.Registered(op).RequestBody.Required = false
	}
}

// decide hands on a yes or no. The catalog checks the revision that was seen.
func decide(ctx context.Context, c catalogviews.Collection, in *serve.Content, op catalog.Op,
	missionID string) (*serve.WrittenOutput, error) {
	if err := serve.CheckOptional(in.ContentType, in.RawBody); err != nil {
		return nil, err
	}
	reason, err := doc.ParseReason(in.RawBody)
	if err != nil {
		return nil, serve.Misread(err, "not well-formed JSON")
	}
	when, err := in.Precondition("")
	if err != nil {
		return nil, err
	}
	id := serve.CommandID(ctx, serve.Asked{Key: in.Key, Match: in.IfMatch, Content: in.RawBody})
	command := catalog.NewDecision(id, serve.Identity(ctx).Subject, instant.Of(c.Server.Config.Now()), op, missionID, 0)
	command.Reason = cmp.Or(in.Reason, reason)
	return c.Do(ctx, command, when)
}
