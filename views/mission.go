package views

import (
	"context"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/views/problem"
)

// Mission is a mission's definition, as `millrace mission apply` takes it, with what the catalog knows of it.
type Mission struct {
	definition []byte // JSON object
	catalogFacts
	asOf *AsOf
}

type catalogFacts struct {
	Version    int64            `json:"version"`
	Versions   []MissionVersion `json:"versions"`
	ActivateAt *instant.Milli   `json:"activate_at"`
	Pauses     []MissionPause   `json:"pauses"`
	EndedAt    *instant.Milli   `json:"ended_at"`
	Revision   int64            `json:"revision"`
	Summary    string           `json:"summary"`
	Conditions []string         `json:"conditions"`
	CreatedAt  instant.Milli    `json:"created_at"`
	ChangedAt  instant.Milli    `json:"changed_at"`
	Actor      string           `json:"actor"`
	AsOf       *AsOf            `json:"as_of,omitempty"`
}

// MissionVersion is one version of a mission.
type MissionVersion struct {
	Version     int64          `json:"version"`
	CreatedAt   instant.Milli  `json:"created_at"`
	InForceFrom *instant.Milli `json:"in_force_from"` // null: from the mission's start
	Backdated   bool           `json:"backdated"`
}

// MissionPause is a time during which payments do not count.
type MissionPause struct {
	From instant.Milli  `json:"from"`
	To   *instant.Milli `json:"to"` // null: it goes on
}

// MarshalJSON puts the facts behind the fields of the definition.
func (m Mission) MarshalJSON() ([]byte, error) {
	m.catalogFacts.AsOf = m.asOf
	return joined(m.definition, m.catalogFacts)
}

// Schema implements huma.SchemaProvider.
func (Mission) Schema(huma.Registry) *huma.Schema {
	text := &huma.Schema{Type: huma.TypeString}
	whole := &huma.Schema{Type: huma.TypeInteger, Format: "int64"}
	at := &huma.Schema{Type: huma.TypeString, Format: "date-time"}
	object := func(of map[string]*huma.Schema) *huma.Schema {
		return &huma.Schema{Type: huma.TypeObject, Properties: of}
	}
	list := func(of *huma.Schema) *huma.Schema { return &huma.Schema{Type: huma.TypeArray, Items: of} }
	filter := object(map[string]*huma.Schema{
		"id": text, "operator": text, "values": {Description: "A scalar or a list"}, "any": list(object(nil)),
	})
	s := object(map[string]*huma.Schema{
		"id": text, "title": text, "description": text, "brand_id": text, "currency": text, "time_zone": text, "enrolment": text, "debt": text,
		"status":  {Type: huma.TypeString, Enum: []any{"draft", "scheduled", "active", "paused", "ended", "archived"}},
		"goal":    object(map[string]*huma.Schema{"metric": text, "target": whole, "field": text, "per_event_cap": whole}),
		"filters": list(filter),
		"window":  object(map[string]*huma.Schema{"kind": text, "from": text, "to": text}),
		"reward":  object(map[string]*huma.Schema{"template": {Type: huma.TypeString, Description: "A reward template; alone, it is the reward"}, "kind": text, "amount": whole, "pool": text, "expires_after": text}),
		"grant":   object(map[string]*huma.Schema{"mode": text, "hold": text}),
		"limits": object(map[string]*huma.Schema{
			"completions_per_user": whole, "max_winners": whole, "budget": whole, "over_budget": text,
		}),
		"audience":      object(map[string]*huma.Schema{"rollout_percent": whole, "segments": list(text)}),
		"activate_at":   {Type: huma.TypeString, Format: "date-time", Nullable: true, Description: "When a scheduled mission becomes active by itself; may be written"},
		"in_force_from": {Type: huma.TypeString, Format: "date-time", WriteOnly: true, Description: "From when a changed definition is in force, at least 10 s ahead; default: that"},
		"backdated":     {Type: huma.TypeBoolean, WriteOnly: true, Description: "The changed definition is in force from a time before that; needs a reason"},
		"reason":        {Type: huma.TypeString, WriteOnly: true, Description: "Why, for the audit"},
		"versions": readOnly(list(object(map[string]*huma.Schema{
			"version": whole, "created_at": at, "in_force_from": orNull(at), "backdated": {Type: huma.TypeBoolean},
		}))),
		"pauses":   readOnly(list(object(map[string]*huma.Schema{"from": at, "to": orNull(at)}))),
		"ended_at": readOnly(orNull(at)), "actor": readOnly(text),
		"version": readOnly(whole), "revision": {Type: huma.TypeInteger, Format: "int64", Description: "Number of changes so far"},
		"summary":    {Type: huma.TypeString, Description: "A plain sentence"},
		"conditions": list(text), "created_at": at, "changed_at": at,
		"as_of": {Ref: "#/components/schemas/AsOf"},
	})
	s.Description = "A mission's definition, as `millrace mission apply` takes it, with what the catalog knows of it."
	return s
}

func readOnly(s *huma.Schema) *huma.Schema {
	copied := *s
	copied.ReadOnly = true
	return &copied
}

func orNull(s *huma.Schema) *huma.Schema {
	copied := *s
	copied.Nullable = true
	return &copied
}

// Missions is a page of missions.
type Missions struct {
	Items      []Mission `json:"items" nullable:"false"`
	NextCursor *string   `json:"next_cursor"`
	AsOf       AsOf      `json:"as_of"`
}

type missionsInput struct {
	Fresh
	Page
	Status   string `query:"status" enum:"draft,scheduled,active,paused,ended,archived" doc:"Only this status"`
	Merchant string `query:"merchant" maxLength:"256" doc:"Only missions with a filter for this merchant"`
	Query    string `query:"q" maxLength:"256" doc:"Only missions with this text in id, title, description, brand or summary"`
}

type missionInput struct {
	Fresh
	ID      string `path:"id" maxLength:"256"`
	Version int64  `query:"version" minimum:"1" doc:"The definition of this version, with all else as it is now; default: the latest. An unknown one is 404"`
}

type missionsOutput struct{ Body Missions }

type missionOutput struct {
	ETag string `header:"ETag" doc:"The revision; hand it back as If-Match"`
	Body Mission
}

func (s *Server) missionList(ctx context.Context, in *missionsInput) (*missionsOutput, error) {
	as, err := s.at(ctx, in.Fresh, s.sources.catalog.whole())
	if err != nil {
		return nil, err
	}
	f := missionFilter{status: mission.Status(in.Status), merchant: normal(in.Merchant), query: strings.ToLower(strings.TrimSpace(in.Query))}
	c := cursorOf("missions", in.Status, f.merchant, f.query)
	after, err := c.decode(in.Cursor)
	if err != nil {
		return nil, err
	}
	page, next := s.config.Indexes.missions.page(f, after, in.Limit)
	body := Missions{Items: []Mission{}}
	if next != "" {
		body.NextCursor = c.encode(next)
	}
	var changed instant.Milli
	for _, m := range page {
		changed = max(changed, m.facts.ChangedAt)
		body.Items = append(body.Items, missionOf(m))
	}
	body.AsOf = as.stamped(changed)
	return &missionsOutput{body}, nil
}

func (s *Server) mission(ctx context.Context, in *missionInput) (*missionOutput, error) {
	key := catalog.MissionKey(in.ID)
	as, err := s.at(ctx, in.Fresh, s.sources.catalog.holding(key))
	if err != nil {
		return nil, err
	}
	m, ok := s.config.Indexes.missions.get(in.ID)
	if !ok || in.Version > 0 { // not there, or not to be decoded; or the index, which has the latest, is not enough
		row, _, err := rowOf(s, s.sources.catalog, s.config.Topology.Catalog, key)
		if err != nil {
			return nil, err
		}
		if m = missionVersion(row, in.Version); m == nil {
			return nil, problem.Missing("mission, or no such version of it")
		}
	}
	body := missionOf(m)
	as = as.stamped(m.facts.ChangedAt)
	body.asOf = &as
	return &missionOutput{etag(m.facts.Revision), body}, nil
}

// missionVersion returns a version of the mission of a row, nil if there is none.
func missionVersion(row *catalog.Row, number int64) *listedMission {
	if row == nil {
		return nil
	}
	h, _ := row.Mission()
	v, ok := h.Numbered(number)
	if !ok {
		return nil
	}
	return listedOf(row, &h, v)
}

func missionOf(m *listedMission) Mission {
	return Mission{definition: m.definition, catalogFacts: m.facts}
}
