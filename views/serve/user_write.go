package serve

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

// UserWrite describes one operation that changes something of one user.
func (s *Kit) UserWrite(id, method, path, tag, summary string, a Access) huma.Operation {
	op := s.Operation(id, method, path, tag, summary)
	op.Description = "The answer has what became of it; without a verdict within 5 s it is 202, and Location says where to look. An Idempotency-Key makes it safe to " +
		"repeat: among the last 16 commands for the user the same key has the same verdict."
	op.Middlewares = huma.Middlewares{s.Guard(a)}
	op.Security = []map[string][]string{{BearerScheme: {}}}
	op.Responses["200"] = &huma.Response{Description: "Done, or there was nothing to do"}
	op.Responses["202"] = &huma.Response{Description: "Accepted, not judged yet: look at Location"}
	op.Responses["409"] = s.ProblemResponse("The Idempotency-Key was used for something else")
	op.SkipValidateBody = true
	s.Answers(op, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusUnprocessableEntity,
		http.StatusTooManyRequests, http.StatusServiceUnavailable)
	return op
}

// UserCommand is a command for one user whose verdict will stand in the user's row of a table.
type UserCommand[R any] struct {
	ID, User string
	Table    *source
	Group    stream.Group[R]
	Watchers *watchers
	Verdicts func(R) verdict.List
	Send     func(context.Context) error
	// Location is where the object is; shown makes the body out of the row with the verdict.
	Location string
	Shown    func(R) (any, error)
}

// Obey has a command judged and answers with what came of it.
func Obey[R any](ctx context.Context, s *Kit, c UserCommand[R]) (*UserWrittenOutput, error) {
	if _, err := s.At(ctx, Fresh{}, c.Table.Holding(c.User)); err != nil {
		return nil, err
	}
	var row R
	find := func() (v verdict.Verdict, ok bool, err error) {
		if row, _, err = RowOf(s, c.Table, c.Group, c.User); err == nil {
			v, ok = c.Verdicts(row).Find(c.ID)
		}
		return v, ok, err
	}
	if _, _, err := find(); err != nil {
		return nil, err
	}
	if c.Verdicts(row).Clash(c.ID) { // the owner of the row would say so, too
		return nil, Conflict()
	}
	out := &UserWrittenOutput{Status: http.StatusOK, Location: c.Location}
	v, err := Await(ctx, s, Inquiry[verdict.Verdict]{c.Watchers, c.User, find, c.Send})
	switch {
	case errors.Is(err, ErrPending):
		out.Status, out.Body = http.StatusAccepted, Pending{Status: "pending", CommandID: c.ID}
		return out, nil
	case err != nil && Undecodable(err):
		return nil, err
	case err != nil:
		s.Config.Log.ErrorContext(ctx, "a command cannot be sent", "request_id", RequestID(ctx), "error", err)
		return nil, Unavailable("the command cannot be recorded now")
	case v.Result == verdict.Refused:
		return nil, Refused(v.Problems)
	}
	out.Body, err = c.Shown(row)
	return out, err
}

// UserWrittenOutput is the answer to a command of a user.
type UserWrittenOutput struct {
	Status   int
	Location string `header:"Location" doc:"Where the object is"`
	Body     any
}

// Key is the header of every write for a user.
type Key struct {
	Key string `header:"Idempotency-Key" minLength:"1" maxLength:"256" doc:"The same key again is the same command, with the same verdict; without one a repeat is another"`
}

// PanelUser checks the {id} of a panel route on a user; whether that user exists only their payments say.
func PanelUser(id string) (string, error) {
	if err := checkUser(id); err != nil {
		return "", err
	}
	if id == myself {
		return "", problem.New(http.StatusUnprocessableEntity, problem.InvalidField,
			"me stands for the subject of the token, which the panel's routes do not serve: name the user")
	}
	return id, nil
}

// checkUser refuses ids that no user has. A control character stands between a user and what else is kept of them, so
// such an id would reach a row that is no user's.
func checkUser(id string) error {
	if len(id) > payment.TextLimit || strings.TrimSpace(id) != id || strings.IndexFunc(id, unicode.IsControl) >= 0 {
		return problem.Missing("user")
	}
	return nil
}

// RoleOf returns the highest role in which somebody may give a command.
func RoleOf(ctx context.Context) string {
	for _, r := range audit.Roles() {
		if Identity(ctx).Has(token.Role(r)) {
			return r
		}
	}
	return ""
}

// UserPath returns the path of something of a user's.
func UserPath(user string, parts ...string) string {
	path := "/v1/users/" + url.PathEscape(user)
	for _, p := range parts {
		path += "/" + url.PathEscape(p)
	}
	return path
}
