package catalog

import (
	"context"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/serve"

	healthcodec "github.com/millrace/millrace/codecs/health"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/views/problem"
)

// Intervention is an override, a maintenance or a freeze, or the settings of a mode or instrument, with what the
// catalog knows of it.
type Intervention struct {
	ID         string          `json:"id"`
	Mode       string          `json:"mode"`
	Instrument *string         `json:"instrument" doc:"null for the mode as a whole"`
	Gateway    *string         `json:"gateway" doc:"null for the instrument as a whole"`
	State      string          `json:"state,omitempty" enum:"@forced_state" doc:"Of an override: the state that is forced"`
	From       *instant.Milli  `json:"from,omitempty" format:"date-time" doc:"Of an override or freeze"`
	Until      *instant.Milli  `json:"until,omitempty" format:"date-time" doc:"Of an override or freeze; absent once withdrawn"`
	Begin      *instant.Milli  `json:"begin,omitempty" format:"date-time" doc:"Of a maintenance"`
	End        *instant.Milli  `json:"end,omitempty" format:"date-time" doc:"Of a maintenance; absent once withdrawn"`
	Reason     string          `json:"reason,omitempty"`
	Effective  *instant.Milli  `json:"effective_from,omitempty" format:"date-time" doc:"Of settings: from when the newest change holds"`
	Settings   map[string]any  `json:"settings,omitempty" doc:"Of settings: the newest change"`
	Changes    []SettingChange `json:"changes,omitempty" nullable:"false" doc:"Of settings: every change that is kept, oldest first"`
	Actor      string          `json:"actor" doc:"Who changed it last"`
	Status     string          `json:"status" enum:"@intervention_status"`
	Revision   int64           `json:"revision" doc:"Number of changes so far; the ETag"`
}

// SettingChange is one change of settings.
type SettingChange struct {
	Effective instant.Milli  `json:"effective_from" format:"date-time"`
	Settings  map[string]any `json:"settings" nullable:"false"`
	Actor     string         `json:"actor"`
}

// Interventions is a page of them.
type Interventions struct {
	Items      []Intervention `json:"items" nullable:"false"`
	NextCursor *string        `json:"next_cursor"`
	AsOf       serve.AsOf     `json:"as_of"`
}

// interventionOf returns the public form of a row that has an entity.
func interventionOf(row *catalog.Row) Intervention {
	out := Intervention{ID: row.EntityID, Status: row.Entity.Status(), Revision: row.Revision}
	named := func(mode, instrument, gateway, reason, actor string) {
		out.Mode, out.Reason, out.Actor = mode, reason, actor
		out.Instrument, out.Gateway = serve.Optional(instrument, instrument != ""),
			serve.Optional(gateway, gateway != "")
	}
	when := func(m instant.Milli) *instant.Milli { return serve.Optional(m, m != 0) }
	switch e := row.Entity.(type) {
	case catalog.Mission, catalog.Brand, catalog.Ad, catalog.Pool, catalog.RewardTemplate,
		catalog.TaskPause: // on routes of their own
	case catalog.Override:
		named(e.Mode, e.Instrument, e.Gateway, e.Reason, e.Actor)
		out.State, out.From, out.Until = e.State.String(), when(e.From), when(e.Until)
	case catalog.Maintenance:
		named(e.Mode, e.Instrument, e.Gateway, e.Reason, e.Actor)
		out.Begin, out.End = when(e.Begin), when(e.End)
	case catalog.Freeze:
		named(e.Mode, "", "", e.Reason, e.Actor)
		out.From, out.Until = when(e.From), when(e.Until)
	case catalog.HealthSettings:
		newest := e.Newest()
		named(e.Mode, e.Instrument, "", "", newest.Actor)
		out.Effective, out.Settings = when(newest.EffectiveFrom), patchOf(newest.Patch)
		for _, c := range e.Changes {
			out.Changes = append(out.Changes, SettingChange{Effective: c.EffectiveFrom, Settings: patchOf(c.Patch),
				Actor: c.Actor})
		}
	}
	return out
}

func patchOf(p health.Patch) map[string]any {
	out := map[string]any{}
	for _, c := range p {
		out[c.Field] = serve.SettingValue(c.Value)
	}
	return out
}

type interventionsInput struct {
	serve.Fresh
	serve.Page
	Mode   string `query:"mode" maxLength:"128" doc:"Only this mode"`
	Status string `query:"status" enum:"@intervention_status" doc:"Only this status"`
}

type interventionsOutput struct{ Body Interventions }

type interventionOutput struct {
	ETag string `header:"ETag" doc:"The revision; hand it back as If-Match"`
	Body Intervention
}

func entityAnswer(row *catalog.Row) *interventionOutput {
	return &interventionOutput{ETag: serve.ETag(row.Revision), Body: interventionOf(row)}
}

// Collection is the routes of one kind.
type Collection struct {
	Server *Routes
	Kind   catalog.Kind
	Path   string       // of the list
	Name   string       // of operations, in the singular
	Body   reflect.Type // what is written
	Answer reflect.Type // what is read
	// Show returns the public form of a row that has an entity, which answers with.
	Show func(*catalog.Row) any
}

func (c Collection) list(ctx context.Context, in *interventionsInput) (*interventionsOutput, error) {
	s := c.Server
	as, err := s.At(ctx, in.Fresh, s.Sources.Catalog.Whole())
	if err != nil {
		return nil, err
	}
	mode := serve.Normal(in.Mode)
	place := serve.CursorOf(string(c.Kind), mode, in.Status)
	after, err := place.Decode(in.Cursor)
	if err != nil {
		return nil, err
	}
	body := Interventions{Items: []Intervention{}}
	prefix, last, scanned := catalog.Key(c.Kind, ""), "", 0
	err = s.Sources.Catalog.Ascend(max(prefix, after), func(key string, value []byte) bool {
		if !strings.HasPrefix(key, prefix) {
			return false
		}
		if key == after {
			return true
		}
		if len(body.Items) == in.Limit || scanned == serve.ScanLimit {
			body.NextCursor = place.Encode(last)
			return false
		}
		scanned, last = scanned+1, key
		row, err := s.Config.Topology.Catalog.Row.Decode(value)
		if err != nil {
			s.Bad.Report(s.Sources.Catalog.Topic, key, value, err)
			return true
		}
		if row.Entity == nil {
			return true
		}
		if item := interventionOf(row); (mode == "" || item.Mode == mode) &&
			(in.Status == "" || item.Status == in.Status) {
			body.Items = append(body.Items, item)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	body.AsOf = as
	return &interventionsOutput{body}, nil
}

// item names one of a collection.
type item struct {
	ID         string
	Mode       string
	Instrument string
}

// key returns the id in the catalog.
func (i item) key() string {
	if i.ID != "" {
		return i.ID
	}
	return catalog.PlaceID(i.Mode, i.Instrument)
}

func (c Collection) get(ctx context.Context, fresh serve.Fresh, i item) (*interventionOutput, error) {
	s, key := c.Server, catalog.Key(c.Kind, i.key())
	if _, err := s.At(ctx, fresh, s.Sources.Catalog.Holding(key)); err != nil {
		return nil, err
	}
	row, _, err := serve.RowOf(s.Kit, s.Sources.Catalog, s.Config.Topology.Catalog, key)
	if err != nil {
		return nil, err
	}
	if row == nil || row.Entity == nil {
		return nil, problem.Missing(string(c.Kind))
	}
	return entityAnswer(row), nil
}

// RegisterInterventions adds the routes of what people decide over payment health.
func (s *Routes) RegisterInterventions() {
	answer, show := reflect.TypeFor[Intervention](), func(row *catalog.Row) any { return interventionOf(row) }
	for _, c := range []Collection{
		{s, catalog.KindOverride, "/v1/panel/overrides", "override", reflect.TypeFor[healthcodec.OverrideBody](),
			answer, show},
		{s, catalog.KindMaintenance, "/v1/panel/maintenance", "maintenance",
			reflect.TypeFor[healthcodec.MaintenanceBody](), answer, show},
		{s, catalog.KindFreeze, "/v1/panel/freeze", "freeze", reflect.TypeFor[healthcodec.FreezeBody](), answer, show},
		{s, catalog.KindHealthSetting, "/v1/panel/health-settings", "health-setting",
			reflect.TypeFor[healthcodec.HealthSettingBody](), answer, show},
	} {
		huma.Register(s.API, s.Read("list-"+c.Name, c.Path, serve.TagPanel, "Every "+string(c.Kind),
			serve.PanelAccess()), c.list)
		switch c.Kind {
		case catalog.KindOverride, catalog.KindMaintenance:
			byID(s, c)
		case catalog.KindFreeze:
			byMode(s, c)
		default:
			byMode(s, c)
			byInstrument(s, c)
		}
	}
}

// ItemID names one of a collection.
type ItemID struct {
	ID string `path:"id" maxLength:"128"`
}

// ItemMode names the one of a mode.
type ItemMode struct {
	Mode string `path:"mode" maxLength:"128"`
}

// ItemPlace names the one of an instrument.
type ItemPlace struct {
	Mode       string `path:"mode" maxLength:"128"`
	Instrument string `path:"instrument" maxLength:"256"`
}

func byID(s *Routes, c Collection) {
	path := c.Path + "/{id}"
	huma.Register(s.API, s.Read("get-"+c.Name, path, serve.TagPanel, "One "+string(c.Kind), serve.PanelAccess()),
		func(ctx context.Context, in *struct {
			serve.Fresh
			ItemID
		}) (*interventionOutput, error) {
			return c.get(ctx, in.Fresh, item{ID: in.ID})
		})
	WritesByID(s, c)
}

// WritesByID adds the writes of a collection whose items have ids.
func WritesByID(s *Routes, c Collection) {
	path := c.Path + "/{id}"
	RegisterWrite(c, s.Write("create-"+c.Name, "POST", c.Path, "A new "+string(c.Kind)),
		func(ctx context.Context, in *serve.Definition) (*serve.WrittenOutput, error) {
			return c.put(ctx, in, item{})
		})
	RegisterWrite(c, s.Write("put-"+c.Name, "PUT", path, "Create or change a "+string(c.Kind)),
		func(ctx context.Context, in *struct {
			serve.Definition
			ItemID
		}) (*serve.WrittenOutput, error) {
			return c.put(ctx, &in.Definition, item{ID: in.ID})
		})
	RegisterWrite(c, s.Write("withdraw-"+c.Name, "DELETE", path, "Withdraw a "+string(c.Kind)),
		func(ctx context.Context, in *struct {
			serve.Conditions
			ItemID
		}) (*serve.WrittenOutput, error) {
			return c.withdraw(ctx, in.Conditions, item{ID: in.ID})
		})
}

func byMode(s *Routes, c Collection) {
	path := c.Path + "/{mode}"
	huma.Register(s.API, s.Read("get-"+c.Name, path, serve.TagPanel, "The "+string(c.Kind)+" of a mode",
		serve.PanelAccess()),
		func(ctx context.Context, in *struct {
			serve.Fresh
			ItemMode
		}) (*interventionOutput, error) {
			return c.get(ctx, in.Fresh, item{Mode: in.Mode})
		})
	RegisterWrite(c, s.Write("put-"+c.Name, "PUT", c.Path, "Create or change the "+string(c.Kind)+
		" that the body names"),
		func(ctx context.Context, in *serve.Definition) (*serve.WrittenOutput, error) {
			return c.put(ctx, in, item{})
		})
	RegisterWrite(c, s.Write("withdraw-"+c.Name, "DELETE", path, "Withdraw the "+string(c.Kind)+" of a mode"),
		func(ctx context.Context, in *struct {
			serve.Conditions
			ItemMode
		}) (*serve.WrittenOutput, error) {
			return c.withdraw(ctx, in.Conditions, item{Mode: in.Mode})
		})
}

func byInstrument(s *Routes, c Collection) {
	path := c.Path + "/{mode}/{instrument}"
	huma.Register(s.API, s.Read("get-"+c.Name+"-of-instrument", path, serve.TagPanel, "The "+string(c.Kind)+
		" of an instrument", serve.PanelAccess()),
		func(ctx context.Context, in *struct {
			serve.Fresh
			ItemPlace
		}) (*interventionOutput, error) {
			return c.get(ctx, in.Fresh, item{Mode: in.Mode, Instrument: in.Instrument})
		})
	RegisterWrite(c, s.Write("withdraw-"+c.Name+"-of-instrument", "DELETE", path, "Withdraw the "+string(c.Kind)+
		" of an instrument"),
		func(ctx context.Context, in *struct {
			serve.Conditions
			ItemPlace
		}) (*serve.WrittenOutput, error) {
			return c.withdraw(ctx, in.Conditions, item{Mode: in.Mode, Instrument: in.Instrument})
		})
}
