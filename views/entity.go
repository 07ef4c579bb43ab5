package views

import (
	"context"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

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
	AsOf       AsOf           `json:"as_of"`
}

// interventionOf returns the public form of a row that has an entity.
func interventionOf(row *catalog.Row) Intervention {
	out := Intervention{ID: row.EntityID, Status: row.Entity.Status(), Revision: row.Revision}
	named := func(mode, instrument, gateway, reason, actor string) {
		out.Mode, out.Reason, out.Actor = mode, reason, actor
		out.Instrument, out.Gateway = optional(instrument, instrument != ""), optional(gateway, gateway != "")
	}
	when := func(m instant.Milli) *instant.Milli { return optional(m, m != 0) }
	switch e := row.Entity.(type) {
	case catalog.Mission, catalog.Brand, catalog.Ad, catalog.Pool, catalog.RewardTemplate: // on routes of their own
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
			out.Changes = append(out.Changes, SettingChange{Effective: c.EffectiveFrom, Settings: patchOf(c.Patch), Actor: c.Actor})
		}
	}
	return out
}

func patchOf(p health.Patch) map[string]any {
	out := map[string]any{}
	for _, c := range p {
		out[c.Field] = settingValue(c.Value)
	}
	return out
}

type interventionsInput struct {
	Fresh
	Page
	Mode   string `query:"mode" maxLength:"128" doc:"Only this mode"`
	Status string `query:"status" enum:"@intervention_status" doc:"Only this status"`
}

type interventionsOutput struct{ Body Interventions }

type interventionOutput struct {
	ETag string `header:"ETag" doc:"The revision; hand it back as If-Match"`
	Body Intervention
}

func entityAnswer(row *catalog.Row) *interventionOutput {
	return &interventionOutput{ETag: etag(row.Revision), Body: interventionOf(row)}
}

// collection is the routes of one kind.
type collection struct {
	server *catalogRoutes
	kind   catalog.Kind
	path   string       // of the list
	name   string       // of operations, in the singular
	body   reflect.Type // what is written
	answer reflect.Type // what is read
	// show returns the public form of a row that has an entity, which answers with.
	show func(*catalog.Row) any
}

func (c collection) list(ctx context.Context, in *interventionsInput) (*interventionsOutput, error) {
	s := c.server
	as, err := s.at(ctx, in.Fresh, s.sources.catalog.whole())
	if err != nil {
		return nil, err
	}
	mode := normal(in.Mode)
	place := cursorOf(string(c.kind), mode, in.Status)
	after, err := place.decode(in.Cursor)
	if err != nil {
		return nil, err
	}
	body := Interventions{Items: []Intervention{}}
	prefix, last, scanned := catalog.Key(c.kind, ""), "", 0
	err = s.sources.catalog.Ascend(max(prefix, after), func(key string, value []byte) bool {
		if !strings.HasPrefix(key, prefix) {
			return false
		}
		if key == after {
			return true
		}
		if len(body.Items) == in.Limit || scanned == scanLimit {
			body.NextCursor = place.encode(last)
			return false
		}
		scanned, last = scanned+1, key
		row, err := s.config.Topology.Catalog.Row.Decode(value)
		if err != nil {
			s.bad.report(s.sources.catalog.topic, key, value, err)
			return true
		}
		if row.Entity == nil {
			return true
		}
		if item := interventionOf(row); (mode == "" || item.Mode == mode) && (in.Status == "" || item.Status == in.Status) {
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

func (c collection) get(ctx context.Context, fresh Fresh, i item) (*interventionOutput, error) {
	s, key := c.server, catalog.Key(c.kind, i.key())
	if _, err := s.at(ctx, fresh, s.sources.catalog.holding(key)); err != nil {
		return nil, err
	}
	row, _, err := rowOf(s.kit, s.sources.catalog, s.config.Topology.Catalog, key)
	if err != nil {
		return nil, err
	}
	if row == nil || row.Entity == nil {
		return nil, problem.Missing(string(c.kind))
	}
	return entityAnswer(row), nil
}

// interventions adds the routes of what people decide over payment health.
func (s *catalogRoutes) interventions() {
	answer, show := reflect.TypeFor[Intervention](), func(row *catalog.Row) any { return interventionOf(row) }
	for _, c := range []collection{
		{s, catalog.KindOverride, "/v1/panel/overrides", "override", reflect.TypeFor[healthcodec.OverrideBody](), answer, show},
		{s, catalog.KindMaintenance, "/v1/panel/maintenance", "maintenance", reflect.TypeFor[healthcodec.MaintenanceBody](), answer, show},
		{s, catalog.KindFreeze, "/v1/panel/freeze", "freeze", reflect.TypeFor[healthcodec.FreezeBody](), answer, show},
		{s, catalog.KindHealthSetting, "/v1/panel/health-settings", "health-setting", reflect.TypeFor[healthcodec.HealthSettingBody](), answer, show},
	} {
		huma.Register(s.api, s.read("list-"+c.name, c.path, tagPanel, "Every "+string(c.kind), panelAccess()), c.list)
		switch c.kind {
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

func byID(s *catalogRoutes, c collection) {
	path := c.path + "/{id}"
	huma.Register(s.api, s.read("get-"+c.name, path, tagPanel, "One "+string(c.kind), panelAccess()),
		func(ctx context.Context, in *struct {
			Fresh
			ItemID
		}) (*interventionOutput, error) {
			return c.get(ctx, in.Fresh, item{ID: in.ID})
		})
	writesByID(s, c)
}

// writesByID adds the writes of a collection whose items have ids.
func writesByID(s *catalogRoutes, c collection) {
	path := c.path + "/{id}"
	registerWrite(c, s.write("create-"+c.name, "POST", c.path, "A new "+string(c.kind)),
		func(ctx context.Context, in *Definition) (*writtenOutput, error) {
			return c.put(ctx, in, item{})
		})
	registerWrite(c, s.write("put-"+c.name, "PUT", path, "Create or change a "+string(c.kind)),
		func(ctx context.Context, in *struct {
			Definition
			ItemID
		}) (*writtenOutput, error) {
			return c.put(ctx, &in.Definition, item{ID: in.ID})
		})
	registerWrite(c, s.write("withdraw-"+c.name, "DELETE", path, "Withdraw a "+string(c.kind)),
		func(ctx context.Context, in *struct {
			Conditions
			ItemID
		}) (*writtenOutput, error) {
			return c.withdraw(ctx, in.Conditions, item{ID: in.ID})
		})
}

func byMode(s *catalogRoutes, c collection) {
	path := c.path + "/{mode}"
	huma.Register(s.api, s.read("get-"+c.name, path, tagPanel, "The "+string(c.kind)+" of a mode", panelAccess()),
		func(ctx context.Context, in *struct {
			Fresh
			ItemMode
		}) (*interventionOutput, error) {
			return c.get(ctx, in.Fresh, item{Mode: in.Mode})
		})
	registerWrite(c, s.write("put-"+c.name, "PUT", c.path, "Create or change the "+string(c.kind)+" that the body names"),
		func(ctx context.Context, in *Definition) (*writtenOutput, error) {
			return c.put(ctx, in, item{})
		})
	registerWrite(c, s.write("withdraw-"+c.name, "DELETE", path, "Withdraw the "+string(c.kind)+" of a mode"),
		func(ctx context.Context, in *struct {
			Conditions
			ItemMode
		}) (*writtenOutput, error) {
			return c.withdraw(ctx, in.Conditions, item{Mode: in.Mode})
		})
}

func byInstrument(s *catalogRoutes, c collection) {
	path := c.path + "/{mode}/{instrument}"
	huma.Register(s.api, s.read("get-"+c.name+"-of-instrument", path, tagPanel, "The "+string(c.kind)+" of an instrument", panelAccess()),
		func(ctx context.Context, in *struct {
			Fresh
			ItemPlace
		}) (*interventionOutput, error) {
			return c.get(ctx, in.Fresh, item{Mode: in.Mode, Instrument: in.Instrument})
		})
	registerWrite(c, s.write("withdraw-"+c.name+"-of-instrument", "DELETE", path, "Withdraw the "+string(c.kind)+" of an instrument"),
		func(ctx context.Context, in *struct {
			Conditions
			ItemPlace
		}) (*writtenOutput, error) {
			return c.withdraw(ctx, in.Conditions, item{Mode: in.Mode, Instrument: in.Instrument})
		})
}
