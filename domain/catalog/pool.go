package catalog

import (
	"strings"

	"github.com/millrace/millrace/domain/problem"
)

// Pool is a stock of gift codes. The codes themselves are the budget group's, and never in the catalog.
type Pool struct {
	PoolID      string
	Title       string
	Description string // what the codes are for
	BrandID     string
	State       string // StatusDraft, StatusActive or StatusArchived
}

// Kind implements Entity.
func (Pool) Kind() Kind { return KindPool }

// ID implements Entity.
func (p Pool) ID() string { return p.PoolID }

// Status implements Entity.
func (p Pool) Status() string { return p.State }

// Number implements Entity.
func (Pool) Number() int64 { return 1 }

func (p Pool) normal() Entity {
	for _, text := range []*string{&p.PoolID, &p.Title, &p.Description, &p.BrandID} {
		*text = strings.TrimSpace(*text)
	}
	return p
}

func (p Pool) validate(Config) problem.List {
	v := &validator{}
	v.definition(p.PoolID, p.State)
	v.text("/title", p.Title, maxTitle)
	v.text("/description", p.Description, maxText)
	v.optionalID("/brand_id", p.BrandID)
	return v.problems
}

func (p Pool) put(current Entity, _ *Command) (Entity, Change, problem.List) {
	return putDefinition(current, p)
}

func (p Pool) withdraw(*Command) (Entity, Change, problem.List) {
	next := p
	next.State = StatusArchived
	return archive(p, next)
}
