package catalog

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/views/serve"

	rewardcodec "github.com/millrace/millrace/codecs/reward"
	"github.com/millrace/millrace/domain/budget"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/views/problem"
)

// CodesAdded is the answer to codes for a pool. No code is in it.
type CodesAdded struct {
	Pool          string                   `json:"pool_id"`
	Codes         int                      `json:"codes" doc:"Different codes in the body"`
	InPool        int                      `json:"in_pool" doc:"How many of them the pool has already, as far as its stock has taken earlier uploads in; they are left out when they come to it"`
	StockBehind   int64                    `json:"stock_behind" doc:"Codes of earlier uploads that the stock has not taken in yet, as far as this server has read: in_pool may be too low by as many"`
	Duplicates    int                      `json:"duplicates" doc:"Codes that were in the body before"`
	RepeatedLines []int                    `json:"repeated_lines,omitempty" doc:"The first of their lines"`
	Blank         int                      `json:"blank_lines"`
	Refused       int                      `json:"refused" doc:"Lines that are no code. Of a body with such lines nothing is taken; only a dry run answers with them"`
	Problems      []problem.Field          `json:"problems,omitempty" doc:"Of a dry run: the first of them"`
	Dialect       rewardcodec.CodesDialect `json:"dialect" doc:"How the body is written"`
	Shapes        []rewardcodec.CodeShape  `json:"shapes" nullable:"false" doc:"What the codes look like, most frequent first, at most 10"`
	Commands      []string                 `json:"command_ids" nullable:"false" doc:"The audit has a line for each, with the number of codes and a digest of them; none for a dry run"`
	Status        string                   `json:"status" enum:"done,pending,dry_run" doc:"pending: not all commands are judged yet; the same body again is the same commands"`
}

type codesInput struct {
	serve.Conditions
	ItemID
	DryRun      bool   `query:"dry_run" doc:"Say what would be taken and what would not, and take nothing"`
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"text/csv"`
}

type codesOutput struct {
	Status   int
	Location string `header:"Location" doc:"The pool"`
	Body     CodesAdded
}

// codesInFlight is how many commands of one upload wait for their verdicts at a time: the row remembers a few more.
const codesInFlight = 8

func (s *Routes) poolCodes(c Collection) {
	op := s.Write("add-pool-codes", http.MethodPost, c.Path+"/{id}/codes",
		"Gift codes for a pool: text/csv, one a line")
	op.Description = "UTF-8 or UTF-16, with or without byte order mark, one field a line in quotes or not; a first line `code` is a header. What is not surely a code " +
		"(other headings, comments, totals, `sep=`, numbers that a spreadsheet has made scientific, what does not fit the pool's `code_pattern`) is refused by its line, and " +
		"then nothing is taken; `dry_run=true` says so beforehand. Codes are at most 256 bytes; what is twice is taken once. They are handed on to the pool's stock and " +
		"kept nowhere else; the audit has their number and a digest. The same body again is the same commands; an Idempotency-Key makes it another."
	op.MaxBodyBytes = serve.MaxAnyBytes
	op.Responses["413"] = s.ProblemResponse(problem.Of(http.StatusRequestEntityTooLarge).Title)
	huma.Register(s.API, op, c.addCodes)
	codes := s.Registered(op)
	codes.RequestBody.Content["text/csv"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString},
		Example: "code\nABCD-1234\nABCD-5678\n"}
	codes.Responses["202"].Content = codes.Responses["200"].Content
}

func (c Collection) addCodes(ctx context.Context, in *codesInput) (*codesOutput, error) {
	if !serve.IsMedia(in.ContentType, "text/csv") {
		return nil, problem.New(http.StatusUnsupportedMediaType, problem.UnsupportedMedia, "codes are text/csv")
	}
	when, err := in.Precondition("")
	if err != nil {
		return nil, err
	}
	s, key := c.Server, catalog.Key(c.Kind, in.ID)
	if _, err := s.At(ctx, serve.Fresh{}, s.Sources.Catalog.Holding(key)); err != nil {
		return nil, err
	}
	pool, err := c.poolOf(in.ID)
	if err != nil {
		return nil, err
	}
	file := rewardcodec.ReadCodes(in.RawBody, pool.Pattern)
	if len(file.Problems) > 0 && !in.DryRun {
		return nil, refusedCodes(file)
	}
	out := &codesOutput{Status: http.StatusOK, Location: c.location(in.ID), Body: codesAdded(in.ID, file)}
	if out.Body.StockBehind, err = s.stockBehind(pool); err != nil {
		return nil, err
	}
	if out.Body.InPool, err = s.inPool(in.ID, file.Codes); err != nil || in.DryRun {
		return out, err
	}
	codes := file.Codes
	if in.Key == "" { // a repeat by mistake is the usual one
		in.Key = catalog.CodesDigest(codes)
	}
	var commands []*catalog.Command
	for i, chunk := range chunks(codes) {
		id := serve.CommandID(ctx, serve.Asked{Key: in.Key + "#" + strconv.Itoa(i), Match: in.IfMatch,
			Content: []byte(catalog.CodesDigest(chunk))})
		command := catalog.NewCodes(id, serve.Identity(ctx).Subject, instant.Of(s.Config.Now()), in.ID, chunk)
		command.Reason = in.Reason
		commands, out.Body.Commands = append(commands, command), append(out.Body.Commands, id)
	}
	out.Body.Status = "done"
	switch err := c.judgeAll(ctx, key, when, commands); {
	case errors.Is(err, serve.ErrPending):
		out.Status, out.Body.Status = http.StatusAccepted, "pending"
	case err != nil:
		return nil, err
	}
	return out, nil
}

// poolOf returns a pool that is there.
func (c Collection) poolOf(id string) (catalog.Pool, error) {
	row, _, err := serve.RowOf(c.Server.Kit, c.Server.Sources.Catalog, c.Server.Config.Topology.Catalog,
		catalog.Key(c.Kind, id))
	if err != nil {
		return catalog.Pool{}, err
	}
	if row != nil {
		if pool, ok := row.Entity.(catalog.Pool); ok {
			return pool, nil
		}
	}
	return catalog.Pool{}, problem.Missing(string(c.Kind))
}

// codesAdded returns what is said of a file, as of a dry run.
func codesAdded(pool string, file *rewardcodec.CodesFile) CodesAdded {
	out := CodesAdded{
		Pool: pool, Codes: len(file.Codes), Duplicates: file.Duplicates, RepeatedLines: file.RepeatedLines,
		Blank: file.Blank, Refused: file.Refused,
		Dialect: file.Dialect, Shapes: file.Shapes, Commands: []string{}, Status: "dry_run",
	}
	if out.Shapes == nil {
		out.Shapes = []rewardcodec.CodeShape{}
	}
	for _, p := range file.Problems {
		out.Problems = append(out.Problems, problem.Field{Pointer: p.Pointer, Code: p.Code, Detail: p.Detail})
	}
	return out
}

func refusedCodes(file *rewardcodec.CodesFile) *problem.Problem {
	p := serve.Refused(file.Problems)
	if file.Refused == 0 {
		p.Detail = "the file holds no codes: nothing was taken"
		return p
	}
	p.Detail = fmt.Sprintf("%d lines are no codes, and nothing was taken; %d others would be: a dry run shows both",
		file.Refused, len(file.Codes))
	return p
}

// inPool returns how many of the codes a pool has, as far as the server has read.
func (s *Routes) inPool(pool string, codes []string) (int, error) {
	rows, n := map[string]*budget.Row{}, 0
	for _, code := range codes {
		key := budget.KnownKey(pool, code)
		row, asked := rows[key]
		if !asked {
			var err error
			if row, _, err = serve.RowOf(s.Kit, s.Sources.Budget, s.Config.Topology.Budget, key); err != nil {
				return 0, err
			}
			rows[key] = row
		}
		if row.Has(code) {
			n++
		}
	}
	return n, nil
}

// stockBehind returns how many codes were handed on to a pool's stock that it has not taken in yet, as far as the
// server has read.
func (s *Routes) stockBehind(pool catalog.Pool) (int64, error) {
	row, _, err := serve.RowOf(s.Kit, s.Sources.Budget, s.Config.Topology.Budget, budget.PoolKey(pool.PoolID))
	if err != nil || row == nil {
		return pool.Added, err
	}
	return max(0, pool.Added-row.Pool.Received()), nil
}

// judgeAll has the commands of one upload judged in order. One that was judged before is not sent again.
func (c Collection) judgeAll(ctx context.Context, key string, when serve.Precondition,
	commands []*catalog.Command) error {
	s := c.Server
	changed, end := s.Watchers.Catalog.Watch(key)
	defer end()
	var waiting []*catalog.Command
	for i, command := range commands {
		row, _, err := serve.RowOf(s.Kit, s.Sources.Catalog, s.Config.Topology.Catalog, key)
		switch {
		case err != nil:
			return err
		case row == nil || row.Entity == nil:
			return problem.Missing(string(c.Kind))
		case row.Clash(command.ID):
			return serve.Conflict()
		}
		if i == 0 {
			if command.Expected, err = when.Expected(row, command); err != nil {
				return err
			}
		}
		if _, judged := row.Verdict(command.ID); !judged {
			if err := s.sendProved(ctx, command); err != nil {
				return s.Unsent(ctx, err)
			}
		}
		// the first tells whether it can be at all
		if waiting = append(waiting, command); len(waiting) == codesInFlight || i == 0 {
			if err := s.verdictOf(ctx, key, waiting[0].ID, changed); err != nil {
				return err
			}
			waiting = waiting[1:]
		}
	}
	for _, command := range waiting {
		if err := s.verdictOf(ctx, key, command.ID, changed); err != nil {
			return err
		}
	}
	return nil
}

// verdictOf waits for the verdict on a command that was sent: nil if it was not refused.
func (s *Routes) verdictOf(ctx context.Context, key, id string, changed <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, s.Config.Wait)
	defer cancel()
	v, err := serve.Awaited(ctx, s.catalogVerdict(key, id, new(*catalog.Row)), changed)
	if err == nil && v.Result == verdict.Refused {
		return serve.Refused(v.Problems)
	}
	return err
}

// chunks cuts codes into what one command takes.
func chunks(codes []string) [][]string {
	var out [][]string
	start, size := 0, 0
	for i, code := range codes {
		if i > start && (i-start == catalog.MaxChunk || size+len(code) > catalog.MaxChunkBytes) {
			out = append(out, codes[start:i])
			start, size = i, 0
		}
		size += len(code)
	}
	return append(out, codes[start:])
}
