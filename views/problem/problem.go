// Package problem is the one shape of every error that the HTTP API answers with: RFC 9457 problem details with a
// stable code (docs/contract.md#problems). No value that a client sent is ever put into one: only where it was and what
// is wrong.
package problem

import (
	"net/http"
	"strings"
)

// ContentType is the media type of a problem.
const ContentType = "application/problem+json"

const typeBase = "https://millrace.dev/problems/"

// Code is a stable, machine-readable name of a kind of problem.
type Code string

// The codes.
const (
	NotFound        Code = "not_found"
	Unauthenticated Code = "unauthenticated"
	Forbidden       Code = "forbidden"
	InvalidFilter   Code = "invalid_filter"
	InvalidField    Code = "invalid_field"
	// InvalidState is of what cannot be done to what is there, however it is asked for.
	InvalidState Code = "invalid_state"
	TooLarge     Code = "too_large"
	RateLimited  Code = "rate_limited"
	Recovering   Code = "recovering"
	BadRequest   Code = "bad_request"

	PreconditionRequired Code = "precondition_required"
	PreconditionFailed   Code = "precondition_failed"
	IdempotencyConflict  Code = "idempotency_conflict"

	// ApprovalRequired is of what a second person has to approve first, SamePerson of an approval by somebody who wrote
	// it.
	ApprovalRequired Code = "approval_required"
	SamePerson       Code = "same_person"

	// InsufficientCoins is of a spend of more coins than the user has.
	InsufficientCoins Code = "insufficient_coins"

	MethodNotAllowed Code = "method_not_allowed"
	NotAcceptable    Code = "not_acceptable"
	UnsupportedMedia Code = "unsupported_media_type"
	Timeout          Code = "timeout"
	Unavailable      Code = "unavailable"
	Internal         Code = "internal"
)

// codes returns every code, in the order of the contract.
func codes() []Code {
	return []Code{
		NotFound, Unauthenticated, Forbidden, InvalidFilter, InvalidField, InvalidState, TooLarge, RateLimited,
		Recovering, BadRequest,
		PreconditionRequired, PreconditionFailed, IdempotencyConflict, ApprovalRequired, SamePerson,
		InsufficientCoins, MethodNotAllowed, NotAcceptable, UnsupportedMedia, Timeout, Unavailable, Internal,
	}
}

// Field says what is wrong with one field of the request.
type Field struct {
	Pointer string `json:"pointer" doc:"JSON pointer into the body, or /query/name, /path/name, /header/name" example:"/filters/0/values"`
	Code    string `json:"code" doc:"Stable code of what is wrong" example:"wrong_type"`
	Detail  string `json:"detail" doc:"For people"`
}

// Problem is a problem document. It is an error, so that handlers return it.
type Problem struct {
	Type      string  `json:"type" format:"uri" doc:"Identifies the kind of problem" example:"https://millrace.dev/problems/not-found"`
	Title     string  `json:"title" doc:"Summary of the kind of problem"`
	Status    int     `json:"status" doc:"HTTP status"`
	Detail    string  `json:"detail" doc:"What happened here, for people"`
	Code      Code    `json:"code" doc:"Stable code" example:"not_found"`
	Errors    []Field `json:"errors,omitempty" nullable:"false" doc:"What is wrong with which field"`
	RequestID string  `json:"request_id" doc:"The X-Request-Id of the answer"`

	headers http.Header
}

// New returns a problem of the status with the code's own type and title.
func New(status int, code Code, detail string) *Problem {
	return &Problem{
		Type: typeBase + strings.ReplaceAll(string(code), "_", "-"), Title: title(code), Status: status, Detail: detail,
		Code: code,
	}
}

// Missing is the answer for what does not exist, or may not be known to exist.
func Missing(what string) *Problem {
	return New(http.StatusNotFound, NotFound, "no such "+what)
}

// Invalid is the answer for one wrong field.
func Invalid(pointer, code, detail string) *Problem {
	p := New(http.StatusUnprocessableEntity, InvalidField, "the request has an invalid field")
	p.Errors = []Field{{Pointer: pointer, Code: code, Detail: detail}}
	return p
}

// Unreadable is the answer for a field that cannot be made sense of.
func Unreadable(pointer, code, detail string) *Problem {
	p := New(http.StatusBadRequest, BadRequest, "the request has a field that cannot be read")
	p.Errors = []Field{{Pointer: pointer, Code: code, Detail: detail}}
	return p
}

// Unknown returns p as the answer to fields that do not exist here: the request was written for something else than
// this API.
func (p *Problem) Unknown() *Problem {
	next := New(http.StatusBadRequest, InvalidField, "the request has fields that do not exist here")
	next.Errors = p.Errors
	return next
}

// With returns p with one more response header.
func (p *Problem) With(header, value string) *Problem {
	next := *p
	next.headers = p.headers.Clone()
	if next.headers == nil {
		next.headers = http.Header{}
	}
	next.headers.Set(header, value)
	return &next
}

// For returns p as the answer to the request with the given id.
func (p *Problem) For(requestID string) *Problem {
	next := *p
	next.RequestID = requestID
	return &next
}

// Error implements error.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return ContentType }

func title(code Code) string {
	switch code {
	case NotFound:
		return "Not found"
	case Unauthenticated:
		return "A valid token is needed"
	case Forbidden:
		return "The token's roles do not allow this"
	case InvalidFilter:
		return "A filter is invalid"
	case InvalidField:
		return "A field is invalid"
	case InvalidState:
		return "What is there does not allow it"
	case TooLarge:
		return "The request is too large"
	case RateLimited:
		return "Too many requests"
	case Recovering:
		return "The data is not there yet"
	case PreconditionRequired:
		return "A precondition is needed"
	case PreconditionFailed:
		return "The precondition does not hold"
	case IdempotencyConflict:
		return "The key was used for something else"
	case ApprovalRequired:
		return "A second person has to approve it first"
	case SamePerson:
		return "Somebody else has to approve it"
	case InsufficientCoins:
		return "The user has fewer coins"
	case BadRequest:
		return "The request cannot be read"
	case MethodNotAllowed:
		return "Method not allowed"
	case NotAcceptable:
		return "Not acceptable"
	case UnsupportedMedia:
		return "Unsupported media type"
	case Timeout:
		return "The request took too long"
	case Unavailable:
		return "Unavailable"
	case Internal:
		return "Internal error"
	default:
		return "Problem"
	}
}
