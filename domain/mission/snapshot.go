package mission

import (
	"cmp"
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/payment"
)

// Snapshot is an immutable set of compiled missions, indexed by an equality filter where they have one, so that a payment
// meets only the missions that it can count for.
type Snapshot struct {
	plans       []*Plan     // by id
	missions    []*Compiled // the first version of each plan
	fingerprint uint64
	fields      []indexedField
	always      []int32 // positions of missions without an equality filter
}

type indexedField struct {
	read   reader
	byText map[string][]int32
}

// NewSnapshot returns a snapshot of missions, which must have different ids.
func NewSnapshot(plans []*Plan) *Snapshot {
	s := &Snapshot{plans: slices.Clone(plans)}
	slices.SortFunc(s.plans, func(a, b *Plan) int { return strings.Compare(a.ID(), b.ID()) })
	at := map[string]int{}
	for i, p := range s.plans {
		c := p.versions[0]
		s.missions = append(s.missions, c)
		s.fingerprint += p.identity // a sum: the order in which missions came does not matter
		f, ok := indexFilter(c.mission.Filters)
		if !ok {
			s.always = append(s.always, int32(i))
			continue
		}
		n, ok := at[f.ID]
		if !ok {
			n = len(s.fields)
			at[f.ID] = n
			s.fields = append(s.fields, indexedField{read: readerOf(f.ID), byText: map[string][]int32{}})
		}
		byText := s.fields[n].byText
		for _, v := range f.Values {
			if list := byText[v.Text]; len(list) == 0 || list[len(list)-1] != int32(i) {
				byText[v.Text] = append(list, int32(i))
			}
		}
	}
	return s
}

// indexFilter returns the equality filter that tells missions apart best, by the usual number of values of its field.
func indexFilter(filters []Filter) (Filter, bool) {
	best, found := Filter{}, 0
	for _, f := range filters {
		if f.Operator != Eq && f.Operator != In {
			continue
		}
		rank := 0
		switch {
		case f.ID == "merchant":
			rank = 4
		case kindOf(f.ID) == attributeField && !hasNumber(f.Values):
			rank = 3
		case f.ID == "category" || f.ID == "instrument":
			rank = 2
		case f.ID == "gateway" || f.ID == "mode":
			rank = 1
		}
		if rank > found {
			best, found = f, rank
		}
	}
	return best, found > 0
}

func hasNumber(values []Value) bool {
	return slices.ContainsFunc(values, func(v Value) bool { return v.Kind == NumberValue })
}

// Missions returns every mission, by id and version. The list must not be changed.
func (s *Snapshot) Missions() []*Compiled { return s.missions }

// Find returns a version of a mission.
func (s *Snapshot) Find(id string, version int64) (*Compiled, bool) {
	i, ok := slices.BinarySearchFunc(s.missions, version, func(c *Compiled, version int64) int {
		if n := strings.Compare(c.ID(), id); n != 0 {
			return n
		}
		return cmp.Compare(c.Number(), version)
	})
	if !ok {
		return nil, false
	}
	return s.missions[i], true
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
