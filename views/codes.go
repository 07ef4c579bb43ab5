package views

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	faults "github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/views/problem"
)

// CodesAdded is the answer to codes for a pool.
type CodesAdded struct {
	Pool       string   `json:"pool_id"`
	Codes      int      `json:"codes" doc:"Different codes in the body; those that the pool has already are left out when they come to its stock"`
	Duplicates int      `json:"duplicates" doc:"Codes that were more than once in the body"`
	Commands   []string `json:"command_ids" nullable:"false" doc:"The audit has a line for each, with the number of codes and a digest of them"`
	Status     string   `json:"status" enum:"done,pending" doc:"pending: not all commands are judged yet; the same body again is the same commands"`
}

type codesInput struct {
	Conditions
	ItemID
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

func (s *Server) poolCodes(c collection) {
	op := s.write("add-pool-codes", http.MethodPost, c.path+"/{id}/codes", "Gift codes for a pool: text/csv, one a line")
	op.Description = "A first line `code` is a header. Codes are at most 256 bytes; what is twice is taken once. They are handed on to the " +
		"pool's stock and kept nowhere else; the audit has their number and a digest. The same body again is the same commands; an Idempotency-Key makes it another."
	op.MaxBodyBytes = maxAnyBytes
	op.Responses["413"] = s.problemResponse(problem.Of(http.StatusRequestEntityTooLarge).Title)
	huma.Register(s.api, op, c.addCodes)
	codes := s.registered(op)
	codes.RequestBody.Content["text/csv"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}, Example: "code\nABCD-1234\nABCD-5678\n"}
	codes.Responses["202"].Content = codes.Responses["200"].Content
}

func (c collection) addCodes(ctx context.Context, in *codesInput) (*codesOutput, error) {
	if !isMedia(in.ContentType, "text/csv") {
		return nil, problem.New(http.StatusUnsupportedMediaType, problem.UnsupportedMedia, "codes are text/csv")
	}
	s, key := c.server, catalog.Key(c.kind, in.ID)
	if _, err := s.at(ctx, Fresh{}, s.sources.catalog.holding(key)); err != nil {
		return nil, err
	}
	codes, duplicates, found := readCodes(in.RawBody)
	if len(found) > 0 {
		return nil, refused(found)
	}
	if in.Key == "" { // a repeat by mistake is the usual one
		in.Key = catalog.CodesDigest(codes)
	}
	out := &codesOutput{Status: http.StatusOK, Location: c.location(in.ID), Body: CodesAdded{Pool: in.ID, Codes: len(codes), Duplicates: duplicates, Status: "done"}}
	var commands []*catalog.Command
	for i, chunk := range chunks(codes) {
		id := commandID(ctx, asked{in.Key + "#" + strconv.Itoa(i), in.IfMatch, []byte(catalog.CodesDigest(chunk))})
		command := catalog.NewCodes(id, identity(ctx).Subject, instant.Of(s.config.Now()), in.ID, chunk)
		command.Reason = in.Reason
		commands, out.Body.Commands = append(commands, command), append(out.Body.Commands, id)
	}
	switch err := c.judgeAll(ctx, key, in.IfMatch, commands); {
	case errors.Is(err, errPending):
		out.Status, out.Body.Status = http.StatusAccepted, "pending"
	case err != nil:
		return nil, err
	}
	return out, nil
}

// judgeAll has the commands of one upload judged in order. One that was judged before is not sent again.
func (c collection) judgeAll(ctx context.Context, key, ifMatch string, commands []*catalog.Command) error {
	s := c.server
	changed, end := s.config.Indexes.watchers.catalog.watch(key)
	defer end()
	var waiting []*catalog.Command
	for i, command := range commands {
		row, _, err := rowOf(s, s.sources.catalog, s.config.Topology.Catalog, key)
		switch {
		case err != nil:
			return err
		case row == nil || row.Entity == nil:
			return problem.Missing(string(c.kind))
		case row.Clash(command.ID):
			return conflict()
		}
		if i == 0 && ifMatch != "" {
			if command.Expected, err = expected(row, command.ID, ifMatch); err != nil {
				return err
			}
		}
		if _, judged := row.Verdict(command.ID); !judged {
			if err := s.sendProved(ctx, command); err != nil {
				return s.unsent(ctx, err)
			}
		}
		if waiting = append(waiting, command); len(waiting) == codesInFlight || i == 0 { // the first tells whether it can be at all
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
func (s *Server) verdictOf(ctx context.Context, key, id string, changed <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Wait)
	defer cancel()
	v, err := awaited(ctx, s.catalogVerdict(key, id, new(*catalog.Row)), changed)
	if err == nil && v.Result == catalog.Refused {
		return refused(v.Problems)
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

// maxCodeProblems bounds what an answer says about bad lines.
const maxCodeProblems = 20

// readCodes reads one code a line, quoted or not, and leaves out a header, blank lines and what was there before.
func readCodes(body []byte) (codes []string, duplicates int, found faults.List) {
	seen := map[string]bool{}
	number := 0
	for line := range bytes.Lines(bytes.TrimPrefix(body, []byte("\ufeff"))) {
		number++
		code, ok := unquoted(strings.TrimSpace(string(line)))
		if code == "" && ok || number == 1 && (strings.EqualFold(code, "code") || strings.EqualFold(code, "codes")) {
			continue
		}
		wrong := catalog.CheckCode(code)
		if !ok {
			wrong = "is not one code"
		}
		switch {
		case wrong != "":
			found = append(found, faults.Problem{Pointer: "/lines/" + strconv.Itoa(number), Code: faults.InvalidField, Detail: wrong})
			if len(found) == maxCodeProblems {
				return nil, 0, found
			}
		case seen[code]:
			duplicates++
		default:
			seen[code] = true
			codes = append(codes, code)
		}
	}
	if len(codes) == 0 && len(found) == 0 {
		found = faults.One("/lines", faults.InvalidField, "there are no codes")
	}
	return codes, duplicates, found
}

// unquoted returns the one field of a line of CSV; empty fields behind it are left out.
func unquoted(line string) (string, bool) {
	if strings.HasPrefix(line, `"`) {
		end := strings.LastIndex(line, `"`)
		inner := strings.ReplaceAll(line[1:max(end, 1)], `""`, "")
		if end == 0 || strings.Contains(inner, `"`) || strings.Trim(line[end+1:], ", ;") != "" {
			return "", false
		}
		return strings.TrimSpace(strings.ReplaceAll(line[1:end], `""`, `"`)), true
	}
	code := strings.TrimSpace(strings.TrimRight(line, ",; "))
	return code, !strings.ContainsAny(code, ",;\"\t")
}
