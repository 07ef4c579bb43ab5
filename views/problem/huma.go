package problem

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Transformer gives every error that huma itself makes our shape, and every problem the id of its request. It works on
// one API, where replacing huma.NewError would work on the whole program. What went wrong inside goes to failed, with
// the messages that the client does not get.
func Transformer(requestID func(huma.Context) string, failed func(ctx huma.Context, detail string)) huma.Transformer {
	return func(ctx huma.Context, _ string, v any) (any, error) {
		switch v := v.(type) {
		case *Problem:
			return v.For(requestID(ctx)), nil
		case *huma.ErrorModel:
			if v.Status >= http.StatusInternalServerError {
				failed(ctx, messages(v))
			}
			return fromModel(v).For(requestID(ctx)), nil
		default:
			return v, nil
		}
	}
}

// Schema implements huma.SchemaProvider.
func (Code) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Description: "Stable code"}
	for _, c := range codes() {
		s.Enum = append(s.Enum, string(c))
	}
	return s
}

const unknownField = "unknown_field"

// noBody is what huma says where a body is missing.
const noBody = "request body is required"

func messages(m *huma.ErrorModel) string {
	all := []string{m.Detail}
	for _, d := range m.Errors {
		if d != nil {
			all = append(all, d.Message)
		}
	}
	return strings.Join(all, ": ")
}

// Of returns the problem for a bare HTTP status, as the router gives.
func Of(status int) *Problem {
	switch status {
	case http.StatusBadRequest:
		return New(status, BadRequest, "the request cannot be read")
	case http.StatusUnauthorized:
		return New(status, Unauthenticated, "a valid bearer token is needed")
	case http.StatusForbidden:
		return New(status, Forbidden, "the token's roles do not allow this")
	case http.StatusNotFound:
		return New(status, NotFound, "no such resource")
	case http.StatusMethodNotAllowed:
		return New(status, MethodNotAllowed, "the resource has no such method; see the Allow header")
	case http.StatusNotAcceptable:
		return New(status, NotAcceptable, "answers are application/json")
	case http.StatusRequestTimeout:
		return New(status, Timeout, "the request body came too slowly")
	case http.StatusRequestEntityTooLarge:
		return New(status, TooLarge, "the request body is too large")
	case http.StatusUnsupportedMediaType:
		return New(status, UnsupportedMedia, "request bodies are application/json")
	case http.StatusPreconditionFailed:
		return New(status, PreconditionFailed, "it has changed since it was read")
	case http.StatusPreconditionRequired:
		return New(status, PreconditionRequired, "If-Match is needed")
	case http.StatusUnprocessableEntity:
		return New(status, InvalidField, "the request has invalid fields")
	case http.StatusTooManyRequests:
		return New(status, RateLimited, "too many requests: wait as long as Retry-After says")
	case http.StatusRequestHeaderFieldsTooLarge:
		return New(status, TooLarge, "the head of the request is too large: at most 100 header fields, 64 KiB with the path")
	case http.StatusServiceUnavailable:
		return New(status, Unavailable, "try again later")
	default:
		if status >= http.StatusBadRequest && status < http.StatusInternalServerError {
			return New(status, BadRequest, "the request cannot be answered")
		}
		return New(status, Internal, "the request failed inside; the log has the reason under the request id")
	}
}

// fromModel keeps huma's status, and of its details the place and a code: its messages and values may echo the request.
func fromModel(m *huma.ErrorModel) *Problem {
	p := Of(m.Status)
	if m.Detail == noBody {
		p.Detail = "the request has no body: send what the operation needs"
	}
	if m.Status >= http.StatusInternalServerError {
		return p
	}
	for _, d := range m.Errors {
		if d != nil {
			p.Errors = append(p.Errors, field(d))
		}
	}
	return p
}

func field(d *huma.ErrorDetail) Field {
	f := Field{Pointer: pointer(d.Location)}
	switch msg := d.Message; {
	case strings.HasPrefix(msg, "required "), strings.HasPrefix(msg, "expected required "):
		f.Code, f.Detail = "required", "a required value is missing"
	case strings.HasPrefix(msg, "unexpected property"), strings.HasPrefix(msg, "unknown query"):
		f.Code, f.Detail = unknownField, "is not a known field"
	case strings.HasPrefix(msg, "invalid integer"), strings.HasPrefix(msg, "invalid float"),
		strings.HasPrefix(msg, "invalid boolean"),
		msg == "expected integer", msg == "expected number", msg == "expected boolean", msg == "expected string",
		msg == "expected object", msg == "expected array":
		f.Code, f.Detail = "wrong_type", msg
	case strings.HasPrefix(msg, "expected number"), strings.HasPrefix(msg, "expected length"),
		strings.HasPrefix(msg, "expected array length"):
		f.Code, f.Detail = "out_of_range", msg
	case strings.HasPrefix(msg, "expected value to be one of"):
		f.Code, f.Detail = "unknown_value", msg
	case d.Location == "" || d.Location == "body":
		f.Code, f.Detail = "malformed", "not well-formed JSON"
	default:
		f.Code, f.Detail = "invalid", "the value is not valid here"
	}
	return f
}

// pointer turns huma's `query.limit` and `body.filters[0].values` into `/query/limit` and `/filters/0/values`.
func pointer(location string) string {
	p := strings.NewReplacer("~", "~0", "/", "~1", ".", "/", "[", "/", "]", "").Replace(location)
	if p == "body" {
		return ""
	}
	return "/" + strings.TrimPrefix(p, "body/")
}
