package deadletter

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	deadlettercodec "github.com/millrace/millrace/codecs/deadletter"
	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/serve"
)

const batchesPath = "/v1/panel/dead-letter-batches"

// LetterBatch is a decision on many dead letters, and how far it is.
type LetterBatch struct {
	ID      *string        `json:"id" doc:"null for a dry run"`
	Action  string         `json:"action" enum:"@letter_op"`
	State   string         `json:"state" enum:"dry_run,running,complete,interrupted" doc:"interrupted: the server that did it has ended; the same request with the same Idempotency-Key goes on"`
	Total   int64          `json:"total" doc:"How many dead letters it is about"`
	Done    int64          `json:"done" doc:"How many it has decided"`
	Failed  int64          `json:"failed" doc:"How many it could not decide: they are as they were"`
	Reasons map[string]int `json:"reasons,omitempty" doc:"Of a dry run: how many there are of each reason"`
	UpTo    *instant.Milli `json:"up_to" format:"date-time" doc:"Of a dry run: what was filed later is not counted"`
	// Failures are the first that failed.
	Failures []LetterFailure `json:"failures" nullable:"false" doc:"The first ten that failed, if this server did it"`
	AsOf     serve.AsOf      `json:"as_of"`
}

// LetterFailure is a dead letter that a batch could not decide.
type LetterFailure struct {
	ID     string `json:"id" example:"payments-3-42"`
	Detail string `json:"detail" doc:"Why, for people"`
}

type batchInput struct {
	serve.Key
	Selection
	DryRun      bool   `query:"dry_run" doc:"Count, and decide nothing"`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"application/json"`
}

type batchOutput struct {
	Status   int
	Location string `header:"Location" doc:"Where its progress is"`
	Body     LetterBatch
}

type batchReadInput struct {
	serve.Fresh
	ID string `path:"id" maxLength:"128"`
}

type batchReadOutput struct{ Body LetterBatch }

// batchRoutes adds decisions on many dead letters.
func (s *Routes) batchRoutes() {
	for _, action := range deadletter.Ops() {
		op := s.UserWrite(string(action)+"-dead-letters", http.MethodPost, "/v1/panel/dead-letters/all/"+string(action),
			serve.TagPanel, "Decide on all dead letters that pass, in the background: "+string(action),
			serve.WriteAccess())
		op.Description = "Open ones are replayed and discarded, decided ones purged. First with `dry_run=true`: it counts those that pass, and says up to which time. Then with `expect` and `up_to` of that answer: 202, and the server decides them, oldest first, each as by " +
			"itself and once. If another number passes now it is 412, and nothing is done: count again. `Location` has the progress. If the server ends meanwhile, the same request with the same Idempotency-Key goes on with what is left."
		op.DefaultStatus = http.StatusAccepted
		op.Responses["200"] = &huma.Response{Description: "Of a dry run: the count"}
		op.Responses["202"] = &huma.Response{Description: "The server decides them: look at Location"}
		s.Answers(op, http.StatusPreconditionFailed, http.StatusUnsupportedMediaType)
		huma.Register(s.API, op, func(ctx context.Context, in *batchInput) (*batchOutput, error) {
			return s.batch(ctx, action, in)
		})
		s.Reads(op, reflect.TypeFor[deadlettercodec.LetterBatchBody]())
		registered := s.Registered(op)
		registered.Responses["200"].Content = registered.Responses["202"].Content
	}
	one := s.Read("get-dead-letter-batch", batchesPath+"/{id}", serve.TagPanel,
		"How far a decision on many dead letters is", serve.PanelAccess())
	one.Description = "`total` is known as long as a dead letter remembers the batch: its last 16 commands."
	huma.Register(s.API, one, s.batchRead)
}

func (s *Routes) batch(ctx context.Context, action deadletter.Op, in *batchInput) (*batchOutput, error) {
	if err := serve.CheckJSON(in.ContentType, in.RawBody); err != nil {
		return nil, err
	}
	body, err := deadlettercodec.BatchRequest(in.RawBody, in.DryRun)
	if err != nil {
		return nil, serve.Unreadable(err)
	}
	if p := checkReason(body.Reason, action != deadletter.Replay && !in.DryRun); p != nil {
		return nil, p
	}
	from, to, err := in.span()
	if err != nil {
		return nil, err
	}
	if !s.lettersOf(in.Group) {
		return nil, problem.Invalid("/query/group", "unknown_value", "there is no group of this name")
	}
	as, err := s.At(ctx, serve.Fresh{}, s.Sources.Letters.Whole())
	if err != nil {
		return nil, err
	}
	if in.DryRun {
		return s.counts(action, in, from, to, as), nil
	}
	command := s.batchCommand(ctx, action, in, body)
	id := verdict.Identity(command.ID)
	run, here := s.batches.of(id)
	known := s.Index.batch(id)
	if _, same := known[command.ID]; len(known) > 0 && !same || here && run.command != command.ID {
		return nil, serve.Conflict()
	}
	if !here || run.state != batchRunning {
		found, _ := s.Index.selected(action, in.Selection, from, to, body.UpTo)
		if n := int64(len(found)) + known[command.ID].done; n != body.Expect {
			return nil, problem.New(http.StatusPreconditionFailed, problem.PreconditionFailed,
				fmt.Sprintf("%d pass now, not %d: count again, with dry_run=true", n, body.Expect))
		}
		if !s.batches.start(ctx, s, command, found, body) {
			return nil, problem.Of(http.StatusServiceUnavailable).With("Retry-After", "1")
		}
	}
	out := &batchOutput{Status: http.StatusAccepted, Location: batchesPath + "/" + id}
	out.Body, _ = s.batchOf(id, as)
	return out, nil
}

// counts answers a dry run.
func (s *Routes) counts(action deadletter.Op, in *batchInput, from, to instant.Milli, as serve.AsOf) *batchOutput {
	now := instant.Of(s.Config.Now())
	found, reasons := s.Index.selected(action, in.Selection, from, to, now)
	body := LetterBatch{Action: string(action), State: batchDry, Total: int64(len(found)), Reasons: map[string]int{},
		UpTo: &now, Failures: []LetterFailure{}, AsOf: as}
	for reason, n := range reasons {
		body.Reasons[reason] = int(n)
	}
	return &batchOutput{Status: http.StatusOK, Location: batchesPath, Body: body}
}

// batchCommand returns the command that each letter of a batch gets, as far as it is the same for all. Its id holds
// what has to be known of the batch where nothing but rows is left of it: total and action.
func (s *Routes) batchCommand(ctx context.Context, action deadletter.Op, in *batchInput,
	body deadlettercodec.LetterBatchBody) deadletter.Command {
	content := append([]byte(nil), in.RawBody...)
	identity, fingerprint, _ := strings.Cut(serve.CommandID(ctx, serve.Asked{Key: in.Key.Key, Content: content}), ".")
	c := deadletter.Command{Op: action, Reason: body.Reason,
		ID: batchMark + identity + "." + string(action) + "." + strconv.FormatInt(body.Expect, 10) + "." + fingerprint}
	s.stamp(ctx, &c)
	return c
}

func (s *Routes) batchRead(ctx context.Context, in *batchReadInput) (*batchReadOutput, error) {
	as, err := s.At(ctx, in.Fresh, s.Sources.Letters.Whole())
	if err != nil {
		return nil, err
	}
	body, ok := s.batchOf(in.ID, as)
	if !ok {
		return nil, problem.Missing("batch of decisions on dead letters")
	}
	return &batchReadOutput{body}, nil
}

// batchOf returns how far a batch is: its count from the rows, which are the same for every server, and the rest from
// the server that does it.
func (s *Routes) batchOf(id string, as serve.AsOf) (LetterBatch, bool) {
	b := LetterBatch{ID: &id, State: batchInterrupted, Failures: []LetterFailure{}, AsOf: as}
	known := s.Index.batch(id)
	for command, n := range known {
		parts := strings.Split(command, ".")
		if len(parts) == 4 {
			b.Action = parts[1]
			b.Total, _ = strconv.ParseInt(parts[2], 10, 64) // a stranger's command has none
		}
		b.Done, b.Failed = n.done, n.refused
	}
	run, ok := s.batches.of(id)
	switch {
	case ok:
		b.Action, b.Total, b.State, b.Failed, b.Failures = run.action, run.total, run.state, run.failed, run.failures
	case len(known) == 0:
		return b, false
	}
	if b.Action == string(deadletter.Purge) { // no row knows of it
		b.Done = run.done
	}
	if !ok && b.Done+b.Failed >= b.Total {
		b.State = batchDone
	}
	return b, true
}
