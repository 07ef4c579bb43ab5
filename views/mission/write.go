package mission

import (
	"cmp"
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	catalogviews "github.com/millrace/millrace/views/catalog"
	"github.com/millrace/millrace/views/serve"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
)

// RegisterPanel adds the routes of missions.
func (s *Routes) RegisterPanel() {
	list := s.Read("list-missions", "/v1/panel/missions", serve.TagPanel, "Missions, by id", serve.PanelAccess())
	huma.Register(s.API, list, s.missionList)
	one := s.Read("get-mission", "/v1/panel/missions/{id}", serve.TagPanel, "One mission", serve.PanelAccess())
	huma.Register(s.API, one, s.mission)
	c := catalogviews.Collection{
		Server: s.Catalog, Kind: catalog.KindMission, Path: "/v1/panel/missions", Name: "mission",
		Body: reflect.TypeFor[MissionBody](), Answer: reflect.TypeFor[Mission](), Show: s.shownMission,
	}
	catalogviews.WritesByID(s.Catalog, c)
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
		m.Body = reflect.TypeFor[missioncodec.MoveBody]()
		op := s.Write(string(move.op)+"-mission", http.MethodPost, c.Path+"/{id}/"+string(move.op), move.summary)
		catalogviews.RegisterWrite(m, op, func(ctx context.Context, in *struct {
			serve.Content
			catalogviews.ItemID
		}) (*serve.WrittenOutput, error) {
			return moved(ctx, m, &in.Content, move.op, in.ID)
		})
		s.Registered(op).RequestBody.Required = false
	}
	s.approvals(c)
}

func (s *Routes) shownMission(row *catalog.Row) any {
	h, _ := row.Mission()
	return s.missionOf(listedOf(row, &h, h.Latest()))
}

// moved does to a mission what the route says. If-Match may be left out: what is asked for is the same whatever came
// before.
func moved(ctx context.Context, c catalogviews.Collection, in *serve.Content, op catalog.Op,
	missionID string) (*serve.WrittenOutput, error) {
	if err := serve.CheckOptional(in.ContentType, in.RawBody); err != nil {
		return nil, err
	}
	when, reason, err := missioncodec.ParseMove(in.RawBody)
	if err != nil {
		return nil, serve.Misread(err, "not well-formed JSON")
	}
	condition, err := in.Precondition("")
	if err != nil {
		return nil, err
	}
	id := serve.CommandID(ctx, serve.Asked{Key: in.Key, Match: in.IfMatch, Content: in.RawBody})
	command := catalog.NewMove(id, serve.Identity(ctx).Subject, instant.Of(c.Server.Config.Now()), op, missionID, when)
	command.Reason = cmp.Or(in.Reason, reason)
	return c.Do(ctx, command, condition)
}

// Find finds what definitions may name, as catalog.Config wants it.
func (s *Routes) Find(kind catalog.Kind, id string) (catalog.Entity, bool) {
	if kind == catalog.KindMission {
		row, ok, err := serve.RowOf(s.Kit, s.Sources.Catalog, s.Config.Topology.Catalog, catalog.MissionKey(id))
		if err != nil || !ok { // a row that cannot be read is told of elsewhere
			return nil, err != nil
		}
		return row.Entity, row.Entity != nil
	}
	d, ok := s.Catalog.Index.Get(kind, id)
	if !ok {
		return nil, false
	}
	return d.Entity, true
}
