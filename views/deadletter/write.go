package deadletter

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/serve"

	deadlettercodec "github.com/millrace/millrace/codecs/deadletter"
	"github.com/millrace/millrace/codecs/doc"
	taskcodec "github.com/millrace/millrace/codecs/task"
	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/views/problem"
)

// LetterContent is a write on a dead letter.
type LetterContent struct {
	serve.Key
	ID          string `path:"id" maxLength:"512" doc:"Topic, partition and offset of the source record" example:"payments-3-42"`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"application/json"`
}

// maxReplayBody holds the largest record that can be used, in base64.
const maxReplayBody = 2 << 20

// letterWrites adds what people decide on dead letters.
func (s *Routes) letterWrites() {
	replay := s.UserWrite("replay-dead-letter", http.MethodPost, "/v1/panel/dead-letters/{id}/replay", serve.TagPanel,
		"Send the record of a dead letter again, as it was or edited", serve.WriteAccess())
	replay.Description = "The record goes to payments under the key it had, once, with the header " +
		stream.HeaderDeadLetter + ", which names the dead letter; if it fails again, that is " +
		"another dead letter, whose replay_of names this one. A dead letter that is open or discarded can be replayed, one whose record is of payments; the ledger drops an event that it has taken already. " +
		"An exhausted task goes back into the queue of its key, at its old place, under the same idempotency key; edited, only its payload may differ. Once discarded it cannot be replayed. " +
		"The answer has what became of the command, not of the record; without a verdict within 5 s it is 202. Among the last 16 commands on the dead letter the same Idempotency-Key has the same verdict."
	replay.MaxBodyBytes = maxReplayBody
	s.Answers(replay, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	huma.Register(s.API, replay, s.replayLetter)
	s.Written(replay, reflect.TypeFor[deadlettercodec.ReplayBody](), reflect.TypeFor[Letter]())
	s.Registered(replay).RequestBody.Required = false
	discard := s.UserWrite("discard-dead-letter", http.MethodPost, "/v1/panel/dead-letters/{id}/discard",
		serve.TagPanel,
		"Say that the record of a dead letter is not needed", serve.WriteAccess())
	discard.Description = "The dead letter stays, as discarded, with who said so and why; it can still be replayed, unless it is an exhausted task: then a reward that waits for it fails as discarded. " +
		"Without a verdict within 5 s the answer is 202. Among the last 16 commands on the dead letter the same Idempotency-Key has the same verdict."
	s.Answers(discard, http.StatusPreconditionFailed, http.StatusUnsupportedMediaType)
	huma.Register(s.API, discard, s.discardLetter)
	s.Written(discard, reflect.TypeFor[doc.ReasonBody](), reflect.TypeFor[Letter]())
	purge := s.UserWrite("purge-dead-letter", http.MethodPost, "/v1/panel/dead-letters/{id}/purge", serve.TagPanel,
		"Forget a dead letter that is decided", serve.WriteAccess())
	purge.Description = "It leaves the list for good; the audit has who did it and why. One that is open is replayed or discarded first. The answer has it as it was. " +
		"The bytes stay in the topic until its retention takes them. Without a verdict within 5 s the answer is 202."
	s.Answers(purge, http.StatusPreconditionFailed, http.StatusUnsupportedMediaType)
	huma.Register(s.API, purge, s.purgeLetter)
	s.Written(purge, reflect.TypeFor[doc.ReasonBody](), reflect.TypeFor[Letter]())
}

func (s *Routes) purgeLetter(ctx context.Context, in *LetterContent) (*serve.UserWrittenOutput, error) {
	return s.giveUp(ctx, in, deadletter.Purge, nil)
}

func (s *Routes) discardLetter(ctx context.Context, in *LetterContent) (*serve.UserWrittenOutput, error) {
	return s.giveUp(ctx, in, deadletter.Discard, s.fillDiscard)
}

// giveUp has a letter discarded or purged, which needs a reason.
func (s *Routes) giveUp(ctx context.Context, in *LetterContent, op deadletter.Op,
	fill func(context.Context, *deadletter.Row, *deadletter.Command) error) (*serve.UserWrittenOutput, error) {
	if err := serve.CheckJSON(in.ContentType, in.RawBody); err != nil {
		return nil, err
	}
	reason, err := doc.ReasonRequest(in.RawBody)
	if err != nil {
		return nil, serve.Unreadable(err)
	}
	if p := checkReason(reason, true); p != nil {
		return nil, p
	}
	return s.decide(ctx, in, &deadletter.Command{Op: op, Reason: reason}, fill)
}

func (s *Routes) replayLetter(ctx context.Context, in *LetterContent) (*serve.UserWrittenOutput, error) {
	body := in.RawBody
	if len(body) == 0 && in.ContentType == "" {
		body = []byte("{}")
	} else if err := serve.CheckJSON(in.ContentType, body); err != nil {
		return nil, err
	}
	reason, raw, err := deadlettercodec.ReplayRequest(body)
	if err != nil {
		return nil, serve.Unreadable(err)
	}
	if p := checkReason(reason, false); p != nil {
		return nil, p
	}
	if len(raw) > stream.SourceLimit {
		return nil, problem.Invalid("/raw_base64", "invalid_field", "is more than 1 MiB, which no group takes")
	}
	return s.decide(ctx, in, &deadletter.Command{Op: deadletter.Replay, Reason: reason, Value: raw, Edited: raw != nil},
		s.fillReplay)
}

func checkReason(reason string, needed bool) *problem.Problem {
	switch {
	case needed && strings.TrimSpace(reason) == "":
		return problem.Invalid("/reason", "invalid_field", "is required")
	case len([]rune(reason)) > 500:
		return problem.Invalid("/reason", "invalid_field", "is longer than 500 characters")
	}
	return nil
}

// decide has a command judged by the group that keeps dead letters. fill adds what the command needs of the row, unless
// it was judged before.
func (s *Routes) decide(ctx context.Context, in *LetterContent, c *deadletter.Command,
	fill func(context.Context, *deadletter.Row, *deadletter.Command) error) (*serve.UserWrittenOutput, error) {
	c.ID, c.LetterID = serve.CommandID(ctx, serve.Asked{Key: in.Key.Key, Content: in.RawBody}), in.ID
	s.stamp(ctx, c)
	return s.order(ctx, c, fill)
}

// stamp says who gives a command, and when.
func (s *Routes) stamp(ctx context.Context, c *deadletter.Command) {
	c.Actor, c.Role = serve.Identity(ctx).Subject, serve.RoleOf(ctx)
	c.Proof, c.At = serve.Proved(ctx), instant.Of(s.Config.Now())
}

// order has a command judged, as it stands.
func (s *Routes) order(ctx context.Context, c *deadletter.Command,
	fill func(context.Context, *deadletter.Row, *deadletter.Command) error) (*serve.UserWrittenOutput, error) {
	if _, err := s.At(ctx, serve.Fresh{}, s.Sources.Letters.Holding(c.LetterID)); err != nil {
		return nil, err
	}
	row, found, err := serve.RowOf(s.Kit, s.Sources.Letters, s.Config.Topology.DeadLetters, c.LetterID)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, problem.Missing("dead letter")
	}
	c.Partition, c.Offset = row.Partition, row.Offset
	if _, judged := row.Verdicts.Find(c.ID); !judged && !row.Verdicts.Clash(c.ID) && fill != nil {
		if err := fill(ctx, row, c); err != nil {
			return nil, err
		}
	}
	return serve.Obey(ctx, s.Kit, serve.UserCommand[*deadletter.Row]{
		ID: c.ID, User: c.LetterID, Table: s.Sources.Letters, Group: s.Config.Topology.DeadLetters,
		Watchers: s.Watchers.Letters,
		Verdicts: func(row *deadletter.Row) verdict.List {
			switch {
			case row == nil && c.Op == deadletter.Purge: // it is gone, as was asked for
				return verdict.List{{CommandID: c.ID, Result: verdict.Applied}}
			case row == nil:
				return nil
			}
			return row.Verdicts
		},
		Send:     func(ctx context.Context) error { return s.Commands.Send(ctx, c) },
		Location: "/v1/panel/dead-letters/" + url.PathEscape(c.LetterID),
		Shown: func(now *deadletter.Row) (any, error) {
			if now != nil {
				row = now // else as it was
			}
			items := []Letter{letterOf(c.LetterID, row)}
			// it is decided, whether or not its bytes can be read now
			_ = s.fill(ctx, items, []serve.Place{{Partition: row.Partition, Offset: row.Offset}})
			return items[0], nil
		},
	})
}

// fillReplay adds the record that is to be sent: bytes, key and headers of the source, as the dead letter has them.
func (s *Routes) fillReplay(ctx context.Context, row *deadletter.Row, c *deadletter.Command) error {
	if row.Reason == payment.TaskExhausted {
		return s.fillTask(ctx, row, c)
	}
	payments, tasks := s.Config.Topology.Payments.Name, s.Config.Topology.Tasks.Name
	switch row.Source.Topic {
	case payments, tasks:
	default:
		return serve.Unfit("it is of the topic " + row.Source.Topic + ": only records of " + payments + " and " +
			tasks + " can be sent again; give the command, or the definition, anew")
	}
	record, err := s.record(ctx, row)
	if err != nil {
		return err
	}
	switch {
	case c.Edited:
	case record == nil:
		return serve.Unfit("retention has taken its bytes: give them as raw_base64")
	case row.FullSizeBytes > 0 || len(record.Value) > stream.SourceLimit:
		return serve.Unfit("it was too large, and only its beginning was kept: give what is to be sent as raw_base64")
	default:
		c.Value = record.Value
	}
	if row.Source.Topic == tasks {
		if err := s.checkTask(c); err != nil {
			return err
		}
	}
	if record == nil {
		return nil
	}
	for _, h := range record.Headers {
		switch {
		case h.Name == stream.HeaderKey:
			c.Key = h.Value
		case !strings.HasPrefix(h.Name, headerPrefix):
			c.Headers = append(c.Headers, h)
		}
	}
	return nil
}

// checkTask tells why a task that was not taken in cannot be sent again.
func (s *Routes) checkTask(c *deadletter.Command) error {
	if c.Edited {
		return problem.Invalid("/raw_base64", "invalid_field",
			"a task that was not taken in is sent again as it was: submit another one, or discard it")
	}
	submission, err := s.Config.Topology.Tasks.Codec.Decode(c.Value)
	if err != nil {
		return serve.Unfit("its bytes are no task: submit it anew")
	}
	return s.checkKind(submission.Task.Kind)
}

// checkKind tells whether tasks of a kind can be taken in.
func (s *Routes) checkKind(kind string) error {
	if _, ok := s.Kinds.Find(kind); !ok {
		return serve.Unfit("the kind of the task is not declared: declare it under tasks.kinds first, then replay " +
			"this letter")
	}
	return nil
}

// record returns the record of a dead letter, nil if retention has taken it.
func (s *Routes) record(ctx context.Context, row *deadletter.Row) (*Record, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Config.Wait)
	defer cancel()
	records, err := s.Records.Read(ctx, []serve.Place{{Partition: row.Partition, Offset: row.Offset}})
	if err != nil || len(records) != 1 {
		s.Config.Log.WarnContext(ctx, "cannot read a dead letter", "request_id", serve.RequestID(ctx), "error", err)
		return nil, problem.Of(http.StatusServiceUnavailable).With("Retry-After", "1")
	}
	return records[0], nil
}

// fillDiscard adds an exhausted task, which whoever waits for it is told of.
func (s *Routes) fillDiscard(ctx context.Context, row *deadletter.Row, c *deadletter.Command) error {
	if row.Reason != payment.TaskExhausted {
		return nil
	}
	return s.fillTask(ctx, row, c)
}

// fillTask adds an exhausted task as its letter has it. Edited, it is still the same task.
func (s *Routes) fillTask(ctx context.Context, row *deadletter.Row, c *deadletter.Command) error {
	record, err := s.record(ctx, row)
	switch {
	case err != nil:
		return err
	case record == nil:
		return serve.Unfit("retention has taken the task: submit it anew")
	}
	was, err := taskcodec.ParseLetter(record.Value)
	if err != nil {
		return serve.Unfit("its bytes are no exhausted task: submit it anew")
	}
	if c.Op == deadletter.Replay {
		if err := s.checkKind(was.Entry.Task.Kind); err != nil {
			return err
		}
	}
	if !c.Edited {
		c.Value = record.Value
		return nil
	}
	letter, err := taskcodec.ParseLetter(c.Value)
	if err != nil {
		return problem.Invalid("/raw_base64", "invalid_field", "write the task's JSON, with another payload")
	}
	is := letter.Entry.Task
	if len(is.Payload) > task.MaxPayload {
		return problem.Invalid("/raw_base64", "invalid_field", "payload: write at most 192 KiB")
	}
	if is.ID != was.Entry.Task.ID || is.Kind != was.Entry.Task.Kind || is.Key != was.Entry.Task.Key {
		return problem.Invalid("/raw_base64", "invalid_field", "id, kind and key: write those of the dead letter")
	}
	was.Entry.Task.Payload = is.Payload // nothing else is people's to change
	c.Value = taskcodec.LetterJSON(*was)
	return nil
}

// headerPrefix begins the names of the headers that Millrace gives a dead letter; the others are the source's own.
const headerPrefix = "mr-"

// LetterCommands hands on what people decide on dead letters. Send returns once the command will not be lost; what
// became of it stands in the letter's row.
type LetterCommands interface {
	Send(ctx context.Context, c *deadletter.Command) error
}
