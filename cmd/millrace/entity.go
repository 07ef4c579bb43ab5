package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/millrace/millrace/cmd/pipeline"
	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/views/token"
)

// collection is one kind of what operators define, as the server has it.
type collection struct {
	kind catalog.Kind
	path string              // of its list
	item func(string) string // the path of one, by its id in the catalog
	noun string              // as errors name one
	list string              // the command that lists them
}

// of returns the request for one, by its id in the catalog.
func (c *collection) of(method, id string) call {
	return call{method: method, path: c.item(id), roles: reads(), what: fmt.Sprintf("%s %q", c.noun, id), list: c.list}
}

// judged is what became of one entity.
type judged struct {
	ID       string       `json:"id"`
	Result   string       `json:"result"`
	Status   string       `json:"status"`
	Revision int64        `json:"revision"`
	Version  int64        `json:"-"`
	Problems problem.List `json:"problems,omitempty"`

	refusal  error
	approval approvalShown // of a mission
}

// validResult is what a dry run says of an entity that it has compared with nothing.
const validResult = "valid"

// revision returns the ETag of one as it is now, empty if there is none.
func (a *app) revision(ctx context.Context, c *collection, id string) (string, error) {
	out, _, err := a.find(ctx, c.of(http.MethodGet, id))
	return out.etag, err
}

// find returns one thing, and whether it is there.
func (a *app) find(ctx context.Context, c call) (out reply, found bool, err error) {
	out, err = a.call(ctx, c)
	if isMissing(err) {
		return reply{}, false, nil
	}
	return out, err == nil, err
}

// put makes one entity what was asked, where it still is as it was read: match is its ETag, empty if it was not there.
func (a *app) put(ctx context.Context, c *collection, e catalog.Entity, match, reason string) (judged, error) {
	id := catalogID(e)
	request := c.of(http.MethodPut, id)
	if c.kind == catalog.KindFreeze || c.kind == catalog.KindHealthSetting {
		request.path = c.path // the body names it
	}
	request.body = json.RawMessage(catalogcodec.AskedJSON(e))
	request.reason = reason
	return a.judge(ctx, request, id, match)
}

// catalogID returns an entity's id in the catalog.
func catalogID(e catalog.Entity) string { return catalog.NewPut("", "", 0, e).EntityID }

// judge sends a write and tells what became of it. What is refused is an answer; every other failure is an error.
func (a *app) judge(ctx context.Context, c call, id, match string) (judged, error) {
	return a.judgeAs(ctx, c, writes(), id, match)
}

func (a *app) judgeAs(ctx context.Context, c call, roles []token.Role, id, match string) (judged, error) {
	c.roles, c.key, c.match = roles, rand.Text(), match
	out, err := a.write(ctx, c)
	var refused finding
	var p *problemError
	switch {
	case errors.As(err, &refused) && errors.As(err, &p):
		return judged{ID: id, Result: string(verdict.Refused), Problems: p.errors, refusal: err}, nil
	case err != nil:
		return judged{}, err
	}
	var body struct {
		Status            string
		Revision, Version int64
		Approval          approvalShown
	}
	if err := json.Unmarshal(out.body, &body); err != nil {
		return judged{}, fmt.Errorf("%s: %w", c.what, err)
	}
	result := verdict.Applied
	if out.etag == match && match != "" {
		result = verdict.Unchanged
	}
	return judged{ID: id, Result: string(result), Status: body.Status, Revision: body.Revision, Version: body.Version,
		approval: body.Approval}, nil
}

// readEntities reads the entities of files, all of which must be right.
func (a *app) readEntities(kind catalog.Kind, files []string) ([]catalog.Entity, error) {
	var all []catalog.Entity
	var errs []error
	for _, path := range files {
		entities, err := a.readEntityFile(kind, path, pipeline.Catalog(a.config))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:\n%w", path, err))
		}
		all = append(all, entities...)
	}
	if len(errs) == 0 && len(all) == 0 {
		errs = append(errs, errors.New("nothing given: the files hold no "+string(kind)))
	}
	return all, errors.Join(errs...)
}

func (a *app) readEntityFile(kind catalog.Kind, path string, cfg catalog.Config) ([]catalog.Entity, error) {
	in, _, err := a.openInput(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }() // only read
	return catalogcodec.ParseEntities(kind, in, cfg)
}

// refusals joins what was refused into one finding; nil if nothing was.
func refusals(results []judged) error {
	var errs []error
	for _, r := range results {
		if r.refusal != nil {
			errs = append(errs, r.refusal)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return finding{errors.Join(errs...)}
}

// abreast is how many writes are under way at a time.
const abreast = 8

// each calls do for every index of keys, some at a time, those of one key in their order, and returns all errors.
func each(ctx context.Context, keys []string, do func(context.Context, int) error) error {
	chains, order := map[string][]int{}, []string{}
	for i, k := range keys {
		if chains[k] == nil {
			order = append(order, k)
		}
		chains[k] = append(chains[k], i)
	}
	errs, free := make([]error, len(keys)), make(chan struct{}, abreast)
	var all sync.WaitGroup
	for _, k := range order {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			for _, i := range chains[k] {
				if errs[i] = do(ctx, i); errs[i] != nil {
					return // those behind it build on it
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
