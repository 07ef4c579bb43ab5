package views

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
)

// RecordReader reads records of the dead-letters topic, when somebody looks at them: rows do not carry them.
type RecordReader interface {
	// Read returns the records at the places, in order; nil where retention has taken the record.
	Read(ctx context.Context, places []Place) ([]*Record, error)
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
	Raw       *[]byte       `json:"raw_base64" contentEncoding:"base64" doc:"The source's bytes; null once retention has taken them, or where a write cannot read them now"`
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
	Items      []Letter `json:"items" nullable:"false"`
	NextCursor *string  `json:"next_cursor"`
	AsOf       AsOf     `json:"as_of"`
}

type lettersInput struct {
	Fresh
	Page
	Reason string `query:"reason" enum:"@dead_letter_reason" doc:"Only this reason"`
	Group  string `query:"group" maxLength:"256" doc:"Only of this group"`
	State  string `query:"state" enum:"@letter_state" doc:"Only those in this state"`
}

type lettersOutput struct{ Body Letters }

func (s *letterRoutes) letters() {
	op := s.read("list-dead-letters", "/v1/panel/dead-letters", tagPanel, "Records that could not be used, newest first", panelAccess())
	op.Description = "A page ends early once it holds 8 MiB of source bytes; `next_cursor` goes on from there."
	huma.Register(s.api, op, s.letterList)
	one := s.read("get-dead-letter", "/v1/panel/dead-letters/{id}", tagPanel, "One record that could not be used", panelAccess())
	huma.Register(s.api, one, s.letter)
	s.letterWrites()
}

type letterInput struct {
	Fresh
	ID string `path:"id" maxLength:"512" doc:"Topic, partition and offset of the source record" example:"payments-3-42"`
}

// LetterDetail is a dead letter by itself.
type LetterDetail struct {
	Letter
	AsOf AsOf `json:"as_of"`
}

type letterOutput struct{ Body LetterDetail }

func (s *letterRoutes) letter(ctx context.Context, in *letterInput) (*letterOutput, error) {
	as, err := s.at(ctx, in.Fresh, s.sources.letters.holding(in.ID))
	if err != nil {
		return nil, err
	}
	row, found, err := rowOf(s.kit, s.sources.letters, s.config.Topology.DeadLetters, in.ID)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, problem.Missing("dead letter")
	}
	items := []Letter{letterOf(in.ID, row)}
	if err := s.fill(ctx, items, []Place{{Partition: row.Partition, Offset: row.Offset}}); err != nil {
		return nil, err
	}
	return &letterOutput{LetterDetail{items[0], as.stamped(row.At)}}, nil
}

func (s *letterRoutes) letterList(ctx context.Context, in *lettersInput) (*lettersOutput, error) {
	as, err := s.at(ctx, in.Fresh, s.sources.letters.whole())
	if err != nil {
		return nil, err
	}
	filter := letterFilter{in.Reason, in.Group, in.State}
	if !s.lettersOf(in.Group) {
		return nil, problem.Invalid("/query/group", "unknown_value", "there is no group of this name")
	}
	c := cursorOf("dead-letters", filter.reason, filter.group, filter.state)
	after, err := letterAfter(c, in.Cursor)
	if err != nil {
		return nil, err
	}
	keys := s.index.page(filter, after, in.Limit+1)
	body := Letters{Items: []Letter{}}
	var places []Place
	var newest, size = instant.Milli(0), int64(0)
	for i, k := range keys {
		if i == in.Limit || size > pageBytes {
			body.NextCursor = c.encode(strconv.FormatInt(int64(keys[i-1].at), 10) + " " + keys[i-1].id)
			break
		}
		row, found, err := rowOf(s.kit, s.sources.letters, s.config.Topology.DeadLetters, k.id)
		if err != nil && !undecodable(err) {
			return nil, err
		}
		if !found || err != nil { // since it was listed
			continue
		}
		newest, size = max(newest, row.At), size+row.SizeBytes
		places = append(places, Place{Partition: row.Partition, Offset: row.Offset})
		body.Items = append(body.Items, letterOf(k.id, row))
	}
	if err := s.fill(ctx, body.Items, places); err != nil {
		return nil, err
	}
	body.AsOf = as.stamped(newest)
	return &lettersOutput{body}, nil
}

// lettersOf tells whether there may be letters of a group, or are some.
func (s *letterRoutes) lettersOf(group string) bool {
	known := func(g topology.GroupSpec) bool { return g.Name == group }
	return group == "" || slices.ContainsFunc(s.config.Topology.Groups(), known) || len(s.index.page(letterFilter{group: group}, letterKey{}, 1)) > 0
}

func (s *letterRoutes) fill(ctx context.Context, items []Letter, places []Place) error {
	if len(places) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Wait)
	defer cancel()
	records, err := s.records.Read(ctx, places)
	if err != nil {
		s.config.Log.WarnContext(ctx, "cannot read dead letters", "request_id", requestID(ctx), "error", err)
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

func letterAfter(c cursor, text string) (letterKey, error) {
	position, err := c.decode(text)
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
		decision = &LetterDecision{string(d.Op), d.Actor, d.Role, d.At, optional(d.Reason, d.Reason != ""), d.Edited}
	}
	return Letter{
		Decision: decision, ReplayOf: optional(row.Source.DeadLetter, row.Source.DeadLetter != ""),
		ID: id, Reason: string(row.Reason), Detail: row.Detail, Group: row.Group,
		Topic: row.Source.Topic, Partition: row.Source.Partition, Offset: row.Source.Offset,
		At: row.At, State: row.State.String(), Truncated: row.FullSizeBytes > 0,
	}
}

// TransformSchema implements huma.SchemaTransformer; what embeds a Letter has it, too.
func (Letter) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return refOrNull(s, "decision")
}
