package views

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	faults "github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/token"
)

// writeAccess is for those who may decide.
func writeAccess() access {
	return access{roles: []token.Role{token.Editor, token.Approver, token.Admin}, class: panelClass}
}

// write describes one operation that changes something.
func (s *Server) write(id, method, path, summary string) huma.Operation {
	op := s.operation(id, method, path, tagPanel, summary)
	op.Description = "The catalog judges it, and the answer has the verdict; without one in time it is 202, and Location says where to look. " +
		"An Idempotency-Key makes it safe to repeat."
	op.Middlewares = huma.Middlewares{s.guard(writeAccess())}
	op.Security = []map[string][]string{{bearerScheme: {}}}
	op.Responses["200"] = &huma.Response{Description: "Done, or there was nothing to do"}
	op.Responses["202"] = &huma.Response{Description: "Accepted, not judged yet: look at Location"}
	op.SkipValidateBody = true // the catalog's own reader does
	op.Responses["409"] = s.problemResponse("The Idempotency-Key was used for something else, or a second person has to approve the mission first (approval_required)")
	s.answers(op, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusPreconditionFailed,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusPreconditionRequired, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	return op
}

// Conditions are the headers of every write.
type Conditions struct {
	Key     string `header:"Idempotency-Key" minLength:"1" maxLength:"256" doc:"The same key again is the same command, with the same verdict; without one a repeat is another"`
	Reason  string `header:"Millrace-Reason" maxLength:"500" doc:"Why, for the audit; UTF-8. Default: the reason in the body, where it has one"`
	IfMatch string `header:"If-Match" maxLength:"256" doc:"The ETag that was read, a list of them, or *; needed to change or withdraw what is there. Where there is nothing it does not hold: 412"`
}

// Content is a write with a body.
type Content struct {
	Conditions
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"application/json"`
}

// Definition is a write that creates something, or changes it.
type Definition struct {
	Content
	IfNoneMatch string `header:"If-None-Match" maxLength:"64" doc:"*: create it only, and change nothing that is there"`
}

// conditions returns both headers as one text.
func (d *Definition) conditions() string {
	if d.IfNoneMatch == "" {
		return d.IfMatch
	}
	return d.IfMatch + " none " + d.IfNoneMatch
}

type writtenOutput struct {
	Status   int
	ETag     string `header:"ETag"`
	Location string `header:"Location" doc:"Where the object is"`
	Body     any
}

// Pending is the answer to a command that has no verdict yet.
type Pending struct {
	Status    string `json:"status" enum:"pending"`
	CommandID string `json:"command_id"`
}

// put makes an entity what the body says. The item is empty where the body names it.
func (c collection) put(ctx context.Context, in *Definition, at item) (*writtenOutput, error) {
	if err := checkJSON(in.ContentType, in.RawBody); err != nil {
		return nil, err
	}
	when, err := in.precondition(in.IfNoneMatch)
	if err != nil {
		return nil, err
	}
	id := commandID(ctx, asked{in.Key, in.conditions(), in.RawBody})
	entity, err := catalogcodec.ParseEntity(c.kind, in.RawBody, c.idFor(at, id), c.server.config.Catalog)
	if err != nil {
		return nil, misread(err, "not well-formed JSON")
	}
	command := catalog.NewPut(id, identity(ctx).Subject, instant.Of(c.server.config.Now()), entity)
	if at.ID != "" && command.EntityID != at.ID {
		return nil, problem.Invalid("/id", "invalid_field", "is not the id of the path")
	}
	if in.Reason != "" {
		command.Reason = in.Reason
	}
	return c.do(ctx, command, when)
}

// idFor returns the id of an entity that has none in its body: the path's, or one made of the command's.
func (c collection) idFor(at item, commandID string) string {
	if at.ID != "" {
		return at.ID
	}
	return c.name[:1] + "-" + commandID[:16]
}

func (c collection) withdraw(ctx context.Context, in Conditions, at item) (*writtenOutput, error) {
	when, err := in.precondition("")
	if err != nil {
		return nil, err
	}
	id := commandID(ctx, asked{in.Key, in.IfMatch, nil})
	command := catalog.NewWithdrawal(id, identity(ctx).Subject, instant.Of(c.server.config.Now()), c.kind, at.key())
	command.Reason = in.Reason
	return c.do(ctx, command, when)
}

// do has a command judged and answers with what came of it.
func (c collection) do(ctx context.Context, command *catalog.Command, when precondition) (*writtenOutput, error) {
	s := c.server
	if _, err := s.at(ctx, Fresh{}, s.sources.catalog.holding(command.Key())); err != nil {
		return nil, err
	}
	row, _, err := rowOf(s, s.sources.catalog, s.config.Topology.Catalog, command.Key())
	if err != nil {
		return nil, err
	}
	if row.Clash(command.ID) || s.config.Indexes.keys.elsewhere(command.ID, command.Key()) {
		return nil, conflict()
	}
	if command.Expected, err = when.expected(row, command); err != nil {
		return nil, err
	}
	if !s.claims.take(command.ID, command.Key(), s.config.Now()) {
		return nil, conflict()
	}
	out := &writtenOutput{Status: http.StatusOK, Location: c.location(command.EntityID)}
	judged, row, err := s.judge(ctx, command)
	switch {
	case errors.Is(err, errPending):
		out.Status, out.Body = http.StatusAccepted, Pending{Status: "pending", CommandID: command.ID}
		return out, nil
	case undecodable(err):
		return nil, err
	case err != nil:
		return nil, s.unsent(ctx, err)
	case judged.Result == verdict.Refused:
		return nil, when.refused(judged)
	}
	out.ETag, out.Body = etag(row.Revision), c.show(row)
	return out, nil
}

// unsent is the answer where a command cannot be handed to the catalog.
func (s *Server) unsent(ctx context.Context, err error) *problem.Problem {
	s.config.Log.ErrorContext(ctx, "a command cannot be sent", "request_id", requestID(ctx), "error", err)
	return problem.New(http.StatusServiceUnavailable, problem.Unavailable, "the command cannot be recorded now").With("Retry-After", "1")
}

// location returns the path of an item. The slashes within the names of a place are escaped in its id.
func (c collection) location(id string) string {
	path := c.path
	for part := range strings.SplitSeq(id, "/") {
		if name, err := url.PathUnescape(part); err == nil {
			part = name
		}
		path += "/" + url.PathEscape(part)
	}
	return path
}

// conflict is the answer to an Idempotency-Key that comes again with something else.
func conflict() *problem.Problem {
	return problem.New(http.StatusConflict, problem.IdempotencyConflict, "the Idempotency-Key was used for something else")
}

// misread turns why a body cannot be read into the answer; detail is for what is no JSON at all.
func misread(err error, detail string) *problem.Problem {
	var found faults.List
	if errors.As(err, &found) {
		return refused(found)
	}
	return problem.Unreadable("", "malformed", detail)
}

// refused turns what the catalog found wrong into the answer: 400 where the body has fields that there are not, which
// is a body of something else, and 422 where it says what cannot be.
func refused(found faults.List) *problem.Problem {
	p := problem.New(http.StatusUnprocessableEntity, problem.InvalidField, "the definition has problems")
	switch found.Code() {
	case faults.PreconditionFailed:
		return problem.New(http.StatusPreconditionFailed, problem.PreconditionFailed, found[0].Detail)
	case faults.NotFound:
		return problem.Of(http.StatusNotFound)
	case faults.Conflict:
		return conflict()
	case faults.PreconditionRequired:
		return problem.New(http.StatusPreconditionRequired, problem.PreconditionRequired, found[0].Detail)
	case faults.ApprovalRequired:
		return problem.New(http.StatusConflict, problem.ApprovalRequired, found[0].Detail)
	case faults.SamePerson:
		return problem.New(http.StatusForbidden, problem.SamePerson, found[0].Detail)
	case faults.Forbidden:
		return problem.New(http.StatusForbidden, problem.Forbidden, found[0].Detail)
	case faults.Decided:
		return problem.New(http.StatusUnprocessableEntity, problem.InvalidField, found[0].Detail)
	case faults.InvalidFilter:
		p = problem.New(http.StatusUnprocessableEntity, problem.InvalidFilter, "the definition has problems")
	}
	for _, f := range found {
		p.Errors = append(p.Errors, problem.Field{Pointer: f.Pointer, Code: f.Code, Detail: f.Detail})
	}
	if found.Has(faults.UnknownField) {
		return p.Unknown()
	}
	return p
}
