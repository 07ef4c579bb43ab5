package views

import (
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/views/problem"
)

// AuditLine is one change of one entity: who, when, what, why.
type AuditLine struct {
	Kind      string        `json:"kind" example:"mission"`
	ID        string        `json:"id"`
	Revision  int64         `json:"revision" doc:"Of the entity, after the change"`
	Action    string        `json:"action" enum:"created,status,changed,withdrawn,archived,codes_added,proposed,approved,rejected"`
	Actor     string        `json:"actor"`
	Proof     AuditProof    `json:"proof"`
	At        instant.Milli `json:"at" format:"date-time"`
	Reason    *string       `json:"reason" doc:"Why, where it was said"`
	Status    StatusChange  `json:"status"`
	Changes   []AuditChange `json:"changes" nullable:"false" doc:"What is different, by JSON pointer into the entity"`
	CommandID string        `json:"command_id"`
}

// AuditProof says how the actor was proved.
type AuditProof struct {
	By     string  `json:"by" enum:"token,timer,none" doc:"token: a token that the server has checked; timer: the catalog itself; none: a client of Kafka wrote the command by itself, and the actor is what it says of itself"`
	Issuer *string `json:"issuer" doc:"Of the token"`
	Role   *string `json:"role" enum:"editor,approver,admin" doc:"The highest in the token"`
}

func proofOf(p catalog.Proof) AuditProof {
	by := string(p.By)
	if p.By == catalog.Unproved {
		by = "none"
	}
	return AuditProof{by, optional(p.Issuer, p.Issuer != ""), optional(p.Role, p.Role != "")}
}

// StatusChange is the status before and after.
type StatusChange struct {
	Before *string `json:"before" doc:"null: it was created"`
	After  string  `json:"after"`
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
	AsOf       AsOf        `json:"as_of"`
}

type auditInput struct {
	Fresh
	Page
	Kind  string `query:"kind" enum:"mission,brand,ad,pool,reward-template,override,maintenance,freeze,health-setting" doc:"Only this kind"`
	ID    string `query:"id" maxLength:"512" doc:"Only this entity; needs kind. What is of a mode has the mode as its id, what is of an instrument mode/instrument"`
	Actor string `query:"actor" maxLength:"256" doc:"Only by this subject"`
	From  string `query:"from" maxLength:"64" format:"date-time" doc:"Only at or after this time"`
	To    string `query:"to" maxLength:"64" format:"date-time" doc:"Only before this time"`
}

type auditOutput struct{ Body AuditPage }

func (s *Server) audit() {
	list := s.read("list-audit", "/v1/panel/audit", tagPanel, "Every change of what operators define, latest first", panelAccess())
	list.Description = "The last 256 changes of each entity are kept here; the topics of the catalog have all of the last 90 days."
	huma.Register(s.api, list, s.auditList)
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
	return f, nil
}

func (s *Server) auditList(ctx context.Context, in *auditInput) (*auditOutput, error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	as, err := s.at(ctx, in.Fresh, s.sources.catalog.whole())
	if err != nil {
		return nil, err
	}
	place := cursorOf("audit", f.kind, f.id, f.actor, f.from.String(), f.to.String())
	after, err := place.decode(in.Cursor)
	if err != nil {
		return nil, err
	}
	page, next := s.config.Indexes.audit.page(f, after, in.Limit)
	body := AuditPage{Items: []AuditLine{}}
	if next != "" {
		body.NextCursor = place.encode(next)
	}
	rows, newest := map[string]*catalog.Row{}, instant.Milli(0)
	for _, l := range page {
		line, ok, err := s.auditLine(rows, l)
		if err != nil {
			return nil, err
		}
		if ok {
			newest = max(newest, line.At)
			body.Items = append(body.Items, line)
		}
	}
	body.AsOf = as.stamped(newest)
	return &auditOutput{body}, nil
}

// auditLine reads a line from its row, which is decoded once for a page. A row that has changed since may have dropped the line.
func (s *Server) auditLine(rows map[string]*catalog.Row, l foundLine) (AuditLine, bool, error) {
	row, seen := rows[l.key]
	if !seen {
		var err error
		if row, _, err = rowOf(s, s.sources.catalog, s.config.Topology.Catalog, l.key); err != nil && !undecodable(err) {
			return AuditLine{}, false, err
		}
		rows[l.key] = row
	}
	if row == nil {
		return AuditLine{}, false, nil
	}
	for i := range row.Audit {
		if row.Audit[i].Revision == l.revision {
			return auditLineOf(row, &row.Audit[i]), true, nil
		}
	}
	return AuditLine{}, false, nil
}

func auditLineOf(row *catalog.Row, a *catalog.Audit) AuditLine {
	line := AuditLine{
		Kind: string(row.Kind), ID: row.EntityID, Revision: a.Revision, Action: a.Action, Actor: a.Actor, Proof: proofOf(a.Proof), At: a.At,
		Reason: optional(a.Reason, a.Reason != ""), Status: StatusChange{optional(a.From, a.From != ""), a.To},
		Changes: []AuditChange{}, CommandID: a.CommandID,
	}
	for _, d := range a.Differences {
		c := AuditChange{Pointer: d.Pointer, Before: json.RawMessage(d.Before), After: json.RawMessage(d.After)}
		c.absent.before, c.absent.after = d.Before == "", d.After == ""
		line.Changes = append(line.Changes, c)
	}
	return line
}
