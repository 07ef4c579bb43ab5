package serve

import (
	"maps"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/payment"
)

// RefOrNull says in a schema that an object may be null, which a reference alone does not.
func RefOrNull(s *huma.Schema, field string) *huma.Schema {
	if p := s.Properties[field]; p != nil && p.Ref != "" {
		s.Properties[field] = &huma.Schema{
			AnyOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}, Description: p.Description,
		}
	}
	return s
}

// Partial lets each of some objects within s have only some of its fields.
func Partial(r huma.Registry, s *huma.Schema, names ...string) *huma.Schema {
	for _, name := range names {
		some := *r.SchemaFromRef(s.Properties[name].Ref)
		some.Required, some.Description, some.Properties = nil, s.Properties[name].Description,
			maps.Clone(some.Properties)
		for field, p := range some.Properties { // the others stay as answers have them
			own := *p
			some.Properties[field] = &own
		}
		s.Properties[name] = &some
	}
	return s
}

// Merged returns an object with the properties of all; those of later ones take the place of those before.
func Merged(all ...*huma.Schema) *huma.Schema {
	out := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: false}
	for _, s := range all {
		maps.Copy(out.Properties, s.Properties)
		out.Required = append(out.Required, s.Required...)
	}
	slices.Sort(out.Required)
	out.Required = slices.Compact(out.Required)
	return out
}

// SettingValue returns the text of a setting as JSON has it.
func SettingValue(text string) any {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return n
	}
	if b, err := strconv.ParseBool(text); err == nil {
		return b
	}
	return text
}

// Normal brings a name into the form in which events are stored.
func Normal(name string) string { return payment.Name(doc.Text(name)) }

// Optional returns a pointer to v, nil unless ok.
func Optional[T any](v T, ok bool) *T {
	if !ok {
		return nil
	}
	return &v
}
