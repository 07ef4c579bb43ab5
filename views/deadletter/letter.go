package deadletter

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/topology"
	"github.com/millrace/millrace/views/problem"
	"github.com/millrace/millrace/views/serve"
)

// RecordReader reads records of the dead-letters topic, when somebody looks at them: rows do not carry them.
type RecordReader interface {
	// Read returns the records at the places, in order; nil where retention has taken the record.
	Read(ctx context.Context, places []serve.Place) ([]*Record, error)
}

// Record is a record of the dead-letters topic.
type Record struct {
	Value   []byte // nil for a record without one
	Headers []deadletter.Header
}

// Letter is a record that could not be used.
type Letter struct {
	ID        string        `json:"id" example:"payments-3-42"`
	Reason    string        `json:"reason"`
	Detail    string        `json:"detail"`
	Group     string        `json:"group" doc:"Who could not use it"`
	Topic     string        `json:"topic" doc:"Of the source record"`
	Partition int32         `json:"partition"`
	Offset    int64         `json:"offset"`
	At        instant.Milli `json:"at" format:"date-time" doc:"When it was filed"`
	Raw       *[]byte       `json:"raw_base64" nullable:"true" contentEncoding:"base64" doc:"The source's bytes; null once retention has taken them, or where a write cannot read them now"`
	State     string        `json:"state" enum:"@letter_state" doc:"replayed: its record was sent again; if that failed, too, there is another dead letter, whose replay_of names this one"`
	// Decision is the last one.
	Decision *LetterDecision `json:"decision" doc:"The last one that was taken; null: none"`
	ReplayOf *string         `json:"replay_of" doc:"The dead letter as whose replay the record was sent; null: it was no replay"`
	// Truncated tells that raw_base64 is cut.
	Truncated bool `json:"truncated" doc:"raw_base64 is only the beginning"`
}

// LetterDecision says who decided what on a dead letter.
type LetterDecision struct {
	Action string        `json:"action" enum:"@letter_op"`
	Actor  string        `json:"actor"`
	Role   string        `json:"role" enum:"@command_role" doc:"The highest in the token"`
	At     instant.Milli `json:"at" format:"date-time"`
	Reason *string       `json:"reason" doc:"Why, where it was said"`
	Edited bool          `json:"edited" doc:"Other bytes were sent than the record had"`
}

// Letters is a page of dead letters, newest first.
type Letters struct {
	Items      []Letter   `json:"items" nullable:"false"`
	NextCursor *string    `json:"next_cursor"`
	AsOf       serve.AsOf `json:"as_of"`
}

type lettersInput struct {
	serve.Fresh
	serve.Page
	Reason string `query:"reason" enum:"@dead_letter_reason" doc:"Only this reason"`
	Group  string `query:"group" maxLength:"256" doc:"Only of this group"`
	State  string `query:"state" enum:"@letter_state" doc:"Only those in this state"`
}

type lettersOutput struct{ Body Letters }

// Register adds the routes.
func (s *Routes) Register() {
	op := s.Read("list-dead-letters", "/v1/panel/dead-letters", serve.TagPanel,
		"Records that could not be used, newest first", serve.PanelAccess())
	op.Description = "A page ends early once it holds 8 MiB of source bytes; `next_cursor` goes on from there."
	huma.Register(s.API, op, s.letterList)
	one := s.Read("get-dead-letter", "/v1/panel/dead-letters/{id}", serve.TagPanel, "One record that could not be used",
		serve.PanelAccess())
	huma.Register(s.API, one, s.letter)
	s.letterWrites()
	s.batches = newBatches()
	s.batchRoutes()
}

// Stop ends what goes on in the background. Register comes before.
func (s *Routes) Stop() { s.batches.stop() }

type letterInput struct {
	serve.Fresh
	ID string `path:"id" maxLength:"512" doc:"Topic, partition and offset of the source record" example:"payments-3-42"`
}

// LetterDetail is a dead letter by itself.
type LetterDetail struct {
	Letter
	AsOf serve.AsOf `json:"as_of"`
}

type letterOutput struct{ Body LetterDetail }

func (s *Routes) letter(ctx context.Context, in *letterInput) (*letterOutput, error) {
	as, err := s.At(ctx, in.Fresh, s.Sources.Letters.Holding(in.ID))
	if err != nil {
		return nil, err
	}
	row, found, err := serve.RowOf(s.Kit, s.Sources.Letters, s.Config.Topology.DeadLetters, in.ID)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, problem.Missing("dead letter")
	}
	items := []Letter{letterOf(in.ID, row)}
	if err := s.fill(ctx, items, []serve.Place{{Partition: row.Partition, Offset: row.Offset}}); err != nil {
		return nil, err
	}
	return &letterOutput{LetterDetail{items[0], as.Stamped(row.At)}}, nil
}

func (s *Routes) letterList(ctx context.Context, in *lettersInput) (*lettersOutput, error) {
	as, err := s.At(ctx, in.Fresh, s.Sources.Letters.Whole())
	if err != nil {
		return nil, err
	}
	filter := letterFilter{in.Reason, in.Group, in.State}
	if !s.lettersOf(in.Group) {
		return nil, problem.Invalid("/query/group", "unknown_value", "there is no group of this name")
	}
	c := serve.CursorOf("dead-letters", filter.reason, filter.group, filter.state)
	after, err := letterAfter(c, in.Cursor)
	if err != nil {
		return nil, err
	}
	keys := s.Index.page(filter, after, in.Limit+1)
	body := Letters{Items: []Letter{}}
	var places []serve.Place
	var newest, size = instant.Milli(0), int64(0)
	for i, k := range keys {
		if i == in.Limit || size > serve.PageBytes {
			body.NextCursor = c.Encode(strconv.FormatInt(int64(keys[i-1].at), 10) + " " + keys[i-1].id)
			break
		}
		row, found, err := serve.RowOf(s.Kit, s.Sources.Letters, s.Config.Topology.DeadLetters, k.id)
		if err != nil && !serve.Undecodable(err) {
			return nil, err
		}
		if !found || err != nil { // since it was listed
			continue
		}
		newest, size = max(newest, row.At), size+row.SizeBytes
		places = append(places, serve.Place{Partition: row.Partition, Offset: row.Offset})
		body.Items = append(body.Items, letterOf(k.id, row))
	}
	if err := s.fill(ctx, body.Items, places); err != nil {
		return nil, err
	}
	body.AsOf = as.Stamped(newest)
	return &lettersOutput{body}, nil
}

// lettersOf tells whether there may be letters of a group, or are some.
func (s *Routes) lettersOf(group string) bool {
	known := func(g topology.GroupSpec) bool { return g.Name == group }
	return group == "" || slices.ContainsFunc(s.Config.Topology.Groups(), known) ||
		len(s.Index.page(letterFilter{group: group}, letterKey{}, 1)) > 0
}

func (s *Routes) fill(ctx context.Context, items []Letter, places []serve.Place) error {
	if len(places) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.Config.Wait)
	defer cancel()
	records, err := s.Records.Read(ctx, places)
	if err != nil {
		s.Config.Log.WarnContext(ctx, "cannot read dead letters", "request_id", serve.RequestID(ctx), "error", err)
		return problem.Of(503).With("Retry-After", "1")
	}
	for i := range items {
		if i < len(records) && records[i] != nil {
			raw := append([]byte{}, records[i].Value...)
			items[i].Raw = &raw
		}
	}
	return nil
}

func letterAfter(c serve.Cursor, text string) (letterKey, error) {
	position, err := c.Decode(text)
	if err != nil || position == "" {
		return letterKey{}, err
	}
	at, id, _ := strings.Cut(position, " ")
	n, err := strconv.ParseInt(at, 10, 64)
	if err != nil || id == "" {
		return letterKey{}, problem.Invalid("/query/cursor", "malformed", "not a next_cursor")
	}
	return letterKey{instant.Milli(n), id}, nil
}

func letterOf(id string, row *deadletter.Row) Letter {
	var decision *LetterDecision
	if d := row.Decision; d != nil {
		decision = &LetterDecision{string(d.Op), d.Actor, d.Role, d.At, serve.Optional(d.Reason, d.Reason != ""),
			d.Edited}
	}
	return Letter{
		Decision: decision, ReplayOf: serve.Optional(row.Source.DeadLetter, row.Source.DeadLetter != ""),
		ID: id, Reason: string(row.Reason), Detail: row.Detail, Group: row.Group,
		Topic: row.Source.Topic, Partition: row.Source.Partition, Offset: row.Source.Offset,
		At: row.At, State: row.State.String(), Truncated: row.FullSizeBytes > 0,
	}
}

// TransformSchema implements huma.SchemaTransformer; what embeds a Letter has it, too.
func (Letter) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return serve.RefOrNull(s, "decision")
}
