package views

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/millrace/millrace/views/page"
	"github.com/millrace/millrace/views/problem"
)

// document adds /openapi.json, written once: all operations are known by now.
func (s *Server) document() error {
	schemas := s.api.OpenAPI().Components.Schemas
	schemas.Schema(reflect.TypeFor[problem.Problem](), true, "Problem")
	// huma registers its own error shape with every operation; ours takes its place (problem.Transformer).
	delete(schemas.Map(), "ErrorModel")
	delete(schemas.Map(), "ErrorDetail")
	body, err := json.Marshal(s.api.OpenAPI())
	if err != nil {
		return fmt.Errorf("views: the OpenAPI document: %w", err)
	}
	s.mux.HandleFunc("GET /openapi.json", page.Fixed("application/json", body))
	return nil
}
