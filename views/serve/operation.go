package serve

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/problem"
)

// The tags under which the document groups operations.
const (
	TagUsers  = "Users"
	TagHealth = "Health"
	TagPanel  = "Panel"
	TagServer = "Server"
)

// Read describes one GET operation behind a guard.
func (s *Kit) Read(id, path, tag, summary string, a Access) huma.Operation {
	op := s.Operation(id, http.MethodGet, path, tag, summary)
	op.Middlewares = huma.Middlewares{s.Guard(a)}
	op.Security = []map[string][]string{{BearerScheme: {}}}
	if a.open {
		op.Security = append(op.Security, map[string][]string{})
	}
	s.Answers(op, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	return op
}

// Operation describes one operation, without a guard.
func (s *Kit) Operation(id, method, path, tag, summary string) huma.Operation {
	op := huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{tag}, MaxBodyBytes: MaxBodyBytes,
		Responses: map[string]*huma.Response{},
	}
	op.Responses["default"] = s.ProblemResponse("Any other error")
	return op
}

// Answers documents the problems that an operation answers with.
func (s *Kit) Answers(op huma.Operation, statuses ...int) {
	for _, status := range statuses {
		op.Responses[strconv.Itoa(status)] = s.ProblemResponse(problem.Of(status).Title)
	}
}

// ProblemResponse describes an answer that is a problem.
func (s *Kit) ProblemResponse(description string) *huma.Response {
	return &huma.Response{
		Description: description,
		Content: map[string]*huma.MediaType{
			problem.ContentType: {Schema: &huma.Schema{Ref: ComponentPrefix + "Problem"}},
		},
	}
}

// Registered returns an operation as the document has it, once huma.Register has been called with it.
func (s *Kit) Registered(op huma.Operation) *huma.Operation {
	item := s.API.OpenAPI().Paths[op.Path]
	switch op.Method {
	case http.MethodPost:
		return item.Post
	case http.MethodPut:
		return item.Put
	case http.MethodDelete:
		return item.Delete
	default:
		return item.Get
	}
}

// Reads documents the body of an operation that is read by a codec, and of which huma sees bytes alone.
func (s *Kit) Reads(op huma.Operation, body reflect.Type) {
	schema := s.API.OpenAPI().Components.Schemas.Schema(body, true, "")
	s.Registered(op).RequestBody.Content = map[string]*huma.MediaType{"application/json": {Schema: schema}}
}

// Written documents a write: its body, nil for one that has none, and what it answers with.
func (s *Kit) Written(op huma.Operation, body, answer reflect.Type) {
	if body != nil {
		s.Reads(op, body)
	}
	s.Answered(op, answer)
	pending := s.API.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Pending](), true, "")
	op.Responses["202"].Content = map[string]*huma.MediaType{"application/json": {Schema: pending}}
}

// Answered documents what a 200 holds, where the handler's own type does not say.
func (s *Kit) Answered(op huma.Operation, t reflect.Type) {
	schema := s.API.OpenAPI().Components.Schemas.Schema(t, true, "")
	if op.Responses["200"] == nil {
		op.Responses["200"] = &huma.Response{Description: "OK"}
	}
	op.Responses["200"].Content = map[string]*huma.MediaType{"application/json": {Schema: schema}}
}

// ComponentPrefix is where the document has its schemas.
const ComponentPrefix = "#/components/schemas/"
