package views

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/problem"
)

// The tags under which the document groups operations.
const (
	tagUsers  = "Users"
	tagHealth = "Health"
	tagPanel  = "Panel"
	tagServer = "Server"
)

// read describes one GET operation behind a guard.
func (s *kit) read(id, path, tag, summary string, a access) huma.Operation {
	op := s.operation(id, http.MethodGet, path, tag, summary)
	op.Middlewares = huma.Middlewares{s.guard(a)}
	op.Security = []map[string][]string{{bearerScheme: {}}}
	if a.open {
		op.Security = append(op.Security, map[string][]string{})
	}
	s.answers(op, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	return op
}

func (s *kit) operation(id, method, path, tag, summary string) huma.Operation {
	op := huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{tag}, MaxBodyBytes: maxBodyBytes,
		Responses: map[string]*huma.Response{},
	}
	op.Responses["default"] = s.problemResponse("Any other error")
	return op
}

// answers documents the problems that an operation answers with.
func (s *kit) answers(op huma.Operation, statuses ...int) {
	for _, status := range statuses {
		op.Responses[strconv.Itoa(status)] = s.problemResponse(problem.Of(status).Title)
	}
}

func (s *kit) problemResponse(description string) *huma.Response {
	return &huma.Response{
		Description: description,
		Content: map[string]*huma.MediaType{
			problem.ContentType: {Schema: &huma.Schema{Ref: componentPrefix + "Problem"}},
		},
	}
}

// registered returns an operation as the document has it, once huma.Register has been called with it.
func (s *kit) registered(op huma.Operation) *huma.Operation {
	item := s.api.OpenAPI().Paths[op.Path]
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

// reads documents the body of an operation that is read by a codec, and of which huma sees bytes alone.
func (s *kit) reads(op huma.Operation, body reflect.Type) {
	schema := s.api.OpenAPI().Components.Schemas.Schema(body, true, "")
	s.registered(op).RequestBody.Content = map[string]*huma.MediaType{"application/json": {Schema: schema}}
}

// written documents a write: its body, nil for one that has none, and what it answers with.
func (s *kit) written(op huma.Operation, body, answer reflect.Type) {
	if body != nil {
		s.reads(op, body)
	}
	s.answered(op, answer)
	pending := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Pending](), true, "")
	op.Responses["202"].Content = map[string]*huma.MediaType{"application/json": {Schema: pending}}
}

// answered documents what a 200 holds, where the handler's own type does not say.
func (s *kit) answered(op huma.Operation, t reflect.Type) {
	schema := s.api.OpenAPI().Components.Schemas.Schema(t, true, "")
	if op.Responses["200"] == nil {
		op.Responses["200"] = &huma.Response{Description: "OK"}
	}
	op.Responses["200"].Content = map[string]*huma.MediaType{"application/json": {Schema: schema}}
}

// componentPrefix is where the document has its schemas.
const componentPrefix = "#/components/schemas/"
