package catalog

import (
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/problem"
)

// Brand is who stands behind missions, ads and rewards, as users see it.
type Brand struct {
	BrandID string
	Name    string
	LogoURL string // empty: none
	// Merchants are the names under which payments reach the brand, as intake writes them.
	Merchants []string
	State     string // StatusDraft, StatusActive or StatusArchived
}

// maxMerchants is how many merchants a brand may have.
const maxMerchants = 200

// Kind implements Entity.
func (Brand) Kind() Kind { return KindBrand }

// ID implements Entity.
func (b Brand) ID() string { return b.BrandID }

// Status implements Entity.
func (b Brand) Status() string { return b.State }

// Number implements Entity.
func (Brand) Number() int64 { return 1 }

// normal brings merchants into the form of events, each once.
func (b Brand) normal() Entity {
	b.BrandID, b.Name, b.LogoURL = strings.TrimSpace(b.BrandID), strings.TrimSpace(b.Name), strings.TrimSpace(b.LogoURL)
	var merchants []string
	for _, m := range b.Merchants {
		if m = name(m); !slices.Contains(merchants, m) {
			merchants = append(merchants, m)
		}
	}
	b.Merchants = merchants
	return b
}

func (b Brand) validate(Config) problem.List {
	v := &validator{}
	v.definition(b.BrandID, b.State)
	v.required("/name", b.Name, maxTitle)
	v.webAddress("/logo_url", b.LogoURL)
	if len(b.Merchants) > maxMerchants {
		v.add("/merchants", "must be at most "+strconv.Itoa(maxMerchants))
		return v.problems
	}
	for i, m := range b.Merchants {
		v.name("/merchants/"+strconv.Itoa(i), m, maxName)
	}
	return v.problems
}

func (b Brand) put(current Entity, _ *Command, _ Config) (Entity, Change, problem.List) {
	return putDefinition(current, b)
}

func (b Brand) withdraw(*Command) (Entity, Change, problem.List) {
	next := b
	next.State = StatusArchived
	return archive(b, next)
}
