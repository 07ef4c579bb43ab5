package catalog

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/problem"
	"github.com/millrace/millrace/domain/visible"
	"github.com/millrace/millrace/domain/word"
)

// Override forces a state. Its validity begins with the command where it does not say.
type Override struct{ health.Override }

// Maintenance is a downtime known beforehand.
type Maintenance struct{ health.Maintenance }

// Freeze stops automatic changes of state in a mode, whose PlaceID is its id. Its validity begins with the command
// where it does not say.
type Freeze struct{ health.Freeze }

// Intervention returns the record of `overrides` that an entity makes, nil for other kinds.
func Intervention(e Entity) *health.Intervention {
	switch e := e.(type) {
	case Override:
		return &health.Intervention{Override: &e.Override}
	case Maintenance:
		return &health.Intervention{Maintenance: &e.Maintenance}
	case Freeze:
		return &health.Intervention{Freeze: &e.Freeze}
	default:
		return nil
	}
}

// reasonOf returns the reason that a definition gives by itself, empty where its kind has none.
func reasonOf(e Entity) string {
	switch e := e.(type) {
	case Mission:
		return e.Reason
	case Override:
		return e.Reason
	case Maintenance:
		return e.Reason
	case Freeze:
		return e.Reason
	case TaskPause:
		return e.Reason
	default:
		return ""
	}
}

// Kind implements Entity.
func (Override) Kind() Kind { return KindOverride }

// Kind implements Entity.
func (Maintenance) Kind() Kind { return KindMaintenance }

// Kind implements Entity.
func (Freeze) Kind() Kind { return KindFreeze }

// ID implements Entity.
func (o Override) ID() string { return o.Override.ID }

// ID implements Entity.
func (m Maintenance) ID() string { return m.Maintenance.ID }

// ID implements Entity.
func (f Freeze) ID() string { return PlaceID(f.Mode, "") }

// Status implements Entity.
func (o Override) Status() string { return statusOf(o.Until) }

// Status implements Entity.
func (m Maintenance) Status() string { return statusOf(m.End) }

// Status implements Entity.
func (f Freeze) Status() string { return statusOf(f.Until) }

// Number implements Entity.
func (Override) Number() int64 { return 1 }

// Number implements Entity.
func (Maintenance) Number() int64 { return 1 }

// Number implements Entity.
func (Freeze) Number() int64 { return 1 }

func (o Override) normal() Entity {
	o.Mode, o.Instrument, o.Gateway, o.Reason = name(o.Mode), name(o.Instrument), name(o.Gateway),
		strings.TrimSpace(o.Reason)
	return o
}

func (m Maintenance) normal() Entity {
	m.Mode, m.Instrument, m.Gateway, m.Reason = name(m.Mode), name(m.Instrument), name(m.Gateway),
		strings.TrimSpace(m.Reason)
	return m
}

func (f Freeze) normal() Entity {
	f.Mode, f.Reason = name(f.Mode), strings.TrimSpace(f.Reason)
	return f
}

func (o Override) validate(Config) problem.List {
	v := &validator{}
	v.id(o.Override.ID)
	v.names(o.Mode, o.Instrument, o.Gateway)
	if !slices.Contains(health.Forceable(), o.State) {
		v.add("/state", "must be "+problem.AnyOf(word.Named(health.Forceable()...)))
	}
	v.reason(o.Reason)
	return v.problems
}

func (m Maintenance) validate(Config) problem.List {
	v := &validator{}
	v.id(m.Maintenance.ID)
	v.names(m.Mode, m.Instrument, m.Gateway)
	if m.Begin <= 0 {
		v.add("/begin", "is required")
	}
	v.reason(m.Reason)
	v.span("/end", m.Begin, m.End)
	return v.problems
}

func (f Freeze) validate(Config) problem.List {
	v := &validator{}
	v.name("/mode", f.Mode, maxMode)
	v.reason(f.Reason)
	return v.problems
}

func (o Override) put(current Entity, c *Command, _ Config) (Entity, Change, problem.List) {
	old, _ := current.(Override)
	if moved(old.Mode, o.Mode, old.Until) {
		return nil, Change{}, problem.One("/mode", problem.InvalidField, otherMode)
	}
	o.From = begin(o.From, old.From, old.Until, c.At)
	v := &validator{}
	if v.ahead("/from", o.From, c.At); len(v.problems) == 0 {
		v.span("/until", o.From, o.Until)
	}
	if len(v.problems) > 0 {
		return nil, Change{}, v.problems
	}
	o.Actor = old.Actor
	if current != nil && o == old {
		return old, Change{}, nil
	}
	o.Actor = c.Actor
	return o, changeTo(current, o), nil
}

func (m Maintenance) put(current Entity, c *Command, _ Config) (Entity, Change, problem.List) {
	old, _ := current.(Maintenance)
	if moved(old.Mode, m.Mode, old.End) {
		return nil, Change{}, problem.One("/mode", problem.InvalidField, otherMode)
	}
	if m.Actor = old.Actor; current != nil && m == old {
		return old, Change{}, nil
	}
	v := &validator{}
	if v.ahead("/begin", m.Begin, c.At); len(v.problems) > 0 {
		return nil, Change{}, v.problems
	}
	m.Actor = c.Actor
	return m, changeTo(current, m), nil
}

func (f Freeze) put(current Entity, c *Command, _ Config) (Entity, Change, problem.List) {
	old, _ := current.(Freeze)
	f.From = begin(f.From, old.From, old.Until, c.At)
	v := &validator{}
	if v.ahead("/from", f.From, c.At); len(v.problems) == 0 {
		v.span("/until", f.From, f.Until)
	}
	if len(v.problems) > 0 {
		return nil, Change{}, v.problems
	}
	f.Actor = old.Actor
	if current != nil && f == old {
		return old, Change{}, nil
	}
	f.Actor = c.Actor
	return f, changeTo(current, f), nil
}

const otherMode = "cannot be changed before it is withdrawn"

// moved tells whether something that is set would go to another mode: the one that has it would keep it.
func moved(from, to string, until instant.Milli) bool { return until != 0 && from != to }

// begin returns from when something holds: as asked, else since when it has held, else from the command on.
func begin(asked, old, oldUntil, at instant.Milli) instant.Milli {
	switch {
	case asked != 0:
		return asked
	case oldUntil != 0:
		return old
	default:
		return at
	}
}

func (o Override) withdraw(c *Command) (Entity, Change, problem.List) {
	next := o
	next.Until, next.Actor = 0, c.Actor
	return withdrawn(o, next)
}

func (m Maintenance) withdraw(c *Command) (Entity, Change, problem.List) {
	next := m
	next.End, next.Actor = 0, c.Actor
	return withdrawn(m, next)
}

func (f Freeze) withdraw(c *Command) (Entity, Change, problem.List) {
	next := f
	next.Until, next.Actor = 0, c.Actor
	return withdrawn(f, next)
}

func withdrawn(current, next Entity) (Entity, Change, problem.List) {
	if current.Status() == statusWithdrawn {
		return current, Change{}, nil
	}
	return next, changeTo(current, next), nil
}

// name brings a name into the form in which events are stored.
func name(s string) string { return payment.Name(s) }

// Bounds of what people write.
const (
	maxName = 256
	maxMode = 128
	// maxSpan is how long something may hold, and how far ahead of its command it may begin: what is forgotten ends by
	// itself.
	maxSpan = 90 * 24 * time.Hour
)

var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// validator collects problems.
type validator struct{ problems problem.List }

func (v *validator) add(pointer, detail string) {
	v.problems = append(v.problems, problem.Problem{Pointer: pointer, Code: problem.InvalidField, Detail: detail})
}

func (v *validator) id(id string) {
	if !idPattern.MatchString(id) {
		v.add("/id", "must be letters, digits, '-', '_' and '.', beginning with a letter or digit, at most 128")
	}
}

func (v *validator) names(mode, instrument, gateway string) {
	v.name("/mode", mode, maxMode)
	v.name("/instrument", instrument, maxName)
	if gateway != "" {
		v.name("/gateway", gateway, maxName)
	}
}

func (v *validator) name(pointer, name string, most int) {
	switch {
	case name == "":
		v.add(pointer, "is required")
	case len(name) > most || !utf8.ValidString(name):
		v.add(pointer, "must be text of at most "+strconv.Itoa(most)+" bytes")
	case payment.NameProblem(name) != "":
		v.add(pointer, payment.NameProblem(name))
	}
}

func (v *validator) reason(reason string) {
	switch {
	case reason == "":
		v.add("/reason", "is required: the audit names it")
	case len(reason) > maxReason || !utf8.ValidString(reason):
		v.add("/reason", "must be text of at most "+strconv.Itoa(maxReason)+" bytes")
	case visible.HasControls(reason):
		v.add("/reason", visible.ControlsDetail)
	}
}

func (v *validator) span(pointer string, from, until instant.Milli) {
	switch {
	case until == 0:
		v.add(pointer, "is required")
	case until <= from:
		v.add(pointer, "must be after the beginning")
	case until > from.Add(maxSpan):
		v.add(pointer, "must be within 90 days of the beginning")
	}
}

// ahead bounds how far ahead of its command something begins.
func (v *validator) ahead(pointer string, from, at instant.Milli) {
	if from > at.Add(maxSpan) {
		v.add(pointer, "must be within 90 days of the command")
	}
}
