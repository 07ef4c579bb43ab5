package views

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/views/problem"
)

type enrolInput struct {
	Key
	ID      string `path:"id" maxLength:"1024" doc:"User id, or me"`
	Mission string `path:"mid" maxLength:"256" doc:"Mission id"`
}

type segmentsInput struct {
	Key
	ID          string `path:"id" maxLength:"1024" doc:"User id"`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"application/json"`
}

// UserSegments are the segments of a user.
type UserSegments struct {
	UserID   string   `json:"user_id"`
	Segments []string `json:"segments" nullable:"false"`
}

// enrolments adds what decides which missions a user is in.
func (s *missionRoutes) enrolments() {
	const path = "/v1/users/{id}/missions/{mid}/enrol"
	enrol := s.userWrite("enrol", http.MethodPost, path, tagUsers, "Take part in a mission that is opted in to", userAccess())
	huma.Register(s.api, enrol, s.enrol(mission.Enrol))
	s.written(enrol, nil, reflect.TypeFor[UserMission]())
	withdraw := s.userWrite("withdraw", http.MethodDelete, path, tagUsers, "No longer take part in it; what has counted stays", userAccess())
	huma.Register(s.api, withdraw, s.enrol(mission.Withdraw))
	s.written(withdraw, nil, reflect.TypeFor[UserMission]())
	put := s.userWrite("put-segments", http.MethodPut, "/v1/panel/users/{id}/segments", tagPanel, "The segments that a user is in, all of them", writeAccess())
	huma.Register(s.api, put, s.putSegments)
	s.written(put, reflect.TypeFor[rewardcodec.SegmentsBody](), reflect.TypeFor[UserSegments]())
}

func (s *missionRoutes) enrol(op mission.EnrolmentOp) func(context.Context, *enrolInput) (*userWrittenOutput, error) {
	return func(ctx context.Context, in *enrolInput) (*userWrittenOutput, error) {
		user, err := subject(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if user, err = panelUser(user); err != nil {
			return nil, err
		}
		at, err := s.decidedAt(ctx, user)
		if err != nil {
			return nil, err
		}
		e := &mission.Enrolment{ID: commandID(ctx, asked{key: in.Key.Key}), Op: op, UserID: user, Mission: in.Mission, Actor: identity(ctx).Subject, At: at}
		c := s.progressCommand(e.ID, user, func(ctx context.Context) error { return s.commands.Enrol(ctx, e) })
		c.location = userPath(user, "missions", e.Mission)
		c.shown = func(row *mission.UserRow) (any, error) {
			v, ok := mission.ViewOf(row, user, e.Mission, s.index.snapshot(), s.eventTime(AsOf{}, row), s.config.Missions)
			if !ok {
				return nil, problem.Missing("mission")
			}
			return userMissionOf(v), nil
		}
		return obey(ctx, s.kit, c)
	}
}

func (s *missionRoutes) putSegments(ctx context.Context, in *segmentsInput) (*userWrittenOutput, error) {
	user, err := panelUser(in.ID)
	if err != nil {
		return nil, err
	}
	if err := checkJSON(in.ContentType, in.RawBody); err != nil {
		return nil, err
	}
	segments, err := rewardcodec.SegmentsRequest(in.RawBody)
	if err != nil {
		return nil, unreadable(err)
	}
	at, err := s.decidedAt(ctx, user)
	if err != nil {
		return nil, err
	}
	m := &mission.Segments{
		ID: commandID(ctx, asked{key: in.Key.Key, content: in.RawBody}), UserID: user, Segments: segments, At: at, Actor: identity(ctx).Subject, Proof: proved(ctx),
		Asked: instant.Of(s.config.Now()),
	}
	c := s.progressCommand(m.ID, user, func(ctx context.Context) error { return s.commands.Segment(ctx, m) })
	c.location = userPath(user, "missions")
	c.shown = func(row *mission.UserRow) (any, error) {
		body := UserSegments{UserID: user, Segments: []string{}}
		if n := len(row.Segments); n > 0 {
			body.Segments = append(body.Segments, row.Segments[n-1].Segments...)
		}
		return body, nil
	}
	return obey(ctx, s.kit, c)
}

func (s *missionRoutes) progressCommand(id, user string, send func(context.Context) error) userCommand[*mission.UserRow] {
	return userCommand[*mission.UserRow]{
		id: id, user: user, table: s.sources.progress, group: s.config.Topology.Progress, watchers: s.watchers.progress, send: send,
		verdicts: func(row *mission.UserRow) verdict.List {
			if row == nil {
				return nil
			}
			return row.Verdicts
		},
	}
}

// replayed is how far event time is behind the clock where history is being replayed.
const replayed = time.Hour

// decidedAt returns the event time from which a user's decision holds: the clock's, since payments are made by it.
// Where history is replayed it is the time up to which it was, as reads show it.
func (s *missionRoutes) decidedAt(ctx context.Context, user string) (instant.Milli, error) {
	as, err := s.at(ctx, Fresh{}, s.sources.progress.holding(user))
	if err != nil {
		return 0, err
	}
	row, err := s.userRow(user)
	if err != nil {
		return 0, err
	}
	now := instant.Of(s.config.Now())
	if at := s.eventTime(as, row); at.Add(replayed) < now {
		return at, nil
	}
	return now, nil
}
