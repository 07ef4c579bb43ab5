package catalog

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/millrace/millrace/views/serve"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/views/problem"
)

// put makes an entity what the body says. The item is empty where the body names it.
func (c Collection) put(ctx context.Context, in *serve.Definition, at item) (*serve.WrittenOutput, error) {
	if err := serve.CheckJSON(in.ContentType, in.RawBody); err != nil {
		return nil, err
	}
	when, err := in.Precondition(in.IfNoneMatch)
	if err != nil {
		return nil, err
	}
	id := serve.CommandID(ctx, serve.Asked{Key: in.Key, Match: in.Conditions(), Content: in.RawBody})
	entity, err := catalogcodec.ParseEntity(c.Kind, in.RawBody, c.idFor(at, id), c.Server.Config.Catalog)
	if err != nil {
		return nil, serve.Misread(err, "not well-formed JSON")
	}
	command := catalog.NewPut(id, serve.Identity(ctx).Subject, instant.Of(c.Server.Config.Now()), entity)
	if at.ID != "" && command.EntityID != at.ID {
		return nil, problem.Invalid("/id", "invalid_field", "is not the id of the path")
	}
	if in.Reason != "" {
		command.Reason = in.Reason
	}
	return c.Do(ctx, command, when)
}

// idFor returns the id of an entity that has none in its body: the path's, or one made of the command's.
func (c Collection) idFor(at item, commandID string) string {
	if at.ID != "" {
		return at.ID
	}
	return c.Name[:1] + "-" + commandID[:16]
}

func (c Collection) withdraw(ctx context.Context, in serve.Conditions, at item) (*serve.WrittenOutput, error) {
	when, err := in.Precondition("")
	if err != nil {
		return nil, err
	}
	id := serve.CommandID(ctx, serve.Asked{Key: in.Key, Match: in.IfMatch})
	command := catalog.NewWithdrawal(id, serve.Identity(ctx).Subject, instant.Of(c.Server.Config.Now()), c.Kind,
		at.key())
	command.Reason = in.Reason
	return c.Do(ctx, command, when)
}

// Do has a command judged and answers with what came of it.
func (c Collection) Do(ctx context.Context, command *catalog.Command,
	when serve.Precondition) (*serve.WrittenOutput, error) {
	s := c.Server
	if _, err := s.At(ctx, serve.Fresh{}, s.Sources.Catalog.Holding(command.Key())); err != nil {
		return nil, err
	}
	row, _, err := serve.RowOf(s.Kit, s.Sources.Catalog, s.Config.Topology.Catalog, command.Key())
	if err != nil {
		return nil, err
	}
	if row.Clash(command.ID) || s.Keys.elsewhere(command.ID, command.Key()) {
		return nil, serve.Conflict()
	}
	if command.Expected, err = when.Expected(row, command); err != nil {
		return nil, err
	}
	if !s.claims.take(command.ID, command.Key(), s.Config.Now()) {
		return nil, serve.Conflict()
	}
	out := &serve.WrittenOutput{Status: http.StatusOK, Location: c.location(command.EntityID)}
	judged, row, err := s.judge(ctx, command)
	switch {
	case errors.Is(err, serve.ErrPending):
		out.Status, out.Body = http.StatusAccepted, serve.Pending{Status: "pending", CommandID: command.ID}
		return out, nil
	case serve.Undecodable(err):
		return nil, err
	case err != nil:
		return nil, s.Unsent(ctx, err)
	case judged.Result == verdict.Refused:
		return nil, when.Refused(judged)
	}
	out.ETag, out.Body = serve.ETag(row.Revision), c.Show(row)
	return out, nil
}

// location returns the path of an item. The slashes within the names of a place are escaped in its id.
func (c Collection) location(id string) string {
	path := c.Path
	for part := range strings.SplitSeq(id, "/") {
		if name, err := url.PathUnescape(part); err == nil {
			part = name
		}
		path += "/" + url.PathEscape(part)
	}
	return path
}
