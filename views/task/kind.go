package task

import (
	"context"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
	catalogviews "github.com/millrace/millrace/views/catalog"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/serve"
)

const kindsPath = "/v1/panel/task-kinds"

// Kind is the policy of a kind of tasks, and whether it is paused.
type Kind struct {
	Kind        string      `json:"kind" example:"reward_payout"`
	Mode        string      `json:"mode" enum:"@task_mode"`
	Persist     string      `json:"persist" enum:"@task_persist"`
	OnExhausted string      `json:"on_exhausted" enum:"@task_exhaustion"`
	MaxAttempts int64       `json:"max_attempts"`
	Timeout     string      `json:"timeout" doc:"Of one attempt without a heartbeat" example:"30s"`
	Deadline    *string     `json:"deadline" doc:"Over all attempts; null: none" example:"6h0m0s"`
	Schedules   []Schedule  `json:"schedules" nullable:"false"`
	Pause       *Pause      `json:"pause" doc:"null: it runs"`
	AsOf        *serve.AsOf `json:"as_of,omitempty"`
}

// Schedule makes tasks of a kind by itself.
type Schedule struct {
	Name string `json:"name"`
	Cron string `json:"cron" example:"30 2 * * *"`
	Zone string `json:"zone" example:"Europe/Berlin"`
}

// Pause says who stopped a kind, and why.
type Pause struct {
	Since  instant.Milli `json:"since" format:"date-time"`
	Actor  string        `json:"actor"`
	Reason string        `json:"reason"`
}

// TransformSchema implements huma.SchemaTransformer.
func (Kind) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return serve.RefOrNull(s, "pause")
}

// KindList is a page of the kinds of the deployment.
type KindList struct {
	Items      []Kind     `json:"items" nullable:"false"`
	NextCursor *string    `json:"next_cursor"`
	AsOf       serve.AsOf `json:"as_of"`
}

type kindsInput struct {
	serve.Fresh
	serve.Page
}

type kindsOutput struct{ Body KindList }

type kindWriteInput struct {
	serve.Key
	Kind        string `path:"kind" maxLength:"64"`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"application/json"`
}

func (s *Routes) kinds() {
	list := s.Read("list-task-kinds", kindsPath, serve.TagPanel, "Every kind of tasks, with its policy",
		serve.PanelAccess())
	huma.Register(s.API, list, s.kindList)
	for _, w := range []struct {
		verb, summary string
		op            catalog.Op
	}{
		{"pause", "Let no run of a kind begin", catalog.Put}, {"resume", "Let a kind run again", catalog.Withdraw},
	} {
		op := s.UserWrite(w.verb+"-task-kind", http.MethodPost, kindsPath+"/{kind}/"+w.verb, serve.TagPanel, w.summary,
			serve.WriteAccess())
		op.Description = "Runs under way are answered as always, and keys whose next task is of the kind wait. The catalog " +
			"judges it; without a verdict in time the answer is 202. An Idempotency-Key makes it safe to repeat."
		s.Answers(op, http.StatusUnsupportedMediaType)
		huma.Register(s.API, op, func(ctx context.Context, in *kindWriteInput) (*serve.WrittenOutput, error) {
			return s.move(ctx, in, w.op)
		})
		s.Written(op, reflect.TypeFor[doc.ReasonBody](), reflect.TypeFor[Kind]())
	}
}

func (s *Routes) kindList(ctx context.Context, in *kindsInput) (*kindsOutput, error) {
	as, err := s.At(ctx, in.Fresh, s.Sources.Catalog.Whole())
	if err != nil {
		return nil, err
	}
	c := serve.CursorOf("task-kinds")
	from, err := c.Number(in.Cursor)
	if err != nil {
		return nil, err
	}
	body := KindList{Items: []Kind{}, AsOf: as}
	for i, k := range s.Kinds[min(from, int64(len(s.Kinds))):] {
		if i == in.Limit {
			body.NextCursor = c.Encode(strconv.FormatInt(from+int64(i), 10))
			break
		}
		row, err := s.pauseRow(k.Name)
		if err != nil && !serve.Undecodable(err) {
			return nil, err
		}
		body.Items = append(body.Items, kindOf(k, row))
	}
	return &kindsOutput{body}, nil
}

func (s *Routes) pauseRow(kind string) (*catalog.Row, error) {
	row, _, err := serve.RowOf(s.Kit, s.Sources.Catalog, s.Config.Topology.Catalog,
		catalog.Key(catalog.KindTaskPause, kind))
	return row, err
}

func kindOf(k task.Kind, row *catalog.Row) Kind {
	deadline := k.Deadline.String()
	out := Kind{
		Kind: k.Name, Mode: string(k.Mode), Persist: string(k.Persist), OnExhausted: string(k.OnExhausted),
		MaxAttempts: k.Retry.MaxAttempts, Timeout: k.Timeout.String(), Schedules: []Schedule{},
		Deadline: serve.Optional(deadline, k.Deadline != 0),
	}
	for _, p := range k.Schedules {
		out.Schedules = append(out.Schedules, Schedule{p.Name, p.Spec.Cron, p.Spec.Zone})
	}
	if row == nil {
		return out
	}
	if p, ok := row.Entity.(catalog.TaskPause); ok && p.Paused {
		out.Pause = &Pause{p.Since, p.Actor, p.Reason}
	}
	return out
}

// move pauses a kind or lets it run again, whatever it does now.
func (s *Routes) move(ctx context.Context, in *kindWriteInput, op catalog.Op) (*serve.WrittenOutput, error) {
	if err := serve.CheckJSON(in.ContentType, in.RawBody); err != nil {
		return nil, err
	}
	reason, err := doc.ReasonRequest(in.RawBody)
	if err != nil {
		return nil, serve.Unreadable(err)
	}
	kind, ok := s.Kinds.Find(in.Kind)
	if !ok {
		return nil, problem.Missing("kind of tasks")
	}
	if found := catalog.Check(catalog.TaskPause{Name: kind.Name, Reason: reason}, s.Config.Catalog); len(found) > 0 {
		return nil, serve.Refused(found)
	}
	row, err := s.pauseRow(kind.Name)
	if err != nil {
		return nil, err
	}
	there := row != nil && row.Entity != nil
	if op == catalog.Withdraw && !there {
		return &serve.WrittenOutput{Status: http.StatusOK, Location: kindsPath, Body: kindOf(kind, nil)}, nil
	}
	id := serve.CommandID(ctx, serve.Asked{Key: in.Key.Key, Content: in.RawBody})
	actor, at := serve.Identity(ctx).Subject, instant.Of(s.Config.Now())
	command := catalog.NewWithdrawal(id, actor, at, catalog.KindTaskPause, kind.Name)
	if op == catalog.Put {
		command = catalog.NewPut(id, actor, at, catalog.TaskPause{Name: kind.Name, Reason: reason})
	}
	command.Reason = reason
	conditions := serve.Conditions{}
	if there {
		conditions.IfMatch = "*"
	}
	when, err := conditions.Precondition("")
	if err != nil {
		return nil, err
	}
	c := catalogviews.Collection{Server: s.Catalog, Kind: catalog.KindTaskPause, Path: kindsPath, Name: "task-kind",
		Show: func(row *catalog.Row) any { return kindOf(kind, row) }}
	return c.Do(ctx, command, when)
}
