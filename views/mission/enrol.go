package mission

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/serve"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/views/problem"
)

type enrolInput struct {
	serve.Key
	ID      string `path:"id" maxLength:"1024" doc:"User id, or me"`
	Mission string `path:"mid" maxLength:"256" doc:"Mission id"`
}

type segmentsInput struct {
	serve.Key
	ID          string `path:"id" maxLength:"1024" doc:"User id"`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"application/json"`
}

// UserSegments are the segments of a user.
type UserSegments struct {
	UserID   string   `json:"user_id"`
	Segments []string `json:"segments" nullable:"false"`
}

// RegisterEnrolments adds what decides which missions a user is in.
func (s *Routes) RegisterEnrolments() {
	const path = "/v1/users/{id}/missions/{mid}/enrol"
	enrol := s.UserWrite("enrol", http.MethodPost, path, serve.TagUsers, "Take part in a mission that is opted in to",
		serve.UserAccess())
	huma.Register(s.API, enrol, s.enrol(mission.Enrol))
	s.Written(enrol, nil, reflect.TypeFor[UserMission]())
	withdraw := s.UserWrite("withdraw", http.MethodDelete, path, serve.TagUsers,
		"No longer take part in it; what has counted stays", serve.UserAccess())
	huma.Register(s.API, withdraw, s.enrol(mission.Withdraw))
	s.Written(withdraw, nil, reflect.TypeFor[UserMission]())
	put := s.UserWrite("put-segments", http.MethodPut, "/v1/panel/users/{id}/segments", serve.TagPanel,
		"The segments that a user is in, all of them", serve.WriteAccess())
	huma.Register(s.API, put, s.putSegments)
	s.Written(put, reflect.TypeFor[rewardcodec.SegmentsBody](), reflect.TypeFor[UserSegments]())
}

func (s *Routes) enrol(op mission.EnrolmentOp) func(context.Context, *enrolInput) (*serve.UserWrittenOutput, error) {
	return func(ctx context.Context, in *enrolInput) (*serve.UserWrittenOutput, error) {
		user, err := serve.Subject(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if user, err = serve.PanelUser(user); err != nil {
			return nil, err
		}
		at, err := s.decidedAt(ctx, user)
		if err != nil {
			return nil, err
		}
		e := &mission.Enrolment{ID: serve.CommandID(ctx, serve.Asked{Key: in.Key.Key}), Op: op, UserID: user,
			Mission: in.Mission, Actor: serve.Identity(ctx).Subject, At: at}
		c := s.progressCommand(e.ID, user, func(ctx context.Context) error { return s.Commands.Enrol(ctx, e) })
		c.Location = serve.UserPath(user, "missions", e.Mission)
		c.Shown = func(row *mission.UserRow) (any, error) {
			v, ok := mission.ViewOf(row, user, e.Mission, s.Index.Snapshot(), s.EventTime(serve.AsOf{}, row),
				s.Config.Missions)
			if !ok {
				return nil, problem.Missing("mission")
			}
			return UserMissionOf(v), nil
		}
		return serve.Obey(ctx, s.Kit, c)
	}
}

func (s *Routes) putSegments(ctx context.Context, in *segmentsInput) (*serve.UserWrittenOutput, error) {
	user, err := serve.PanelUser(in.ID)
	if err != nil {
		return nil, err
	}
	if err := serve.CheckJSON(in.ContentType, in.RawBody); err != nil {
		return nil, err
	}
	segments, err := rewardcodec.SegmentsRequest(in.RawBody)
	if err != nil {
		return nil, serve.Unreadable(err)
	}
	at, err := s.decidedAt(ctx, user)
	if err != nil {
		return nil, err
	}
	m := &mission.Segments{
		ID: serve.CommandID(ctx, serve.Asked{Key: in.Key.Key, Content: in.RawBody}), UserID: user, Segments: segments,
		At: at, Actor: serve.Identity(ctx).Subject, Proof: serve.Proved(ctx),
		Asked: instant.Of(s.Config.Now()),
	}
	c := s.progressCommand(m.ID, user, func(ctx context.Context) error { return s.Commands.Segment(ctx, m) })
	c.Location = serve.UserPath(user, "missions")
	c.Shown = func(row *mission.UserRow) (any, error) {
		body := UserSegments{UserID: user, Segments: []string{}}
		if n := len(row.Segments); n > 0 {
			body.Segments = append(body.Segments, row.Segments[n-1].Segments...)
		}
		return body, nil
	}
	return serve.Obey(ctx, s.Kit, c)
}

func (s *Routes) progressCommand(id, user string,
	send func(context.Context) error) serve.UserCommand[*mission.UserRow] {
	return serve.UserCommand[*mission.UserRow]{
		ID: id, User: user, Table: s.Sources.Progress, Group: s.Config.Topology.Progress, Watchers: s.Watchers.Progress,
		Send: send,
		Verdicts: func(row *mission.UserRow) verdict.List {
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
func (s *Routes) decidedAt(ctx context.Context, user string) (instant.Milli, error) {
	as, err := s.At(ctx, serve.Fresh{}, s.Sources.Progress.Holding(user))
	if err != nil {
		return 0, err
	}
	row, err := s.UserRow(user)
	if err != nil {
		return 0, err
	}
	now := instant.Of(s.Config.Now())
	if at := s.EventTime(as, row); at.Add(replayed) < now {
		return at, nil
	}
	return now, nil
}
