// Package contract describes the inputs and outputs of Millrace for other programs: the schemas of events and of the
// JSON topics, and the AsyncAPI document of all topics that others use. All of it is made from the forms that the
// codecs read and write (codecs.Formed) and from the topics of package topology.
package contract

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/codecs"
	"github.com/millrace/millrace/codecs/doc"
	paymentcodec "github.com/millrace/millrace/codecs/payment"
)

// Event returns the schema of an event of the input contract; registry takes its parts.
func Event(registry huma.Registry) *huma.Schema {
	return oneOf(registry, paymentcodec.Payments{}.Forms())
}

// oneOf returns the schema of a value that has one of the forms.
func oneOf(registry huma.Registry, forms []doc.Form) *huma.Schema {
	if len(forms) == 1 {
		return registry.Schema(forms[0], true, "")
	}
	out := &huma.Schema{}
	for _, f := range forms {
		out.OneOf = append(out.OneOf, registry.Schema(f, true, ""))
	}
	return out
}

// Finish makes schemas say what the codecs do, where huma makes of a Go type what Go makes of it: a list is never null,
// a word that may be null has null among its words, and a time of the input contract is a text or a number.
func Finish(schemas map[string]*huma.Schema) {
	for _, s := range schemas {
		Each(s, finish)
	}
}

func finish(s *huma.Schema) {
	SpellOut(s)
	if s.Type == huma.TypeArray {
		s.Nullable = false
	}
	if s.Nullable && len(s.Enum) > 0 && s.Enum[len(s.Enum)-1] != nil {
		s.Enum = append(s.Enum, nil)
	}
	moments(s)
}

// SpellOut gives an enum the words that its tag names.
func SpellOut(s *huma.Schema) {
	if len(s.Enum) == 0 {
		return
	}
	var words []any
	for _, entry := range s.Enum {
		text, ok := entry.(string)
		if !ok { // null
			words = append(words, entry)
			continue
		}
		for _, w := range codecs.Words(text) {
			words = append(words, w)
		}
	}
	s.Enum = words
	s.PrecomputeMessages()
}

// Each visits a schema and all that is written out within it, but for references.
func Each(s *huma.Schema, visit func(*huma.Schema)) {
	if s == nil {
		return
	}
	visit(s)
	for _, p := range s.Properties {
		Each(p, visit)
	}
	Each(s.Items, visit)
	if values, ok := s.AdditionalProperties.(*huma.Schema); ok {
		Each(values, visit)
	}
	for _, list := range [][]*huma.Schema{s.OneOf, s.AnyOf, s.AllOf} {
		for _, one := range list {
			Each(one, visit)
		}
	}
	Each(s.Not, visit)
}
