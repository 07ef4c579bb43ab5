package serve

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	faults "github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/token"
)

// WriteAccess is for those who may decide.
func WriteAccess() Access {
	return Access{Roles: []token.Role{token.Editor, token.Approver, token.Admin}, Class: PanelClass}
}

// Write describes one operation that changes something.
func (s *Kit) Write(id, method, path, summary string) huma.Operation {
	op := s.Operation(id, method, path, TagPanel, summary)
	op.Description = "The catalog judges it, and the answer has the verdict; without one in time it is 202, and Location says where to look. " +
		"An Idempotency-Key makes it safe to repeat."
	op.Middlewares = huma.Middlewares{s.Guard(WriteAccess())}
	op.Security = []map[string][]string{{BearerScheme: {}}}
	op.Responses["200"] = &huma.Response{Description: "Done, or there was nothing to do"}
	op.Responses["202"] = &huma.Response{Description: "Accepted, not judged yet: look at Location"}
	op.SkipValidateBody = true // the catalog's own reader does
	op.Responses["409"] = s.ProblemResponse("The Idempotency-Key was used for something else, or a second person has to approve the mission first (approval_required)")
	s.Answers(op, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusPreconditionFailed,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusPreconditionRequired,
		http.StatusTooManyRequests, http.StatusServiceUnavailable)
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

// Conditions returns both headers as one text.
func (d *Definition) Conditions() string {
	if d.IfNoneMatch == "" {
		return d.IfMatch
	}
	return d.IfMatch + " none " + d.IfNoneMatch
}

// WrittenOutput is the answer to a write.
type WrittenOutput struct {
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

// Unsent is the answer where a command cannot be handed to the catalog.
func (s *Kit) Unsent(ctx context.Context, err error) *problem.Problem {
	s.Config.Log.ErrorContext(ctx, "a command cannot be sent", "request_id", RequestID(ctx), "error", err)
	return problem.New(http.StatusServiceUnavailable, problem.Unavailable,
		"the command cannot be recorded now").With("Retry-After", "1")
}

// Conflict is the answer to an Idempotency-Key that comes again with something else.
func Conflict() *problem.Problem {
	return problem.New(http.StatusConflict, problem.IdempotencyConflict,
		"the Idempotency-Key was used for something else")
}

// Misread turns why a body cannot be read into the answer; detail is for what is no JSON at all.
func Misread(err error, detail string) *problem.Problem {
	var found faults.List
	if errors.As(err, &found) {
		return Refused(found)
	}
	return problem.Unreadable("", "malformed", detail)
}

// wrongText is of bodies that can be read: definitions, rewards, reasons and others.
const wrongText = "what was sent has problems"

// Unfit is the answer to what cannot be done to what is there; why says what to do instead.
func Unfit(why string) *problem.Problem {
	return problem.New(http.StatusUnprocessableEntity, problem.InvalidState, why)
}

// Refused turns what a group found wrong into the answer: 400 where the body has fields that there are not, which is a
// body of something else, and 422 where it says what cannot be, or asks for what cannot be done to what is there.
func Refused(found faults.List) *problem.Problem {
	p := problem.New(http.StatusUnprocessableEntity, problem.InvalidField, wrongText)
	switch found.Code() {
	case faults.PreconditionFailed:
		return problem.New(http.StatusPreconditionFailed, problem.PreconditionFailed, found[0].Detail)
	case faults.NotFound:
		return problem.Of(http.StatusNotFound)
	case faults.Conflict:
		return Conflict()
	case faults.PreconditionRequired:
		return problem.New(http.StatusPreconditionRequired, problem.PreconditionRequired, found[0].Detail)
	case faults.ApprovalRequired:
		return problem.New(http.StatusConflict, problem.ApprovalRequired, found[0].Detail)
	case faults.InsufficientCoins:
		return problem.New(http.StatusConflict, problem.InsufficientCoins, found[0].Detail)
	case faults.SamePerson:
		return problem.New(http.StatusForbidden, problem.SamePerson, found[0].Detail)
	case faults.Forbidden:
		return problem.New(http.StatusForbidden, problem.Forbidden, found[0].Detail)
	case faults.Decided, faults.InvalidState:
		return Unfit(found[0].Detail)
	case faults.InvalidFilter:
		p = problem.New(http.StatusUnprocessableEntity, problem.InvalidFilter, wrongText)
	}
	for _, f := range found {
		p.Errors = append(p.Errors, problem.Field{Pointer: f.Pointer, Code: f.Code, Detail: f.Detail})
	}
	if found.Has(faults.UnknownField) {
		return p.Unknown()
	}
	return p
}

// Unavailable says that brokers do not take what was sent.
func Unavailable(detail string) *problem.Problem {
	return problem.New(http.StatusServiceUnavailable, problem.Unavailable, detail).With("Retry-After", "1")
}

// Unreadable turns the error of a body into the answer.
func Unreadable(err error) *problem.Problem {
	return Misread(err, "not one object of well-formed JSON")
}
