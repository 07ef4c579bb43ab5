package views

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/views/problem"
)

// put makes an entity what the body says. The item is empty where the body names it.
func (c collection) put(ctx context.Context, in *Definition, at item) (*writtenOutput, error) {
	if err := checkJSON(in.ContentType, in.RawBody); err != nil {
		return nil, err
	}
	when, err := in.precondition(in.IfNoneMatch)
	if err != nil {
		return nil, err
	}
	id := commandID(ctx, asked{key: in.Key, match: in.conditions(), content: in.RawBody})
	entity, err := catalogcodec.ParseEntity(c.kind, in.RawBody, c.idFor(at, id), c.server.config.Catalog)
	if err != nil {
		return nil, misread(err, "not well-formed JSON")
	}
	command := catalog.NewPut(id, identity(ctx).Subject, instant.Of(c.server.config.Now()), entity)
	if at.ID != "" && command.EntityID != at.ID {
		return nil, problem.Invalid("/id", "invalid_field", "is not the id of the path")
	}
	if in.Reason != "" {
		command.Reason = in.Reason
	}
	return c.do(ctx, command, when)
}

// idFor returns the id of an entity that has none in its body: the path's, or one made of the command's.
func (c collection) idFor(at item, commandID string) string {
	if at.ID != "" {
		return at.ID
	}
	return c.name[:1] + "-" + commandID[:16]
}

func (c collection) withdraw(ctx context.Context, in Conditions, at item) (*writtenOutput, error) {
	when, err := in.precondition("")
	if err != nil {
		return nil, err
	}
	id := commandID(ctx, asked{key: in.Key, match: in.IfMatch})
	command := catalog.NewWithdrawal(id, identity(ctx).Subject, instant.Of(c.server.config.Now()), c.kind, at.key())
	command.Reason = in.Reason
	return c.do(ctx, command, when)
}

// do has a command judged and answers with what came of it.
func (c collection) do(ctx context.Context, command *catalog.Command, when precondition) (*writtenOutput, error) {
	s := c.server
	if _, err := s.at(ctx, Fresh{}, s.sources.catalog.holding(command.Key())); err != nil {
		return nil, err
	}
	row, _, err := rowOf(s.kit, s.sources.catalog, s.config.Topology.Catalog, command.Key())
	if err != nil {
		return nil, err
	}
	if row.Clash(command.ID) || s.keys.elsewhere(command.ID, command.Key()) {
		return nil, conflict()
	}
	if command.Expected, err = when.expected(row, command); err != nil {
		return nil, err
	}
	if !s.claims.take(command.ID, command.Key(), s.config.Now()) {
		return nil, conflict()
	}
	out := &writtenOutput{Status: http.StatusOK, Location: c.location(command.EntityID)}
	judged, row, err := s.judge(ctx, command)
	switch {
	case errors.Is(err, errPending):
		out.Status, out.Body = http.StatusAccepted, Pending{Status: "pending", CommandID: command.ID}
		return out, nil
	case undecodable(err):
		return nil, err
	case err != nil:
		return nil, s.unsent(ctx, err)
	case judged.Result == verdict.Refused:
		return nil, when.refused(judged)
	}
	out.ETag, out.Body = etag(row.Revision), c.show(row)
	return out, nil
}

// location returns the path of an item. The slashes within the names of a place are escaped in its id.
func (c collection) location(id string) string {
	path := c.path
	for part := range strings.SplitSeq(id, "/") {
		if name, err := url.PathUnescape(part); err == nil {
			part = name
		}
		path += "/" + url.PathEscape(part)
	}
	return path
}
