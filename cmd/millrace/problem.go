package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/views/token"
)

// samePerson is the code of an approval by somebody who wrote what is to be approved.
const samePerson = "same_person"

// problemError is an answer of the server that is a problem, as RFC 9457 has it.
type problemError struct {
	status int
	code   string
	text   string       // what failed, on what, and what to do
	errors problem.List // in what was sent
}

func (p *problemError) Error() string { return p.text }

// problem turns an answer into the error of a command. What a person can act on by asking for something else is a
// finding: there is no such thing, it has changed, or it is refused.
func (a *app) problem(c call, resp *http.Response, raw []byte) error {
	var body struct {
		Code, Detail, Title string
		Errors              []problem.Problem
	}
	known := json.Unmarshal(raw, &body) == nil && body.Code != ""
	p := &problemError{status: resp.StatusCode, code: body.Code, errors: body.Errors}
	what := c.what
	if what == "" {
		what = c.method + " " + c.path
	}
	text := body.Detail
	if text == "" {
		text = body.Title
	}
	for _, e := range body.Errors {
		text += "\n"
		if e.Pointer != "" { // else it is about the whole
			text += e.Pointer + ": "
		}
		text += e.Detail
	}
	switch {
	case !known:
		p.text = fmt.Sprintf("%s %s answered %s to %s, and not as Millrace does: --server must name a running `millrace serve` or `millrace dev`",
			a.config.Server, redirected(resp), resp.Status, what)
		return p
	case p.status == http.StatusUnauthorized:
		p.text = fmt.Sprintf("%s does not accept the token (401 %s): it is expired, or of another issuer. Give another one by MILLRACE_TOKEN, token_file or --token", a.config.Server, p.code)
	case p.status == http.StatusForbidden && p.code == samePerson:
		p.text = fmt.Sprintf("%s: %s (403 %s): give the token of somebody else by MILLRACE_TOKEN, token_file or --token", what, text, p.code)
		return finding{p}
	case p.status == http.StatusForbidden:
		p.text = fmt.Sprintf("%s: the token lacks a role (403 %s): it needs %s", what, p.code, rolesText(c.roles))
	case p.status == http.StatusNotFound && c.what != "":
		p.text = fmt.Sprintf("there is no %s (%d %s)", what, p.status, p.code)
		if c.list != "" {
			p.text += ": `" + c.list + "` shows those that there are"
		}
	default:
		p.text = fmt.Sprintf("%s: %d %s %s", what, p.status, p.code, text)
	}
	switch p.status {
	case http.StatusNotFound:
		if c.what != "" {
			return finding{p}
		}
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity:
		if c.verdict {
			return finding{p}
		}
	}
	return p
}

func redirected(resp *http.Response) string {
	if to := resp.Header.Get("Location"); to != "" {
		return "(which points to " + to + ")"
	}
	return ""
}

func rolesText(roles []token.Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, " or ")
}

// isMissing tells whether the server has no such thing.
func isMissing(err error) bool {
	var p *problemError
	return errors.As(err, &p) && p.status == http.StatusNotFound
}
