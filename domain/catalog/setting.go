package catalog

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/problem"
)

// HealthSettings are the settings of a mode, or of an instrument of it, as they change over event time. A command's
// hold one change: it is added to those before it.
type HealthSettings struct {
	Mode       string
	Instrument string // empty: all of the mode
	// Changes are ordered by the time from which they hold, at most maxChanges; each replaces the one before it.
	Changes []health.Setting
}

// maxChanges is how many changes of settings are kept; the oldest go.
const maxChanges = 32

// NewHealthSettings returns the entity of one change.
func NewHealthSettings(s health.Setting) HealthSettings {
	return HealthSettings{Mode: s.Mode, Instrument: s.Instrument, Changes: []health.Setting{s}}
}

// PlaceID returns the id of what there is one of for a mode or, if instrument is not empty, for an instrument of it.
func PlaceID(mode, instrument string) string {
	return strings.TrimRight(health.Path{Mode: name(mode), Instrument: name(instrument)}.Key(), "/")
}

// Kind implements Entity.
func (HealthSettings) Kind() Kind { return KindHealthSetting }

// ID implements Entity.
func (h HealthSettings) ID() string { return PlaceID(h.Mode, h.Instrument) }

// Status implements Entity.
func (h HealthSettings) Status() string {
	if len(h.Changes) > 0 && len(h.Newest().Patch) == 0 {
		return statusWithdrawn
	}
	return statusSet
}

// Number implements Entity.
func (HealthSettings) Number() int64 { return 1 }

// Newest returns the change that holds last.
func (h HealthSettings) Newest() health.Setting { return h.Changes[len(h.Changes)-1] }

// normal sorts the fields of the changes; a field that is set twice stays so, for validate.
func (h HealthSettings) normal() Entity {
	h.Mode, h.Instrument = name(h.Mode), name(h.Instrument)
	h.Changes = slices.Clone(h.Changes)
	for i := range h.Changes {
		s := &h.Changes[i]
		s.Mode, s.Instrument, s.Patch = h.Mode, h.Instrument, slices.Clone(s.Patch)
		slices.SortStableFunc(s.Patch, func(a, b health.Change) int { return cmp.Compare(a.Field, b.Field) })
	}
	return h
}

func (h HealthSettings) validate(cfg Config) problem.List {
	v := &validator{}
	v.name("/mode", h.Mode, maxMode)
	if h.Instrument != "" {
		v.name("/instrument", h.Instrument, maxName)
	}
	if len(h.Changes) != 1 {
		v.add("", "must be one change")
		return v.problems
	}
	patch := h.Changes[0].Patch
	for i, c := range patch {
		if i > 0 && patch[i-1].Field == c.Field {
			v.add("/settings/"+c.Field, "is given twice")
		}
	}
	_, err := cfg.Health.With(patch)
	v.patch(err)
	if h.Instrument == "" {
		return v.problems
	}
	for _, f := range cfg.Health.Fields() {
		if f.Scope == health.ForMode && slices.ContainsFunc(patch, func(c health.Change) bool {
			return c.Field == f.Name
		}) {
			v.add("/settings/"+f.Name, "is set for a whole mode only")
		}
	}
	return v.problems
}

// patch adds what health.Settings.With found.
func (v *validator) patch(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			v.patch(e)
		}
		return
	}
	var field *health.FieldError
	switch {
	case errors.As(err, &field):
		v.add("/settings/"+field.Field, field.Err.Error())
	case err != nil:
		v.add("/settings", err.Error())
	}
}

func (h HealthSettings) put(current Entity, c *Command, _ Config) (Entity, Change, problem.List) {
	old, _ := current.(HealthSettings)
	change := h.Changes[0]
	if change.EffectiveFrom == 0 {
		change.EffectiveFrom = c.At
		if len(old.Changes) > 0 && samePatch(old.Newest(), change) {
			return old, Change{}, nil
		}
	}
	v := &validator{}
	if v.ahead("/effective_from", change.EffectiveFrom, c.At); len(v.problems) > 0 {
		return nil, Change{}, v.problems
	}
	return old.add(h, change, current, c)
}

func samePatch(a, b health.Setting) bool {
	return len(a.Patch)+len(b.Patch) == 0 || reflect.DeepEqual(a.Patch, b.Patch)
}

// withdraw takes all changes back from the command on, those that are yet to come included.
func (h HealthSettings) withdraw(c *Command) (Entity, Change, problem.List) {
	change := health.Setting{Mode: h.Mode, Instrument: h.Instrument, EffectiveFrom: c.At}
	if h.Status() == statusWithdrawn && h.Newest().EffectiveFrom <= c.At {
		return h, Change{}, nil
	}
	return h.filed(h, change, h, c)
}

func (h HealthSettings) add(named HealthSettings, change health.Setting, current Entity,
	c *Command) (Entity, Change, problem.List) {
	if len(h.Changes) > 0 {
		newest := h.Newest()
		switch {
		case change.EffectiveFrom < newest.EffectiveFrom:
			return nil, Change{}, problem.One("/effective_from", problem.InvalidField,
				"must not be before the newest change: write "+
					newest.EffectiveFrom.String()+" or later, or withdraw the settings first")
		case samePatch(newest, change) && (newest.EffectiveFrom == change.EffectiveFrom || len(change.Patch) == 0):
			return h, Change{}, nil
		}
	}
	return h.filed(named, change, current, c)
}

// filed returns h with one more change, which takes the place of those from its EffectiveFrom on.
func (h HealthSettings) filed(named HealthSettings, change health.Setting, current Entity,
	c *Command) (Entity, Change, problem.List) {
	change.Actor = c.Actor
	next := HealthSettings{Mode: named.Mode, Instrument: named.Instrument,
		Changes: keepLast(health.File(h.Changes, change), maxChanges)}
	return next, changeTo(current, next), nil
}
