package views

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/contract"
	"github.com/millrace/millrace/views/page"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/serve"
)

// document adds /openapi.json, written once: all operations are known by now.
func (s *Server) document() error {
	api := s.API.OpenAPI()
	schemas := api.Components.Schemas
	schemas.Schema(reflect.TypeFor[problem.Problem](), true, "Problem")
	// huma registers its own error shape with every operation; ours takes its place (problem.Transformer).
	delete(schemas.Map(), "ErrorModel")
	delete(schemas.Map(), "ErrorDetail")
	for _, item := range api.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op != nil {
				s.everywhere(op)
			}
		}
	}
	contract.Finish(schemas.Map())
	asked := askedFor(api)
	openAnswers(api, asked)
	nullsAsked(api, asked)
	body, err := json.Marshal(used(api))
	if err != nil {
		return fmt.Errorf("views: the OpenAPI document: %w", err)
	}
	s.Mux.HandleFunc("GET /openapi.json", page.Fixed("application/json", body))
	return s.topicDocuments()
}

// topicDocuments adds /asyncapi.json and the schemas of the JSON topics.
func (s *Server) topicDocuments() error {
	body, err := contract.AsyncAPI(s.config.Topology, s.config.Version)
	if err != nil {
		return err
	}
	s.Mux.HandleFunc("GET /asyncapi.json", page.Fixed("application/json", body))
	schemas, err := contract.Schemas(s.config.Topology)
	if err != nil {
		return err
	}
	for name, schema := range schemas {
		s.Mux.HandleFunc("GET /schemas/"+name+".json", page.Fixed("application/schema+json", schema))
	}
	return nil
}

// everywhere documents what any request may be answered with: by its head, and by its body where it has one.
func (s *Server) everywhere(op *huma.Operation) {
	statuses := []int{http.StatusBadRequest, http.StatusRequestHeaderFieldsTooLarge, http.StatusInternalServerError}
	if op.RequestBody != nil {
		statuses = append(statuses, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType)
	}
	s.Answers(*op, statuses...)
	for _, p := range op.Parameters {
		contract.Each(p.Schema, contract.SpellOut)
	}
	serve.NotEmpty(op)
	for status, r := range op.Responses {
		if r.Headers == nil {
			r.Headers = map[string]*huma.Param{}
		}
		text := &huma.Schema{Type: huma.TypeString}
		r.Headers[serve.RequestIDHeader] = &huma.Param{Description: "The request's own, or a new one; the log has it",
			Schema: text}
		switch status {
		case "401":
			r.Headers["WWW-Authenticate"] = &huma.Param{Description: "How to authenticate, and what was wrong",
				Schema: text}
		case "429", "503":
			r.Headers["Retry-After"] = &huma.Param{Description: "Seconds", Schema: &huma.Schema{Type: huma.TypeInteger}}
		}
	}
}

// askedFor returns the components of which the bodies of requests are made.
func askedFor(api *huma.OpenAPI) map[string]bool {
	asked := map[string]bool{}
	for _, item := range api.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op != nil && op.RequestBody != nil {
				reach(api, asked, contentOf(op.RequestBody.Content)...)
			}
		}
	}
	return asked
}

// openAnswers lets answers have more fields than are known today: a client that refuses them would break when one is
// added. What requests may have stays closed.
func openAnswers(api *huma.OpenAPI, asked map[string]bool) {
	for name, s := range api.Components.Schemas.Map() {
		if closed, ok := s.AdditionalProperties.(bool); ok && !closed && !asked[name] {
			s.AdditionalProperties = nil
		}
	}
}

// nullsAsked says that a field of a request which may be left out may also be null: all bodies are read that way.
func nullsAsked(api *huma.OpenAPI, asked map[string]bool) {
	for name := range asked {
		s := api.Components.Schemas.Map()[name]
		contract.Each(s, defaultInWords)
		contract.Each(s, nullsWithin)
	}
}

func nullsWithin(s *huma.Schema) {
	for field, p := range s.Properties {
		switch {
		case slices.Contains(s.Required, field) || p.ReadOnly || p.Nullable:
		case p.Ref != "" || p.Type == huma.TypeArray:
			value := *p
			value.Description = ""
			s.Properties[field] = &huma.Schema{AnyOf: []*huma.Schema{&value, {Type: "null"}},
				Description: p.Description}
		case p.Type != "":
			p.Nullable = true
			if len(p.Enum) > 0 {
				p.Enum = append(p.Enum, nil)
			}
		}
	}
}

// defaultInWords says in words what a field of a request is where it is left out. Generators of clients take the
// keyword for a promise that it is there, which answers keep and requests do not.
func defaultInWords(s *huma.Schema) {
	if s.Default != nil {
		s.Description = strings.TrimSpace(fmt.Sprintf("%s Default: %v", s.Description, s.Default))
		s.Default = nil
	}
}

// used returns the document without the components of operations that are not in it.
func used(api *huma.OpenAPI) *huma.OpenAPI {
	used := map[string]bool{}
	for _, item := range api.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op == nil {
				continue
			}
			if op.RequestBody != nil {
				reach(api, used, contentOf(op.RequestBody.Content)...)
			}
			for _, r := range op.Responses {
				reach(api, used, contentOf(r.Content)...)
			}
		}
	}
	components, document := *api.Components, *api
	components.Schemas = huma.NewMapRegistry(serve.ComponentPrefix, schemaName)
	for name := range used {
		components.Schemas.Map()[name] = api.Components.Schemas.Map()[name]
	}
	document.Components = &components
	return &document
}

// schemaName names a schema by its type. Those of the codecs' own forms are told apart from what answers call the same.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if form, ok := strings.CutSuffix(name, "Doc"); ok {
		return form + "Definition"
	}
	return strings.TrimSuffix(name, "JSON")
}

func contentOf(content map[string]*huma.MediaType) (out []*huma.Schema) {
	for _, m := range content {
		out = append(out, m.Schema)
	}
	return out
}

// reach adds the components that schemas refer to, directly or not.
func reach(api *huma.OpenAPI, seen map[string]bool, schemas ...*huma.Schema) {
	for _, s := range schemas {
		contract.Each(s, func(inner *huma.Schema) {
			name, ok := strings.CutPrefix(inner.Ref, serve.ComponentPrefix)
			if ok && !seen[name] {
				seen[name] = true
				reach(api, seen, api.Components.Schemas.Map()[name])
			}
		})
	}
}
