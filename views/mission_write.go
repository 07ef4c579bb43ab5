package views

import (
	"cmp"
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
)

// missions adds the routes of missions.
func (s *missionRoutes) missions() {
	list := s.read("list-missions", "/v1/panel/missions", tagPanel, "Missions, by id", panelAccess())
	huma.Register(s.api, list, s.missionList)
	one := s.read("get-mission", "/v1/panel/missions/{id}", tagPanel, "One mission", panelAccess())
	huma.Register(s.api, one, s.mission)
	c := collection{
		server: s.catalog, kind: catalog.KindMission, path: "/v1/panel/missions", name: "mission",
		body: reflect.TypeFor[MissionBody](), answer: reflect.TypeFor[Mission](), show: s.shownMission,
	}
	writesByID(s.catalog, c)
	for _, move := range []struct {
		op      catalog.Op
		summary string
	}{
		{catalog.Activate, "Make a mission active, now or at a time ahead"},
		{catalog.Pause, "Pause a mission: payments made from then on do not count"},
		{catalog.Resume, "Let a paused mission go on"},
		{catalog.End, "End a mission; what counted before stays"},
		{catalog.Archive, "Archive a mission: users see it no more"},
	} {
		m := c
		m.body = reflect.TypeFor[missioncodec.MoveBody]()
		op := s.write(string(move.op)+"-mission", http.MethodPost, c.path+"/{id}/"+string(move.op), move.summary)
		registerWrite(m, op, func(ctx context.Context, in *struct {
			Content
			ItemID
		}) (*writtenOutput, error) {
			return m.move(ctx, &in.Content, move.op, in.ID)
		})
		s.registered(op).RequestBody.Required = false
	}
	s.approvals(c)
}

func (s *missionRoutes) shownMission(row *catalog.Row) any {
	h, _ := row.Mission()
	return s.missionOf(listedOf(row, &h, h.Latest()))
}

// move does to a mission what the route says. If-Match may be left out: what is asked for is the same whatever came
// before.
func (c collection) move(ctx context.Context, in *Content, op catalog.Op, missionID string) (*writtenOutput, error) {
	if err := checkOptional(in.ContentType, in.RawBody); err != nil {
		return nil, err
	}
	when, reason, err := missioncodec.ParseMove(in.RawBody)
	if err != nil {
		return nil, misread(err, "not well-formed JSON")
	}
	condition, err := in.precondition("")
	if err != nil {
		return nil, err
	}
	id := commandID(ctx, asked{key: in.Key, match: in.IfMatch, content: in.RawBody})
	command := catalog.NewMove(id, identity(ctx).Subject, instant.Of(c.server.config.Now()), op, missionID, when)
	command.Reason = cmp.Or(in.Reason, reason)
	return c.do(ctx, command, condition)
}

// find finds what definitions may name, as catalog.Config wants it.
func (s *missionRoutes) find(kind catalog.Kind, id string) (catalog.Entity, bool) {
	if kind == catalog.KindMission {
		row, ok, err := rowOf(s.kit, s.sources.catalog, s.config.Topology.Catalog, catalog.MissionKey(id))
		if err != nil || !ok { // a row that cannot be read is told of elsewhere
			return nil, err != nil
		}
		return row.Entity, row.Entity != nil
	}
	d, ok := s.catalog.index.get(kind, id)
	if !ok {
		return nil, false
	}
	return d.entity, true
}
