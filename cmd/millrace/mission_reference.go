package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/domain/catalog"
)

// references asks the server for what the missions of a file name.
type references struct {
	app         *app
	ctx         context.Context // of one run of apply
	unreachable error           // why the server cannot be asked; nil if it can
	known       map[string]catalog.Entity
	unchecked   []string // keys of what was named and could not be asked for
	failed      error    // why something else is not known to be there
}

func newReferences(ctx context.Context, a *app, unreachable error) *references {
	return &references{app: a, ctx: ctx, unreachable: unreachable, known: map[string]catalog.Entity{}}
}

// find finds what a definition names, as catalog.Config wants it. What cannot be asked for counts as there, but for a
// template, whose reward is needed.
func (r *references) find(kind catalog.Kind, id string) (catalog.Entity, bool) {
	key := catalog.Key(kind, id)
	if r.unreachable != nil {
		r.unchecked = append(r.unchecked, key)
		return nil, kind != catalog.KindRewardTemplate
	}
	if e, asked := r.known[key]; asked {
		return e, e != nil
	}
	out, err := r.app.call(r.ctx, call{method: http.MethodGet, path: pathOf(kind) + path(id), roles: writes()})
	var e catalog.Entity
	if err == nil {
		e, err = catalogcodec.ParseEntity(kind, out.body, id, catalog.DefaultConfig())
	}
	if err != nil && !isMissing(err) {
		r.failed = errors.Join(r.failed, fmt.Errorf("%s %s cannot be checked: %w", kind, id, err))
		return nil, true
	}
	r.known[key] = e
	return e, e != nil
}

// pathOf returns the path of what missions can name, and of missions.
func pathOf(kind catalog.Kind) string {
	for _, d := range definitions() {
		if d.kind == kind {
			return d.path
		}
	}
	return missions().path
}

// notes says what of a mission was not checked.
func (r *references) notes(m catalog.Mission) []string {
	definition := m.Definition()
	var out []string
	for kind, id := range map[catalog.Kind]string{catalog.KindBrand: definition.BrandID,
		catalog.KindPool: definition.Reward.Pool} {
		if key := catalog.Key(kind, id); slices.Contains(r.unchecked, key) {
			out = append(out, key+" is not checked: the server cannot be asked")
		}
	}
	slices.Sort(out)
	return out
}
