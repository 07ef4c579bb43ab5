package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/serve"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/views/problem"
)

// DefinitionFacts are what the catalog knows of a definition.
type DefinitionFacts struct {
	Revision  int64         `json:"revision" doc:"Number of changes so far; the ETag"`
	CreatedAt instant.Milli `json:"created_at" format:"date-time"`
	ChangedAt instant.Milli `json:"changed_at" format:"date-time"`
	Actor     string        `json:"actor" doc:"Who changed it last"`
	Stock     *PoolStock    `json:"stock,omitempty" hidden:"true"`
	AsOf      *serve.AsOf   `json:"as_of,omitempty"`
}

// Brand is a brand with what the catalog knows of it.
type Brand struct {
	catalogcodec.BrandBody
	DefinitionFacts
}

// Ad is an ad with what the catalog knows of it.
type Ad struct {
	catalogcodec.AdBody
	DefinitionFacts
}

// Pool is a pool with what the catalog knows of it, and what its stock is.
type Pool struct {
	catalogcodec.PoolBody
	Stock *PoolStock `json:"stock,omitempty" readOnly:"true" doc:"Where one pool is read"`
	DefinitionFacts
}

// PoolStock counts the codes of a pool, as the group that hands them out knows them.
type PoolStock struct {
	Imported   int64 `json:"imported" doc:"Different codes that ever came in"`
	Available  int64 `json:"available" doc:"To hand out"`
	Drawn      int64 `json:"drawn" doc:"Handed out, those that came back included"`
	Returned   int64 `json:"returned" doc:"Came back unseen, and are handed out again"`
	Duplicates int64 `json:"duplicates" doc:"Came in although the pool had them"`
	Missed     int64 `json:"missed" doc:"Rewards that found the pool empty"`
}

// RewardTemplate is a reward template with what the catalog knows of it.
type RewardTemplate struct {
	catalogcodec.RewardTemplateBody
	DefinitionFacts
}

// RewardTemplateBody is a reward template as its codec reads it; it is a type for the document alone.
type RewardTemplateBody struct {
	catalogcodec.RewardTemplateBody
}

// TransformSchema implements huma.SchemaTransformer.
func (RewardTemplateBody) TransformSchema(r huma.Registry, s *huma.Schema) *huma.Schema {
	return serve.Partial(r, s, "grant")
}

// Definitions is a page of a list of T.
type Definitions[T any] struct {
	Items      []T        `json:"items" nullable:"false"`
	NextCursor *string    `json:"next_cursor"`
	AsOf       serve.AsOf `json:"as_of"`
}

// definition is a definition as it is answered: the fields of its JSON, then the facts.
type definition struct {
	json  []byte
	facts DefinitionFacts
}

// MarshalJSON puts the facts behind the fields of the definition.
func (d definition) MarshalJSON() ([]byte, error) { return Joined(d.json, d.facts) }

// Joined returns one JSON object with the fields of another and those of facts.
func Joined(object []byte, facts any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(facts); err != nil {
		return nil, err
	}
	out := append(bytes.TrimSuffix(bytes.Clone(object), []byte("}")), ',')
	return append(out, bytes.TrimPrefix(bytes.TrimSpace(b.Bytes()), []byte("{"))...), nil
}

// FactsOf returns what the catalog itself knows of an entity.
func FactsOf(row *catalog.Row) DefinitionFacts {
	return DefinitionFacts{Revision: row.Revision, CreatedAt: row.CreatedAt, ChangedAt: row.ChangedAt,
		Actor: row.ChangedBy}
}

func shownDefinition(row *catalog.Row) any {
	d := definitionOf(row)
	return definition{d.definition, d.Facts}
}

// RegisterDefinitions adds the routes of brands, ads, pools and reward templates.
func (s *Routes) RegisterDefinitions() {
	for _, c := range []Collection{
		{s, catalog.KindBrand, "/v1/panel/brands", "brand", reflect.TypeFor[catalogcodec.BrandBody](),
			reflect.TypeFor[Brand](), shownDefinition},
		{s, catalog.KindAd, "/v1/panel/ads", "ad", reflect.TypeFor[catalogcodec.AdBody](), reflect.TypeFor[Ad](),
			shownDefinition},
		{s, catalog.KindPool, "/v1/panel/pools", "pool", reflect.TypeFor[catalogcodec.PoolBody](),
			reflect.TypeFor[Pool](), shownDefinition},
		{
			s, catalog.KindRewardTemplate, "/v1/panel/reward-templates", "reward-template",
			reflect.TypeFor[RewardTemplateBody](), reflect.TypeFor[RewardTemplate](), shownDefinition,
		},
	} {
		list := s.Read("list-"+c.Name+"s", c.Path, serve.TagPanel, "Every "+string(c.Kind)+", by id",
			serve.PanelAccess())
		huma.Register(s.API, list, c.listDefinitions)
		s.Answered(list, pageType(c.Kind))
		one := s.Read("get-"+c.Name, c.Path+"/{id}", serve.TagPanel, "One "+string(c.Kind), serve.PanelAccess())
		huma.Register(s.API, one, c.getDefinition)
		s.Answered(one, c.Answer)
		WritesByID(s, c)
		s.sentBack(c.Body, c.Answer)
		if c.Kind == catalog.KindPool {
			s.poolCodes(c)
		}
	}
}

func pageType(kind catalog.Kind) reflect.Type {
	switch kind {
	case catalog.KindBrand:
		return reflect.TypeFor[Definitions[Brand]]()
	case catalog.KindAd:
		return reflect.TypeFor[Definitions[Ad]]()
	case catalog.KindPool:
		return reflect.TypeFor[Definitions[Pool]]()
	default:
		return reflect.TypeFor[Definitions[RewardTemplate]]()
	}
}

// sentBack documents that what an answer has besides may come back in a body, and changes nothing.
func (s *Routes) sentBack(body, answer reflect.Type) {
	registry := s.API.OpenAPI().Components.Schemas
	in, out := registry.SchemaFromRef(registry.Schema(body, true, "").Ref),
		registry.SchemaFromRef(registry.Schema(answer, true, "").Ref)
	for _, f := range reflect.VisibleFields(answer) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if p := out.Properties[name]; p != nil && in.Properties[name] == nil && f.Tag.Get("hidden") == "" {
			told := *p
			told.ReadOnly = true
			in.Properties[name] = &told
		}
	}
}

type definitionsInput struct {
	serve.Fresh
	serve.Page
	Status   string `query:"status" enum:"@definition_status" doc:"Only this status"`
	Merchant string `query:"merchant" maxLength:"256" doc:"Only what has to do with this merchant: by the brand, or by the mission of an ad"`
	Query    string `query:"q" maxLength:"256" doc:"Only what has this text in its id or texts"`
}

type definitionsOutput struct {
	Body any
}

func (c Collection) listDefinitions(ctx context.Context, in *definitionsInput) (*definitionsOutput, error) {
	s := c.Server
	as, err := s.At(ctx, in.Fresh, s.Sources.Catalog.Whole())
	if err != nil {
		return nil, err
	}
	f := definitionFilter{status: in.Status, merchant: serve.Normal(in.Merchant),
		query: strings.ToLower(strings.TrimSpace(in.Query))}
	place := serve.CursorOf(string(c.Kind), in.Status, f.merchant, f.query)
	after, err := place.Decode(in.Cursor)
	if err != nil {
		return nil, err
	}
	x := s.Index
	brands := x.brandsOf(f.merchant)
	page, next := x.page(c.Kind, func(d *ListedDefinition) bool {
		return f.passes(s.Missions, brands, d)
	}, after, in.Limit)
	body := Definitions[definition]{Items: []definition{}}
	if next != "" {
		body.NextCursor = place.Encode(next)
	}
	var changed instant.Milli
	for _, d := range page {
		changed = max(changed, d.Facts.ChangedAt)
		body.Items = append(body.Items, definition{d.definition, d.Facts})
	}
	body.AsOf = as.Stamped(changed)
	return &definitionsOutput{body}, nil
}

type definitionInput struct {
	serve.Fresh
	ID string `path:"id" maxLength:"128"`
}

type definitionOutput struct {
	ETag string `header:"ETag" doc:"The revision; hand it back as If-Match"`
	Body any
}

func (c Collection) getDefinition(ctx context.Context, in *definitionInput) (*definitionOutput, error) {
	s, key := c.Server, catalog.Key(c.Kind, in.ID)
	from := []serve.Stretch{s.Sources.Catalog.Holding(key)}
	if c.Kind == catalog.KindPool {
		from = append(from, s.Sources.Budget.Holding(budget.PoolKey(in.ID)))
	}
	as, err := s.At(ctx, in.Fresh, from...)
	if err != nil {
		return nil, err
	}
	d, ok := s.Index.Get(c.Kind, in.ID)
	if !ok { // not there, or not to be decoded
		if _, _, err := serve.RowOf(s.Kit, s.Sources.Catalog, s.Config.Topology.Catalog, key); err != nil {
			return nil, err
		}
		return nil, problem.Missing(string(c.Kind))
	}
	facts := d.Facts
	if c.Kind == catalog.KindPool {
		if facts.Stock, err = s.poolStock(in.ID); err != nil {
			return nil, err
		}
	}
	as = as.Stamped(facts.ChangedAt)
	facts.AsOf = &as
	return &definitionOutput{serve.ETag(facts.Revision), definition{d.definition, facts}}, nil
}

func (s *Routes) poolStock(id string) (*PoolStock, error) {
	row, _, err := serve.RowOf(s.Kit, s.Sources.Budget, s.Config.Topology.Budget, budget.PoolKey(id))
	if err != nil {
		return nil, err
	}
	p := &budget.Pool{}
	if row != nil && row.Pool != nil {
		p = row.Pool
	}
	return &PoolStock{p.Imported(), p.Available(), p.Drawn, p.Returned, p.Duplicates, p.Missed}, nil
}
