package mission

import (
	"encoding/binary"
	"hash/fnv"
	"slices"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
)

// Plan is a History ready to judge payments: its compiled versions, which share status, pauses and end. It is immutable
// and safe for concurrent use.
type Plan struct {
	history  History
	versions []*Compiled // by number
	identity uint64      // of what decides whether payments count, see Snapshot.Fingerprint
}

// Compile turns a history into a plan. It returns the problems of the first version that is not valid.
func Compile(h *History) (*Plan, problem.List) {
	p := &Plan{history: *h}
	if len(h.Versions) == 0 {
		return nil, problem.One("", problem.InvalidField, "a mission needs a definition")
	}
	for i := range h.Versions {
		c, problems := compile(&p.history, &h.Versions[i])
		if len(problems) > 0 {
			return nil, problems
		}
		p.versions = append(p.versions, c)
	}
	p.identity = p.hash()
	return p, nil
}

// ID returns the mission's id.
func (p *Plan) ID() string { return p.versions[0].mission.ID }

// Status returns the mission's status.
func (p *Plan) Status() Status { return p.history.Status }

// History returns what the plan was compiled from; it must not be changed.
func (p *Plan) History() *History { return &p.history }

// Versions returns every version, by number. The list must not be changed.
func (p *Plan) Versions() []*Compiled { return p.versions }

// At returns the version in force at event time t.
func (p *Plan) At(t instant.Milli) *Compiled {
	for i := len(p.versions) - 1; i > 0; i-- {
		if p.versions[i].version.From <= t {
			return p.versions[i]
		}
	}
	return p.versions[0]
}

// Version returns a version by its number.
func (p *Plan) Version(number int64) (*Compiled, bool) {
	if number < 1 || number > int64(len(p.versions)) {
		return nil, false
	}
	return p.versions[number-1], true
}

// segmented tells whether some version is for users in certain segments.
func (p *Plan) segmented() bool {
	return slices.ContainsFunc(p.versions, func(c *Compiled) bool { return len(c.mission.Audience.Segments) > 0 })
}

// opens tells whether some version is opted in to.
func (p *Plan) opens() bool {
	return slices.ContainsFunc(p.versions, func(c *Compiled) bool { return c.optIn })
}

// hash covers what may change after a mission's creation and decides whether payments count. Never 0.
func (p *Plan) hash() uint64 {
	b := append([]byte(p.ID()), 0)
	b = binary.AppendVarint(b, int64(p.history.EndedAt))
	b = binary.AppendVarint(b, int64(len(p.history.Pauses)))
	for _, pause := range p.history.Pauses {
		b = binary.AppendVarint(b, int64(pause.From))
		b = binary.AppendVarint(b, int64(pause.To))
	}
	for _, v := range p.history.Versions {
		b = binary.AppendVarint(b, int64(v.CreatedAt))
		b = binary.AppendVarint(b, int64(v.From))
	}
	h := fnv.New64a()
	_, _ = h.Write(b) // hash.Hash never fails
	return max(mix(h.Sum64()), 1)
}
