package views

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/contract"
	"github.com/millrace/millrace/views/token"
)

// bodies walks the JSON bodies that requests have, as the document describes them.
type bodies struct {
	*fixture
	t      *testing.T
	bearer string
	names  []string // of every field in the document
	checks int
}

// jsonBodies calls check with every operation whose body is JSON with a closed set of fields. Events keep fields that
// they do not know, so they are left out.
func (f *fixture) jsonBodies(check func(method, path string, body *huma.Schema)) {
	f.operations(func(method, path string, op *huma.Operation) {
		if op.RequestBody != nil && op.RequestBody.Content["application/json"] != nil && path != "/v1/events" {
			check(method, path, op.RequestBody.Content["application/json"].Schema)
		}
	})
}

// TestBodiesAreReadAsDocumented compares the document with the decoders, at every depth of every body: a field of the
// schema is read, and a field that is read is in the schema.
func TestBodiesAreReadAsDocumented(t *testing.T) {
	f := newFixture(t, simulated)
	f.fillAll()
	b := &bodies{fixture: f, t: t, bearer: f.token("usr_1", token.User, token.Admin, token.Service)}
	names := map[string]bool{"zq": true}
	for _, s := range f.server.API.OpenAPI().Components.Schemas.Map() {
		contract.Each(s, func(s *huma.Schema) {
			for name := range s.Properties {
				names[name] = true
			}
		})
	}
	b.names = slices.Sorted(maps.Keys(names))
	f.jsonBodies(func(method, path string, body *huma.Schema) {
		b.object(method, path, "", body, func(v any) any { return v }, nil)
	})
	if b.checks < 300 {
		t.Errorf("only %d fields were tried", b.checks)
	}
}

// object checks one object of a body, and those within. place is its JSON pointer; around makes a body of a value
// there.
func (b *bodies) object(method, path, place string, s *huma.Schema, around func(any) any, above []string) {
	s, above = b.resolved(s, above)
	switch {
	case s == nil:
		return
	case s.Type == huma.TypeArray:
		b.object(method, path, place+"/0", s.Items, func(v any) any { return around([]any{v}) }, above)
		return
	case len(s.Properties) == 0:
		return
	}
	others := map[string]any{}
	for _, name := range b.names {
		if s.Properties[name] == nil {
			others[name] = 1
		}
	}
	found := b.problems(method, path, around(others))
	for name := range others {
		b.checks++
		if found[place+"/"+name] != "unknown_field" {
			b.t.Errorf("%s %s reads %s/%s, which is not in the document", method, path, place, name)
		}
	}
	left := map[string]any{}
	for name := range s.Properties {
		if !slices.Contains(s.Required, name) {
			left[name] = nil
		}
	}
	found = b.problems(method, path, around(left))
	for name := range left {
		if found[place+"/"+name] == "wrong_type" {
			b.t.Errorf("%s %s: %s/%s may be left out, and may not be null", method, path, place, name)
		}
	}
	for name, p := range s.Properties {
		b.checks++
		at := place + "/" + name
		found := b.problems(method, path, around(map[string]any{name: b.unfit(p)}))
		read := found[at] != "" && found[at] != "unknown_field"
		for pointer := range found {
			read = read || strings.HasPrefix(pointer, at+"/")
		}
		switch {
		case p.ReadOnly && found[at] == "unknown_field":
			b.t.Errorf("%s %s: %s is read only, and cannot be sent back", method, path, at)
		case !p.ReadOnly && !read:
			b.t.Errorf("%s %s: %s is in the document, and not read: %v", method, path, at, found)
		case !p.ReadOnly:
			b.object(method, path, at, p, func(v any) any { return around(map[string]any{name: v}) }, above)
		}
	}
}

// resolved follows references, and leaves null out. It returns nil for what was met above.
func (b *bodies) resolved(s *huma.Schema, above []string) (*huma.Schema, []string) {
	for s != nil {
		switch {
		case s.Ref != "" && slices.Contains(above, s.Ref):
			return nil, above
		case s.Ref != "":
			above = append(slices.Clone(above), s.Ref)
			s = b.server.API.OpenAPI().Components.Schemas.SchemaFromRef(s.Ref)
		case len(s.AnyOf) > 0:
			s = s.AnyOf[0]
		default:
			return s, above
		}
	}
	return nil, above
}

// unfit returns a value that is of no type that a field may have.
func (b *bodies) unfit(p *huma.Schema) any {
	if s, _ := b.resolved(p, nil); s != nil && (s.Type == huma.TypeArray || s.Type == huma.TypeObject) {
		return 7
	}
	return map[string]any{"zq": 1}
}

// problems sends a body, which is refused, and returns the codes of what is wrong, by pointer.
func (b *bodies) problems(method, path string, body any) map[string]string {
	b.t.Helper()
	sent, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	w := b.ask(method, target(path), b.bearer, withBody(string(sent)), b.withConditions(method, path))
	var answer struct {
		Errors []struct{ Pointer, Code string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		b.t.Fatal(err)
	}
	if w.Code >= http.StatusInternalServerError {
		b.t.Errorf("%s %s %s: %d %s", method, path, sent, w.Code, w.Body)
	}
	found := map[string]string{}
	for _, e := range answer.Errors {
		found[e.Pointer] = e.Code
	}
	return found
}

// TestMediaTypesSayWhatBodiesAre: no body of JSON is shown as bytes, and bytes are shown only where they are meant.
func TestMediaTypesSayWhatBodiesAre(t *testing.T) {
	f := newFixture(t, simulated)
	media := 0
	check := func(what string, content map[string]*huma.MediaType) {
		for kind, m := range content {
			media++
			s := m.Schema
			if s != nil && s.Ref != "" {
				s = f.server.API.OpenAPI().Components.Schemas.SchemaFromRef(s.Ref)
			}
			switch {
			case s == nil:
				t.Errorf("%s: %s has no schema", what, kind)
			case strings.HasSuffix(kind, "json"):
				if object := len(s.Properties) > 0 || len(s.OneOf) > 0; !object || s.Format == "binary" {
					t.Errorf("%s: %s is described as %s %s, and is an object", what, kind, s.Type, s.Format)
				}
			case kind != "text/csv" && kind != "text/event-stream":
				t.Errorf("%s is described as %s", what, kind)
			}
		}
	}
	f.operations(func(method, path string, op *huma.Operation) {
		what := method + " " + path
		if op.RequestBody != nil {
			check(what, op.RequestBody.Content)
		}
		for status, r := range op.Responses {
			check(what+" "+status, r.Content)
		}
	})
	if media < 200 {
		t.Errorf("only %d media types", media)
	}
	var topics struct {
		Components struct {
			Messages map[string]struct{ ContentType string }
		}
	}
	if err := json.Unmarshal(f.ask(http.MethodGet, "/asyncapi.json", "").Body.Bytes(), &topics); err != nil || len(topics.Components.Messages) < 10 {
		t.Fatalf("%v: %d messages", err, len(topics.Components.Messages))
	}
	for name, m := range topics.Components.Messages {
		if m.ContentType != "application/json" && name != "DeadLetter" { // which is the source's bytes, whatever they are
			t.Errorf("messages of %s are described as %q", name, m.ContentType)
		}
	}
}
