package task

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/serve"
)

// Task is one piece of work, with where it stands.
type Task struct {
	ID          string         `json:"id" example:"tk_6f0c"`
	Kind        string         `json:"kind" example:"reward_payout"`
	Key         string         `json:"key" doc:"Tasks of one key run one after the other" example:"usr_1"`
	State       string         `json:"state" enum:"@task_state" doc:"waiting: for its time, or for others of its key; parked: it failed and is tried again, or was put off; dead: it is a dead letter"`
	Attempt     int64          `json:"attempt" doc:"Attempts that have begun, the one under way included; a replayed dead letter begins anew"`
	MaxAttempts int64          `json:"max_attempts"`
	Due         instant.Milli  `json:"due" format:"date-time" doc:"When it may run, or is tried again; of a run under way, when that is given up"`
	Created     instant.Milli  `json:"created" format:"date-time"`
	Since       instant.Milli  `json:"since" format:"date-time" doc:"When it came to its state"`
	Deadline    *instant.Milli `json:"deadline" format:"date-time" doc:"After it no attempt runs; null: none"`
	Priority    int64          `json:"priority" doc:"Higher ones of a key run first"`
	LastError   *string        `json:"last_error" doc:"Of the last attempt that failed; null: none has"`
}

// Tasks is a page of tasks.
type Tasks struct {
	Items      []Task     `json:"items" nullable:"false"`
	NextCursor *string    `json:"next_cursor"`
	AsOf       serve.AsOf `json:"as_of"`
}

// Run is one call of a handler that is over.
type Run struct {
	Run    int64         `json:"run" doc:"Runs are counted from 1"`
	From   instant.Milli `json:"from" format:"date-time"`
	To     instant.Milli `json:"to" format:"date-time"`
	Ending string        `json:"ending" enum:"@task_ending"`
	Code   *string       `json:"code" doc:"Of a failure, as policies know it"`
	Error  *string       `json:"error" doc:"Of a failure, for people"`
}

// Detail is a task with its runs.
type Detail struct {
	Task
	IdempotencyKey string          `json:"idempotency_key" doc:"The same for every run: by it a receiver knows a repetition"`
	Payload        json.RawMessage `json:"payload" doc:"What the handler gets; null: nothing"`
	Runs           []Run           `json:"runs" nullable:"false" doc:"Those that are over: the first 4 and the last 28"`
	Omitted        int64           `json:"runs_omitted" doc:"Runs between those"`
	AsOf           *serve.AsOf     `json:"as_of,omitempty"`
}

func (s *Routes) taskOf(e *task.Entry, now instant.Milli) Task {
	kind, ok := s.Kinds.Find(e.Task.Kind)
	if !ok {
		kind = task.DefaultKind(e.Task.Kind)
	}
	state := e.StateAt(now)
	out := Task{
		ID: e.Task.ID, Kind: e.Task.Kind, Key: e.Task.Key, State: state.Shown(), Attempt: e.Attempts,
		MaxAttempts: kind.Retry.MaxAttempts, Due: e.Due, Created: e.Arrived, Since: e.Since, Priority: e.Priority,
		Deadline: serve.Optional(e.Deadline, e.Deadline != 0),
	}
	if state == task.Running || state == task.Succeeded || state == task.Sent {
		out.Attempt++
	}
	if e.Until != 0 {
		out.Due = e.Until
	}
	for _, past := range e.History.Runs {
		if past.Ending == task.RunFailed || past.Ending == task.RunTimedOut {
			text := past.Error
			if text == "" {
				text = past.Code
			}
			out.LastError = &text
		}
	}
	return out
}

func (s *Routes) detailOf(e *task.Entry, now instant.Milli) Detail {
	d := Detail{Task: s.taskOf(e, now), IdempotencyKey: e.IdempotencyKey(), Runs: []Run{}, Omitted: e.History.Omitted}
	if d.Payload = e.Task.Payload; !json.Valid(d.Payload) {
		d.Payload = json.RawMessage("null")
	}
	for _, p := range e.History.Runs {
		d.Runs = append(d.Runs, Run{Run: p.Run, From: p.From, To: p.To, Ending: string(p.Ending),
			Code: serve.Optional(p.Code, p.Code != ""), Error: serve.Optional(p.Error, p.Error != "")})
	}
	return d
}

type tasksInput struct {
	serve.Fresh
	serve.Page
	Kind  string `query:"kind" maxLength:"64" doc:"Only this kind"`
	State string `query:"state" enum:"@task_state" doc:"Only this state"`
	Key   string `query:"key" maxLength:"256" doc:"Only this ordering key"`
}

type tasksOutput struct{ Body Tasks }

type taskInput struct {
	serve.Fresh
	ID string `path:"id" maxLength:"256"`
}

type taskOutput struct{ Body Detail }

func (s *Routes) reads() {
	list := s.Read("list-tasks", "/v1/panel/tasks", serve.TagPanel, "Tasks, by ordering key", serve.PanelAccess())
	list.Description = "Those of one key are in the order in which they run; those that have ended follow, as long as " +
		"their kind keeps them. A page may be shorter than asked, even empty: `next_cursor` goes on from there."
	huma.Register(s.API, list, s.list)
	one := s.Read("get-task", "/v1/panel/tasks/{id}", serve.TagPanel, "One task with its runs", serve.PanelAccess())
	huma.Register(s.API, one, s.get)
}

func (s *Routes) list(ctx context.Context, in *tasksInput) (*tasksOutput, error) {
	as, err := s.At(ctx, in.Fresh, s.Sources.Tasks.Whole())
	if err != nil {
		return nil, err
	}
	c := serve.CursorOf("tasks", in.Kind, in.State, in.Key)
	position, err := c.Decode(in.Cursor)
	if err != nil {
		return nil, err
	}
	from, skip := placeOf(position)
	body := Tasks{Items: []Task{}}
	now, scanned := instant.Of(s.Config.Now()), 0
	err = s.Sources.Tasks.Ascend(max(from, in.Key), func(key string, value []byte) bool {
		if owner, _ := task.KeyOf(key); in.Key != "" && owner != in.Key {
			return false // pages and ended tasks of a key lie right behind its queue
		}
		row, err := serve.DecodedRow(s.Kit, s.Sources.Tasks, s.Config.Topology.TaskQueues, key, value)
		if err != nil {
			return true // it is in the log
		}
		for i, e := range entriesOf(row) {
			if key == from && i < skip {
				continue
			}
			if len(body.Items) == in.Limit || scanned == serve.ScanLimit {
				body.NextCursor = c.Encode(strconv.Itoa(i) + " " + key)
				return false
			}
			scanned++
			item := s.taskOf(e, now)
			if (in.Kind == "" || item.Kind == in.Kind) && (in.State == "" || item.State == in.State) {
				body.Items = append(body.Items, item)
			}
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	body.AsOf = as
	return &tasksOutput{body}, nil
}

// placeOf reads where a page begins: at the n-th task of a row.
func placeOf(position string) (row string, n int) {
	number, row, _ := strings.Cut(position, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		return "", 0
	}
	return row, n
}

func (s *Routes) get(ctx context.Context, in *taskInput) (*taskOutput, error) {
	as, err := s.At(ctx, in.Fresh, s.Sources.Tasks.Whole())
	if err != nil {
		return nil, err
	}
	e, err := s.find(in.ID)
	if err != nil {
		return nil, err
	}
	d := s.detailOf(e, instant.Of(s.Config.Now()))
	as = as.Stamped(e.Since)
	d.AsOf = &as
	return &taskOutput{d}, nil
}

// find returns a task by its id: as it stands in its queue or, if it has ended, as its kind keeps it.
func (s *Routes) find(id string) (*task.Entry, error) {
	found, err := s.known(id)
	if err == nil && found == nil {
		return nil, problem.Missing("task")
	}
	return found, err
}

// known is find, and nil for a task that there is not.
func (s *Routes) known(id string) (*task.Entry, error) {
	var found *task.Entry
	for _, key := range s.Index.find(id) {
		row, ok, err := serve.RowOf(s.Kit, s.Sources.Tasks, s.Config.Topology.TaskQueues, key)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		for _, e := range entriesOf(row) {
			if e.Task.ID == id && (found == nil || found.State.Final()) {
				found = e
			}
		}
	}
	return found, nil
}
