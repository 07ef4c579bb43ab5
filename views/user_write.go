package views

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/token"
)

// userWrite describes one operation that changes something of one user.
func (s *kit) userWrite(id, method, path, tag, summary string, a access) huma.Operation {
	op := s.operation(id, method, path, tag, summary)
	op.Description = "The answer has what became of it; without a verdict within 5 s it is 202, and Location says where to look. An Idempotency-Key makes it safe to " +
		"repeat: among the last 16 commands for the user the same key has the same verdict."
	op.Middlewares = huma.Middlewares{s.guard(a)}
	op.Security = []map[string][]string{{bearerScheme: {}}}
	op.Responses["200"] = &huma.Response{Description: "Done, or there was nothing to do"}
	op.Responses["202"] = &huma.Response{Description: "Accepted, not judged yet: look at Location"}
	op.Responses["409"] = s.problemResponse("The Idempotency-Key was used for something else")
	op.SkipValidateBody = true
	s.answers(op, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity,
		http.StatusTooManyRequests, http.StatusServiceUnavailable)
	return op
}

// userCommand is a command for one user whose verdict will stand in the user's row of a table.
type userCommand[R any] struct {
	id, user string
	table    *source
	group    stream.Group[R]
	watchers *watchers
	verdicts func(R) verdict.List
	send     func(context.Context) error
	// location is where the object is; shown makes the body out of the row with the verdict.
	location string
	shown    func(R) (any, error)
}

// obey has a command judged and answers with what came of it.
func obey[R any](ctx context.Context, s *kit, c userCommand[R]) (*userWrittenOutput, error) {
	if _, err := s.at(ctx, Fresh{}, c.table.holding(c.user)); err != nil {
		return nil, err
	}
	var row R
	find := func() (v verdict.Verdict, ok bool, err error) {
		if row, _, err = rowOf(s, c.table, c.group, c.user); err == nil {
			v, ok = c.verdicts(row).Find(c.id)
		}
		return v, ok, err
	}
	if _, _, err := find(); err != nil {
		return nil, err
	}
	if c.verdicts(row).Clash(c.id) { // the owner of the row would say so, too
		return nil, conflict()
	}
	out := &userWrittenOutput{Status: http.StatusOK, Location: c.location}
	v, err := await(ctx, s, inquiry[verdict.Verdict]{c.watchers, c.user, find, c.send})
	switch {
	case errors.Is(err, errPending):
		out.Status, out.Body = http.StatusAccepted, Pending{Status: "pending", CommandID: c.id}
		return out, nil
	case err != nil && undecodable(err):
		return nil, err
	case err != nil:
		s.config.Log.ErrorContext(ctx, "a command cannot be sent", "request_id", requestID(ctx), "error", err)
		return nil, unavailable("the command cannot be recorded now")
	case v.Result == verdict.Refused:
		return nil, refused(v.Problems)
	}
	out.Body, err = c.shown(row)
	return out, err
}

type userWrittenOutput struct {
	Status   int
	Location string `header:"Location" doc:"Where the object is"`
	Body     any
}

// Key is the header of every write for a user.
type Key struct {
	Key string `header:"Idempotency-Key" minLength:"1" maxLength:"256" doc:"The same key again is the same command, with the same verdict; without one a repeat is another"`
}

// panelUser checks the {id} of a panel route on a user; whether that user exists only their payments say.
func panelUser(id string) (string, error) {
	if len(id) > payment.TextLimit || strings.TrimSpace(id) != id || strings.IndexFunc(id, unicode.IsControl) >= 0 {
		return "", problem.Missing("user")
	}
	if id == myself {
		return "", problem.New(http.StatusUnprocessableEntity, problem.InvalidField, "me stands for the subject of the token, which the panel's routes do not serve: name the user")
	}
	return id, nil
}

// roleOf returns the highest role in which somebody may give a command.
func roleOf(ctx context.Context) string {
	for _, r := range audit.Roles() {
		if identity(ctx).Has(token.Role(r)) {
			return r
		}
	}
	return ""
}

// userPath returns the path of something of a user's.
func userPath(user string, parts ...string) string {
	path := "/v1/users/" + url.PathEscape(user)
	for _, p := range parts {
		path += "/" + url.PathEscape(p)
	}
	return path
}
