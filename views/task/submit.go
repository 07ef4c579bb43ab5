package task

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// TagTasks is the tag in the document of what services do with tasks.
const TagTasks = "Tasks"

// maxSubmission leaves room for the spaces in a payload.
const maxSubmission = 2 * task.MaxPayload

// Submitted is the answer to a task that was accepted.
type Submitted struct {
	ID       string        `json:"id" doc:"Of the task, and the idempotency key of its runs" example:"tk_6f0c"`
	Kind     string        `json:"kind" example:"thank"`
	Key      string        `json:"key" doc:"KIND/KEY: tasks of one kind and key run one after the other" example:"thank/usr_1"`
	Due      instant.Milli `json:"due" format:"date-time" doc:"Before it the task does not run"`
	Priority int64         `json:"priority"`
}

type submitInput struct {
	serve.Key
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"application/json"`
}

type submitOutput struct {
	Status   int
	Location string `header:"Location" doc:"Where those who may read the panel find it"`
	Body     Submitted
}

func (s *Routes) submits() {
	access := serve.Access{Roles: []token.Role{token.Service}, Class: serve.UserClass}
	op := s.UserWrite("submit-task", http.MethodPost, "/v1/tasks", TagTasks, "Submit a task", access)
	op.Description = "The answer comes once all in-sync replicas have the task: it will not be lost. The same Idempotency-Key " +
		"gives the same id, and makes no second task while the first has not ended, nor as long as its kind remembers " +
		"dedupe keys (24 h by default). With a dedupe_key that takes the place of it there."
	delete(op.Responses, "200")
	op.Responses["202"] = &huma.Response{Description: "Accepted"}
	op.MaxBodyBytes, op.DefaultStatus = maxSubmission, http.StatusAccepted
	s.Answers(op, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	huma.Register(s.API, op, s.submit)
	s.Reads(op, reflect.TypeFor[taskcodec.SubmitBody]())
}

func (s *Routes) submit(ctx context.Context, in *submitInput) (*submitOutput, error) {
	if err := serve.CheckJSON(in.ContentType, in.RawBody); err != nil {
		return nil, err
	}
	want, err := taskcodec.SubmitRequest(in.RawBody)
	if err != nil {
		return nil, serve.Unreadable(err)
	}
	now := instant.Of(s.Config.Now())
	x := submissionOf(ctx, want, in, now)
	if found := task.CheckSubmission(x, s.Kinds, now); len(found) > 0 {
		for i := range found {
			found[i].Pointer = pointerOf(found[i].Pointer, want)
		}
		return nil, serve.Refused(found)
	}
	if in.Key.Key != "" {
		x.Dedupe = cmp.Or(x.Dedupe, x.Task.ID) // a queue forgets the id of a task that has ended
		if err := s.clash(ctx, x); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.Config.Wait)
	defer cancel()
	if err := s.Commands.Submit(ctx, x); err != nil {
		s.Config.Log.ErrorContext(ctx, "a task cannot be sent", "request_id", serve.RequestID(ctx), "error", err)
		return nil, serve.Unavailable("the task cannot be recorded now: send it again with the same Idempotency-Key")
	}
	return &submitOutput{
		Status: http.StatusAccepted, Location: "/v1/panel/tasks/" + url.PathEscape(x.Task.ID),
		Body: Submitted{x.Task.ID, x.Task.Kind, x.Task.Key, max(x.Due, now), x.Priority},
	}, nil
}

// submissionOf returns what is asked for as a task. A repeat of the request has the same id.
func submissionOf(ctx context.Context, want taskcodec.Wanted, in *submitInput, now instant.Milli) *task.Submission {
	id, _, _ := strings.Cut(serve.CommandID(ctx, serve.Asked{Key: in.Key.Key, Content: in.RawBody}), ".")
	x := &task.Submission{
		Task: task.Task{ID: "tk_" + id, Kind: want.Kind, Key: want.Kind + "/" + want.Key, Payload: want.Payload, At: now},
		Due:  want.Due, Priority: want.Priority, Dedupe: want.Dedupe,
	}
	if want.Delay > 0 {
		x.Due = now.Add(want.Delay)
	}
	return x
}

// pointerOf returns the field of the request for a field of the submission.
func pointerOf(pointer string, want taskcodec.Wanted) string {
	switch {
	case pointer == "/dedupe":
		return "/dedupe_key"
	case pointer == "/due" && want.Delay != 0:
		return "/delay"
	default:
		return pointer
	}
}

// clash refuses an Idempotency-Key that has made another task, as far as that is known.
func (s *Routes) clash(ctx context.Context, x *task.Submission) error {
	if _, err := s.At(ctx, serve.Fresh{}, s.Sources.Tasks.Whole()); err != nil {
		return err
	}
	e, err := s.known(x.Task.ID)
	if err != nil || e == nil {
		return err
	}
	if e.Task.Kind != x.Task.Kind || e.Task.Key != x.Task.Key || e.Priority != x.Priority ||
		!bytes.Equal(e.Task.Payload, x.Task.Payload) {
		return serve.Conflict()
	}
	return nil
}
