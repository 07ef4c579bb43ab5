package mission

import (
	"context"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	catalogviews "github.com/millrace/millrace/views/catalog"
	"github.com/millrace/millrace/views/serve"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/views/problem"
)

// Mission is a mission's definition, as `millrace mission apply` takes it, with what the catalog knows of it.
type Mission struct {
	definition []byte // JSON object
	catalogFacts
	asOf *serve.AsOf
}

type catalogFacts struct {
	Version    int64            `json:"version" doc:"Number of the latest version"`
	Versions   []MissionVersion `json:"versions"`
	ActivateAt *instant.Milli   `json:"activate_at" format:"date-time" doc:"When a scheduled mission becomes active by itself"`
	Pauses     []MissionPause   `json:"pauses"`
	EndedAt    *instant.Milli   `json:"ended_at" format:"date-time"`
	Revision   int64            `json:"revision" doc:"Number of changes so far; the ETag"`
	Summary    string           `json:"summary" doc:"A plain sentence" example:"Spend ₹500.00 at swiggy from 1 to 7 March, win 100 coins"`
	Conditions []string         `json:"conditions" doc:"What payments must be to count, in sentences"`
	CreatedAt  instant.Milli    `json:"created_at" format:"date-time"`
	ChangedAt  instant.Milli    `json:"changed_at" format:"date-time"`
	Actor      string           `json:"actor" doc:"Who changed it last"`
	Approval   *MissionApproval `json:"approval"`
	AsOf       *serve.AsOf      `json:"as_of,omitempty"`
}

// MissionVersion is one version of a mission.
type MissionVersion struct {
	Version     int64          `json:"version"`
	CreatedAt   instant.Milli  `json:"created_at" format:"date-time"`
	InForceFrom *instant.Milli `json:"in_force_from" format:"date-time" doc:"null: from the mission's start"`
	Backdated   bool           `json:"backdated"`
}

// MissionPause is a time during which payments do not count.
type MissionPause struct {
	From instant.Milli  `json:"from" format:"date-time"`
	To   *instant.Milli `json:"to" format:"date-time" doc:"null: it goes on"`
}

// MarshalJSON puts the facts behind the fields of the definition.
func (m Mission) MarshalJSON() ([]byte, error) {
	m.catalogFacts.AsOf = m.asOf
	return catalogviews.Joined(m.definition, m.catalogFacts)
}

// TransformSchema implements huma.SchemaTransformer: the definition as its codec writes it, and the facts.
func (Mission) TransformSchema(r huma.Registry, _ *huma.Schema) *huma.Schema {
	s := serve.Merged(huma.SchemaFromType(r, missioncodec.Form()),
		huma.SchemaFromType(r, reflect.TypeFor[catalogFacts]()))
	s.Description = "A mission's definition, as `millrace mission apply` takes it, with what the catalog knows of it."
	return s
}

// MissionBody is a mission as it is asked for. Its codec reads it; it is a type for the document alone.
type MissionBody struct{}

// TransformSchema implements huma.SchemaTransformer. What mission.Default knows may be left out. What an answer has
// besides may be sent back with it, and changes nothing.
func (MissionBody) TransformSchema(r huma.Registry, _ *huma.Schema) *huma.Schema {
	told := huma.SchemaFromType(r, reflect.TypeFor[catalogFacts]())
	for _, p := range told.Properties {
		p.ReadOnly = true
	}
	s := serve.Merged(told, huma.SchemaFromType(r, missioncodec.Form()),
		huma.SchemaFromType(r, missioncodec.AskedForm()))
	s.Description = "A mission's definition, as `millrace mission apply` takes it. What is read only may be sent back, and changes nothing."
	s.Required = []string{"currency", "goal", "window", "reward"}
	return serve.Partial(r, s, "reward", "grant", "limits", "audience")
}

// Missions is a page of missions.
type Missions struct {
	Items      []Mission  `json:"items" nullable:"false"`
	NextCursor *string    `json:"next_cursor"`
	AsOf       serve.AsOf `json:"as_of"`
}

type missionsInput struct {
	serve.Fresh
	serve.Page
	Status   string `query:"status" enum:"@mission_status" doc:"Only this status"`
	Merchant string `query:"merchant" maxLength:"256" doc:"Only missions with a filter for this merchant"`
	Query    string `query:"q" maxLength:"256" doc:"Only missions with this text in id, title, description, brand or summary"`
	Approval string `query:"approval" enum:"@approval" doc:"Only missions whose approval is in this state; waiting: what waits for a second person"`
}

type missionInput struct {
	serve.Fresh
	ID      string `path:"id" maxLength:"256"`
	Version int64  `query:"version" minimum:"1" doc:"The definition of this version, with all else as it is now; default: the latest. An unknown one is 404"`
}

type missionsOutput struct{ Body Missions }

type missionOutput struct {
	ETag string `header:"ETag" doc:"The revision; hand it back as If-Match"`
	Body Mission
}

func (s *Routes) missionList(ctx context.Context, in *missionsInput) (*missionsOutput, error) {
	as, err := s.At(ctx, in.Fresh, s.Sources.Catalog.Whole())
	if err != nil {
		return nil, err
	}
	f := missionFilter{status: mission.Status(in.Status), merchant: serve.Normal(in.Merchant),
		query: strings.ToLower(strings.TrimSpace(in.Query))}
	f.approval, f.thresholds = catalog.ApprovalState(in.Approval), s.Config.Catalog.Approval
	c := serve.CursorOf("missions", in.Status, f.merchant, f.query, in.Approval)
	after, err := c.Decode(in.Cursor)
	if err != nil {
		return nil, err
	}
	page, next := s.Index.page(f, after, in.Limit)
	body := Missions{Items: []Mission{}}
	if next != "" {
		body.NextCursor = c.Encode(next)
	}
	var changed instant.Milli
	for _, m := range page {
		changed = max(changed, m.facts.ChangedAt)
		body.Items = append(body.Items, s.missionOf(m))
	}
	body.AsOf = as.Stamped(changed)
	return &missionsOutput{body}, nil
}

func (s *Routes) mission(ctx context.Context, in *missionInput) (*missionOutput, error) {
	key := catalog.MissionKey(in.ID)
	as, err := s.At(ctx, in.Fresh, s.Sources.Catalog.Holding(key))
	if err != nil {
		return nil, err
	}
	m, ok := s.Index.get(in.ID)
	if !ok || in.Version > 0 { // not there, or not to be decoded; or the index, which has the latest, is not enough
		row, _, err := serve.RowOf(s.Kit, s.Sources.Catalog, s.Config.Topology.Catalog, key)
		if err != nil {
			return nil, err
		}
		if m = missionVersion(row, in.Version); m == nil {
			return nil, problem.Missing("mission, or no such version of it")
		}
	}
	body := s.missionOf(m)
	as = as.Stamped(m.facts.ChangedAt)
	body.asOf = &as
	return &missionOutput{serve.ETag(m.facts.Revision), body}, nil
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

func (s *Routes) missionOf(m *listedMission) Mission {
	facts := m.facts
	facts.Approval = approvalOf(&m.review, s.Config.Catalog.Approval)
	return Mission{definition: m.definition, catalogFacts: facts}
}
