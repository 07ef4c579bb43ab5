package views

import (
	"net/http"
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
func (s *Server) read(id, path, tag, summary string, a access) huma.Operation {
	op := s.operation(id, http.MethodGet, path, tag, summary)
	op.Middlewares = huma.Middlewares{s.guard(a)}
	op.Security = []map[string][]string{{bearerScheme: {}}}
	if a.open {
		op.Security = append(op.Security, map[string][]string{})
	}
	s.answers(op, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	return op
}

func (s *Server) operation(id, method, path, tag, summary string) huma.Operation {
	op := huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{tag}, MaxBodyBytes: maxBodyBytes,
		Responses: map[string]*huma.Response{},
	}
	op.Responses["default"] = s.problemResponse("Any other error")
	return op
}

// answers documents the problems that an operation answers with.
func (s *Server) answers(op huma.Operation, statuses ...int) {
	for _, status := range statuses {
		op.Responses[strconv.Itoa(status)] = s.problemResponse(problem.Of(status).Title)
	}
}

func (s *Server) problemResponse(description string) *huma.Response {
	return &huma.Response{
		Description: description,
		Content: map[string]*huma.MediaType{
			problem.ContentType: {Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}},
		},
	}
}
