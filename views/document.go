package views

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
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
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	s.mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, r *http.Request) {
		page.Serve(w, r, "application/json", tag, body)
	})
	return nil
}
