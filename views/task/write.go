package task

import (
	"context"
	"net/http"
	"net/url"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/serve"
)

type writeInput struct {
	serve.Key
	ID          string `path:"id" maxLength:"256"`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"application/json"`
}

type bareInput struct {
	serve.Key
	ID string `path:"id" maxLength:"256"`
}

func (s *Routes) writes() {
	op := func(id task.Op, summary, description string) huma.Operation {
		o := s.UserWrite(string(id)+"-task", http.MethodPost, "/v1/panel/tasks/{id}/"+string(id), serve.TagPanel,
			summary, serve.WriteAccess())
		o.Description = description + " The queue of its key judges it; without a verdict within 5 s the answer is 202. " +
			"Among the last 16 commands on the key the same Idempotency-Key has the same verdict."
		return o
	}
	retry := op(task.OpRetry, "Run a task now that waits for its time",
		"The others of its key keep their order. Attempts are as they were.")
	huma.Register(s.API, retry, func(ctx context.Context, in *bareInput) (*serve.UserWrittenOutput, error) {
		return s.order(ctx, in, nil, &task.Command{Op: task.OpRetry})
	})
	s.Written(retry, nil, reflect.TypeFor[Detail]())
	cancel := op(task.OpCancel, "End a task", "A run under way is not called back: the task ends with its answer, as done "+
		"if that is a success.")
	huma.Register(s.API, cancel, func(ctx context.Context, in *bareInput) (*serve.UserWrittenOutput, error) {
		return s.order(ctx, in, nil, &task.Command{Op: task.OpCancel})
	})
	s.Written(cancel, nil, reflect.TypeFor[Detail]())
	snooze := op(task.OpSnooze, "Put a task off", "It spends no attempt. The others of its key wait if it has begun.")
	s.Answers(snooze, http.StatusUnsupportedMediaType)
	huma.Register(s.API, snooze, s.snooze)
	s.Written(snooze, reflect.TypeFor[taskcodec.SnoozeBody](), reflect.TypeFor[Detail]())
}

func (s *Routes) snooze(ctx context.Context, in *writeInput) (*serve.UserWrittenOutput, error) {
	if err := serve.CheckJSON(in.ContentType, in.RawBody); err != nil {
		return nil, err
	}
	until, after, err := taskcodec.SnoozeRequest(in.RawBody)
	if err != nil {
		return nil, serve.Unreadable(err)
	}
	now := instant.Of(s.Config.Now())
	if after != 0 {
		until = now.Add(after)
	}
	if until <= now || until > now.Add(task.MaxSnooze) {
		return nil, problem.Invalid("/until", "invalid_field", "must be in the next "+task.MaxSnooze.String())
	}
	return s.order(ctx, &bareInput{in.Key, in.ID}, in.RawBody, &task.Command{Op: task.OpSnooze, Until: until})
}

// order has a command judged by the queue of the task's key.
func (s *Routes) order(ctx context.Context, in *bareInput, body []byte,
	c *task.Command) (*serve.UserWrittenOutput, error) {
	if _, err := s.At(ctx, serve.Fresh{}, s.Sources.Tasks.Whole()); err != nil {
		return nil, err
	}
	e, err := s.find(in.ID)
	if err != nil {
		return nil, err
	}
	key := e.Task.Key
	c.ID, c.TaskID = serve.CommandID(ctx, serve.Asked{Key: in.Key.Key, Content: body}), in.ID
	c.Actor, c.Proof = serve.Identity(ctx).Subject, serve.Proved(ctx)
	return serve.Obey(ctx, s.Kit, serve.UserCommand[*task.Row]{
		ID: c.ID, User: key, Table: s.Sources.Tasks, Group: s.Config.Topology.TaskQueues, Watchers: s.Watchers.Tasks,
		Verdicts: func(row *task.Row) verdict.List {
			if row == nil || row.Queue == nil {
				return nil
			}
			return row.Queue.Verdicts
		},
		Send:     func(ctx context.Context) error { return s.Commands.Send(ctx, key, c) },
		Location: "/v1/panel/tasks/" + url.PathEscape(in.ID),
		Shown: func(row *task.Row) (any, error) {
			now := instant.Of(s.Config.Now())
			for _, x := range entriesOf(row) {
				if x.Task.ID == in.ID {
					return s.detailOf(x, now), nil
				}
			}
			// it ended by the command, or lies on a page on which it ends when that comes
			last := *e
			if c.Op == task.OpCancel {
				last.State, last.Until = task.Cancelled, 0
			}
			return s.detailOf(&last, now), nil
		},
	})
}
