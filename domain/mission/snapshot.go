package mission

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/payment"
)

// Snapshot is an immutable set of missions, indexed by an equality filter where they have one, so that a payment meets
// only the missions that it can count for.
type Snapshot struct {
	plans       []*Plan // by id
	fingerprint uint64
	fields      []indexedField
	always      []int32 // positions of missions without an equality filter
	earlier     []earlier
}

// earlier is a set of missions that this one came from.
type earlier struct {
	fingerprint uint64
	changed     []string // ids of the missions that were different then, or not there; sorted
}

// What a snapshot knows of earlier ones: beyond it, rows judge all that they remember again.
const (
	maxEarlier = 32
	maxChanged = 64
)

type indexedField struct {
	read   reader
	byText map[string][]int32
}

// newSnapshot returns a snapshot of missions, which must have different ids.
func newSnapshot(plans []*Plan) *Snapshot {
	s := &Snapshot{plans: slices.Clone(plans)}
	slices.SortFunc(s.plans, func(a, b *Plan) int { return strings.Compare(a.ID(), b.ID()) })
	at := map[string]int{}
	for i, p := range s.plans {
		s.fingerprint += p.identity // a sum: the order in which missions came does not matter
		id, texts, ok := p.indexed()
		if !ok {
			s.always = append(s.always, int32(i))
			continue
		}
		n, ok := at[id]
		if !ok {
			n = len(s.fields)
			at[id] = n
			s.fields = append(s.fields, indexedField{read: fieldOf(id).text, byText: map[string][]int32{}})
		}
		byText := s.fields[n].byText
		for _, text := range texts {
			if list := byText[text]; len(list) == 0 || list[len(list)-1] != int32(i) {
				byText[text] = append(list, int32(i))
			}
		}
	}
	return s
}

// indexed returns a field and its values such that no version counts a payment with another value: the versions
// together are found by what is equal in all of them.
func (p *Plan) indexed() (id string, texts []string, ok bool) {
	for i, c := range p.versions {
		f, found := indexFilter(c.mission.Filters)
		if !found || i > 0 && f.ID != id {
			return "", nil, false
		}
		id = f.ID
		for _, v := range f.Values {
			texts = append(texts, v.Text)
		}
	}
	return id, texts, true
}

// indexFilter returns the equality filter that tells missions apart best, by the usual number of values of its field. A
// group is one, too, if all of it looks at one field.
func indexFilter(filters []Filter) (Filter, bool) {
	best, found := Filter{}, 0
	for _, f := range filters {
		if f = flat(f); !f.Operator.equality() {
			continue
		}
		field := fieldOf(f.ID)
		rank := field.spread
		if field.kind == attributeField && hasNumber(f.Values) {
			rank = 0
		}
		if rank > found {
			best, found = f, rank
		}
	}
	return best, found > 0
}

// flat returns a group of equality filters on one field as one filter, others as they are.
func flat(f Filter) Filter {
	if !f.IsGroup() {
		return f
	}
	all := Filter{Operator: In}
	for i, inner := range f.Any {
		if !inner.Operator.equality() || i > 0 && inner.ID != all.ID {
			return f
		}
		all.ID = inner.ID
		all.Values = append(all.Values, inner.Values...)
	}
	return all
}

func hasNumber(values []Value) bool {
	return slices.ContainsFunc(values, func(v Value) bool { return v.Kind == NumberValue })
}

// follow lets s know the snapshots before it, of which last is the latest, so that a row that has met one of them looks
// at the missions that changed since and no others.
func (s *Snapshot) follow(last *Snapshot) {
	var changed []string
	for _, p := range s.plans {
		if before, ok := last.Find(p.ID()); !ok || before.identity != p.identity {
			changed = append(changed, p.ID())
		}
	}
	for _, p := range last.plans {
		if _, ok := s.Find(p.ID()); !ok {
			changed = append(changed, p.ID())
		}
	}
	before := append(slices.Clone(last.earlier), earlier{fingerprint: last.fingerprint})
	for _, e := range before[max(0, len(before)-maxEarlier):] {
		e.changed = slices.Concat(e.changed, changed)
		slices.Sort(e.changed)
		if e.changed = slices.Compact(e.changed); len(e.changed) <= maxChanged {
			s.earlier = append(s.earlier, e)
		}
	}
}

// changedSince returns the missions that changed since the latest snapshot of a fingerprint, false if that is not
// known.
func (s *Snapshot) changedSince(fingerprint uint64) ([]string, bool) {
	for _, e := range slices.Backward(s.earlier) {
		if e.fingerprint == fingerprint {
			return e.changed, true
		}
	}
	return nil, false
}

// Missions returns every mission, by id. The list must not be changed.
func (s *Snapshot) Missions() []*Plan { return s.plans }

// Find returns a mission.
func (s *Snapshot) Find(id string) (*Plan, bool) {
	i, ok := s.find(id)
	if !ok {
		return nil, false
	}
	return s.plans[i], true
}

func (s *Snapshot) find(id string) (int, bool) {
	return slices.BinarySearchFunc(s.plans, id, func(p *Plan, id string) int { return strings.Compare(p.ID(), id) })
}

// Fingerprint is equal for equal sets of missions; 0 for none. It covers what decides whether payments count.
func (s *Snapshot) Fingerprint() uint64 { return s.fingerprint }

// candidates appends to dst the positions of the missions that a payment may count for.
func (s *Snapshot) candidates(dst []int32, f *payment.Facts) []int32 {
	dst = append(dst, s.always...)
	for i := range s.fields {
		if text, ok := s.fields[i].read(f); ok {
			dst = append(dst, s.fields[i].byText[text]...)
		}
	}
	return dst
}
