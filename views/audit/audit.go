package audit

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/serve"
)

// AuditLine is one act of an operator: who, when, what, why, and what came of it.
type AuditLine struct {
	Kind      string          `json:"kind" example:"mission"`
	ID        string          `json:"id"`
	RewardID  *string         `json:"reward_id" doc:"Of what support did, or was to do, with a reward of the user: which; else null"`
	SpendID   *string         `json:"spend_id" doc:"Of a spend of the user's coins, or its reversal: which; else null"`
	Revision  int64           `json:"revision" doc:"Of the entity, after the act; of a user or a dead letter it counts lines, of a task runs"`
	Action    string          `json:"action" enum:"@audit_action" doc:"What was done, or was to be done"`
	Verdict   string          `json:"verdict" enum:"@verdict"`
	Problems  []problem.Field `json:"problems" nullable:"false" doc:"Of refused: what is wrong"`
	Actor     string          `json:"actor"`
	Proof     AuditProof      `json:"proof"`
	At        instant.Milli   `json:"at" format:"date-time" doc:"Wall time at which it was judged"`
	Reason    *string         `json:"reason" doc:"Why, where it was said"`
	Status    StatusChange    `json:"status"`
	Changes   []AuditChange   `json:"changes" nullable:"false" doc:"What is different, by JSON pointer into the entity"`
	CommandID string          `json:"command_id"`
}

// AuditLog reads the topics of the audit.
type AuditLog interface {
	// Current returns once Indexes.Audit was given every line that was committed before the call.
	Current(ctx context.Context) error
	// Read returns the values of lines by their places, nil for one that is gone.
	Read(ctx context.Context, places []AuditPlace) ([][]byte, error)
}

// AuditPlace is where a line lies.
type AuditPlace struct {
	Topic string
	serve.Place
}

// AuditProof says how the actor was proved.
type AuditProof struct {
	By     string  `json:"by" enum:"@proof" doc:"token: a token that the server has checked; timer: the catalog itself; none: a client of Kafka wrote the command by itself, and the actor is what it says of itself"`
	Issuer *string `json:"issuer" doc:"Of the token"`
	Role   *string `json:"role" enum:"@command_role" doc:"The highest in the token"`
}

func proofOf(p audit.Proof) AuditProof {
	by := string(p.By)
	if p.By == audit.Unproved {
		by = "none"
	}
	return AuditProof{by, serve.Optional(p.Issuer, p.Issuer != ""), serve.Optional(p.Role, p.Role != "")}
}

// StatusChange is the status before and after.
type StatusChange struct {
	Before *string `json:"before" doc:"null: there was nothing"`
	After  *string `json:"after" doc:"null: there is nothing"`
}

// AuditChange is one place that is different.
type AuditChange struct {
	Pointer string `json:"pointer" example:"/goal/target" doc:"Empty: the entity as a whole"`
	Before  any    `json:"before" required:"false" doc:"Absent where there was nothing"`
	After   any    `json:"after" required:"false" doc:"Absent where there is nothing"`

	absent struct{ before, after bool }
}

// MarshalJSON leaves out what there was not.
func (c AuditChange) MarshalJSON() ([]byte, error) {
	fields := map[string]any{"pointer": c.Pointer}
	if !c.absent.before {
		fields["before"] = c.Before
	}
	if !c.absent.after {
		fields["after"] = c.After
	}
	return json.Marshal(fields)
}

// AuditPage is a page of the audit.
type AuditPage struct {
	Items      []AuditLine `json:"items" nullable:"false"`
	NextCursor *string     `json:"next_cursor"`
	AsOf       serve.AsOf  `json:"as_of"`
}

type auditInput struct {
	serve.Fresh
	serve.Page
	Kind  string `query:"kind" enum:"@audit_kind" doc:"Only this kind; user: what support did for users"`
	ID    string `query:"id" maxLength:"512" doc:"Only this entity; needs kind. What is of a mode has the mode as its id, what is of an instrument mode/instrument"`
	Actor string `query:"actor" maxLength:"256" doc:"Only by this subject"`
	From  string `query:"from" maxLength:"64" example:"2026-03-01T10:00:00Z" doc:"Only at or after this time: RFC 3339, or epoch milliseconds"`
	To    string `query:"to" maxLength:"64" example:"2026-03-02T10:00:00Z" doc:"Only before this time, which is after from"`
}

type auditOutput struct{ Body AuditPage }

// Register adds the routes.
func (s *Routes) Register() {
	list := s.Read("list-audit", "/v1/panel/audit", serve.TagPanel,
		"Every act of an operator that was judged, latest first", serve.PanelAccess())
	list.Description = "Changes of what operators define, what they decide on dead letters, and what support does for users, with what came of each. Lines are only ever added, and kept as long as the " +
		"setting `audit.retention` says, 7 years by default; those about a user are erased with the user. A page may be shorter than asked, or empty, and have a next_cursor."
	huma.Register(s.API, list, s.auditList)
}

func (in *auditInput) filter() (f auditFilter, err error) {
	f = auditFilter{kind: in.Kind, id: in.ID, actor: in.Actor}
	if in.ID != "" && in.Kind == "" {
		return f, problem.Invalid("/query/kind", "required", "an id is unique within its kind only")
	}
	for _, bound := range []struct {
		name, text string
		to         *instant.Milli
	}{{"from", in.From, &f.from}, {"to", in.To, &f.to}} {
		if err := bound.to.UnmarshalText([]byte(bound.text)); err != nil {
			return f, problem.Invalid("/query/"+bound.name, "wrong_type", err.Error())
		}
	}
	if in.To != "" && f.to <= f.from {
		return f, problem.Invalid("/query/to", "out_of_range", "must be after from")
	}
	return f, nil
}

func (s *Routes) auditList(ctx context.Context, in *auditInput) (*auditOutput, error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	as, err := s.At(ctx, in.Fresh, s.Sources.Catalog.Whole())
	if err != nil {
		return nil, err
	}
	place := serve.CursorOf("audit", f.kind, f.id, f.actor, f.from.String(), f.to.String())
	after, err := auditAfter(place, in.Cursor)
	if err != nil {
		return nil, err
	}
	if err := s.auditCurrent(ctx, in.MinAsOf != ""); err != nil {
		return nil, err
	}
	places, next := s.Index.page(f, after, in.Limit)
	body := AuditPage{Items: []AuditLine{}}
	if next != nil {
		body.NextCursor = place.Encode(next.text())
	}
	if body.Items, err = s.auditLines(ctx, places); err != nil {
		return nil, err
	}
	newest := instant.Milli(0)
	for i := range body.Items {
		newest = max(newest, body.Items[i].At)
	}
	body.AsOf = as.Stamped(newest)
	return &auditOutput{body}, nil
}

func auditAfter(c serve.Cursor, text string) (*auditMark, error) {
	position, err := c.Decode(text)
	if err != nil || position == "" {
		return nil, err
	}
	m, ok := auditMarkOf(position)
	if !ok {
		return nil, problem.Invalid("/query/cursor", "malformed", "not a next_cursor")
	}
	return &m, nil
}

// auditCurrent waits until the index has what was committed before. Where a transaction stays open the answer is made
// of what there is, unless it must be as new as something else.
func (s *Routes) auditCurrent(ctx context.Context, must bool) error {
	ctx, cancel := context.WithTimeout(ctx, s.Config.Wait)
	defer cancel()
	err := s.Log.Current(ctx)
	if err != nil && (must || !s.Index.isLoaded()) {
		s.Config.Log.WarnContext(ctx, "the audit is not known yet", "request_id", serve.RequestID(ctx), "error", err)
		return serve.Recovering("the audit is being loaded")
	}
	return nil
}

// auditLines reads lines. One that retention or an erasure has taken since it was listed is left out.
func (s *Routes) auditLines(ctx context.Context, places []AuditPlace) ([]AuditLine, error) {
	lines := []AuditLine{}
	if len(places) == 0 {
		return lines, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.Config.Wait)
	defer cancel()
	values, err := s.Log.Read(ctx, places)
	if err != nil {
		s.Config.Log.WarnContext(ctx, "cannot read the audit", "request_id", serve.RequestID(ctx), "error", err)
		return nil, problem.Of(http.StatusServiceUnavailable).With("Retry-After", "1")
	}
	for _, value := range values {
		if value == nil {
			continue
		}
		line, err := s.Config.Topology.Audit.Codec.Decode(value)
		if err != nil {
			continue // the index was told, and reported it
		}
		lines = append(lines, auditLineOf(line))
	}
	return lines, nil
}

func auditLineOf(l *audit.Line) AuditLine {
	line := AuditLine{
		Kind: l.Kind, ID: l.ID, RewardID: serve.Optional(l.RewardID, l.RewardID != ""),
		SpendID: serve.Optional(l.SpendID, l.SpendID != ""), Revision: l.Revision,
		Action: l.Action, Verdict: string(l.Result), Problems: []problem.Field{}, Actor: l.Actor,
		Proof: proofOf(l.Proof), At: l.At,
		Reason:  serve.Optional(l.Reason, l.Reason != ""),
		Status:  StatusChange{serve.Optional(l.From, l.From != ""), serve.Optional(l.To, l.To != "")},
		Changes: []AuditChange{}, CommandID: l.CommandID,
	}
	for _, p := range l.Problems {
		line.Problems = append(line.Problems, problem.Field{Pointer: p.Pointer, Code: p.Code, Detail: p.Detail})
	}
	for _, d := range l.Differences {
		c := AuditChange{Pointer: d.Pointer, Before: json.RawMessage(d.Before), After: json.RawMessage(d.After)}
		c.absent.before, c.absent.after = d.Before == "", d.After == ""
		line.Changes = append(line.Changes, c)
	}
	return line
}
