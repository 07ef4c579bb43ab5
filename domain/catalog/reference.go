package catalog

import "github.com/millrace/millrace/domain/problem"

// reference is one entity that a definition names.
type reference struct {
	pointer string
	kind    Kind
	id      string
}

// referencesOf returns the entities that must be there for a definition to name them. An ad may come before its
// mission, and is shown to nobody until then. Templates are no more than copied (see Resolve). Segments are defined
// nowhere: a user is in them or not.
func referencesOf(e Entity) []reference {
	switch e := e.(type) {
	case Mission:
		m := e.Definition()
		return []reference{{"/brand_id", KindBrand, m.BrandID}, {"/reward/pool", KindPool, m.Reward.Pool}}
	case Ad:
		return []reference{{"/brand_id", KindBrand, e.BrandID}}
	case Pool:
		return []reference{{"/brand_id", KindBrand, e.BrandID}}
	case RewardTemplate:
		return []reference{{"/brand_id", KindBrand, e.BrandID}, {"/reward/pool", KindPool, e.Reward.Pool}}
	default:
		return nil
	}
}

// CheckReferences returns a problem for each entity that a definition names and that is not there, or is archived; what
// it named before may be archived since. Without Config.Find nothing is checked.
func CheckReferences(e Entity, cfg Config) problem.List {
	if cfg.Find == nil {
		return nil
	}
	e = e.normal()
	var problems problem.List
	for _, r := range referencesOf(e) {
		if r.id == "" || r.kind == e.Kind() && r.id == e.ID() {
			continue
		}
		named, found := cfg.Find(r.kind, r.id)
		var detail string
		switch {
		case !found:
			detail = "there is no such " + string(r.kind) + ": create it first"
		case named != nil && named.Status() == StatusArchived && !names(e, r, cfg):
			detail = "the " + string(r.kind) + " is archived"
		default:
			continue
		}
		problems = append(problems, problem.Problem{Pointer: r.pointer, Code: problem.InvalidField, Detail: detail})
	}
	return problems
}

// names tells whether the entity, as it is now, has the reference already.
func names(e Entity, r reference, cfg Config) bool {
	current, found := cfg.Find(e.Kind(), e.ID())
	if !found || current == nil {
		return false
	}
	for _, old := range referencesOf(current) {
		if old == r {
			return true
		}
	}
	return false
}
