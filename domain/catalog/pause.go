package catalog

import (
	"strings"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/task"
)

// TaskPause stops a kind of tasks: while it is set, no run of the kind begins. What runs already is answered as always.
type TaskPause struct {
	Name   string // of the kind
	Reason string
	// Paused tells whether it is set; a pause that was withdrawn stays as what it was.
	Paused bool
	// Actor set it or took it back last, at Since.
	Actor string
	Since instant.Milli
}

// Kind implements Entity.
func (TaskPause) Kind() Kind { return KindTaskPause }

// ID implements Entity.
func (p TaskPause) ID() string { return p.Name }

// Status implements Entity.
func (p TaskPause) Status() string {
	if p.Paused {
		return statusSet
	}
	return statusWithdrawn
}

// Number implements Entity.
func (TaskPause) Number() int64 { return 1 }

func (p TaskPause) normal() Entity {
	p.Reason = strings.TrimSpace(p.Reason)
	return p
}

func (p TaskPause) validate(Config) problem.List {
	v := &validator{}
	if err := task.CheckName(p.Name); err != nil {
		v.add("/kind", err.Error())
	}
	v.reason(p.Reason)
	return v.problems
}

func (p TaskPause) put(current Entity, c *Command, _ Config) (Entity, Change, problem.List) {
	old, _ := current.(TaskPause)
	if old.Paused && old.Reason == p.Reason {
		return old, Change{}, nil
	}
	p.Paused, p.Actor, p.Since = true, c.Actor, c.At
	if old.Paused { // it has stood still since then
		p.Since = old.Since
	}
	return p, changeTo(current, p), nil
}

func (p TaskPause) withdraw(c *Command) (Entity, Change, problem.List) {
	next := p
	next.Paused, next.Actor, next.Since = false, c.Actor, c.At
	return withdrawn(p, next)
}
