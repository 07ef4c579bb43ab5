package views

import "github.com/danielgtaylor/huma/v2"

// refOrNull says in a schema that an object may be null, which a reference alone does not.
func refOrNull(s *huma.Schema, field string) *huma.Schema {
	if p := s.Properties[field]; p != nil && p.Ref != "" {
		s.Properties[field] = &huma.Schema{
			AnyOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}, Description: p.Description,
		}
	}
	return s
}

// TransformSchema implements huma.SchemaTransformer.
func (Why) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return refOrNull(s, "freeze")
}

// TransformSchema implements huma.SchemaTransformer.
func (UserAd) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return refOrNull(s, "brand")
}

// TransformSchema implements huma.SchemaTransformer; what embeds a UserMission has it, too.
func (UserMission) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return refOrNull(s, "window")
}

// TransformSchema implements huma.SchemaTransformer; what embeds a Letter has it, too.
func (Letter) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return refOrNull(s, "decision")
}
