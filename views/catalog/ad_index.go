package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
)

// AdRank orders ads: the highest priority first, then by id.
func AdRank(priority int64, id string) string {
	return fmt.Sprintf("%04d", catalog.MaxPriority-priority) + id
}

// Rank is AdRank of an ad.
func (d *ListedDefinition) Rank() string {
	a, _ := d.Entity.(catalog.Ad)
	return AdRank(a.Priority, a.AdID)
}

// ShownAt tells whether an ad is in force.
func (d *ListedDefinition) ShownAt(now instant.Milli) bool {
	return now >= d.from && (d.to == 0 || now < d.to)
}

// place brings the ads of a placement up to date; the index is locked. Lists are replaced, since readers hold them.
func (x *DefinitionIndex) place(id string, next *ListedDefinition) {
	for _, placement := range []string{"", x.at[id]} {
		x.ads[placement] = slices.DeleteFunc(slices.Clone(x.ads[placement]), func(d *ListedDefinition) bool {
			return d.id == id
		})
	}
	delete(x.at, id)
	if next == nil || next.Entity.Status() != catalog.StatusActive {
		return
	}
	a, _ := next.Entity.(catalog.Ad)
	x.at[id] = a.Placement
	for _, placement := range []string{"", a.Placement} {
		list := append(slices.Clone(x.ads[placement]), next)
		slices.SortFunc(list, func(a, b *ListedDefinition) int { return strings.Compare(a.Rank(), b.Rank()) })
		x.ads[placement] = list
	}
}

// Placed returns the active ads of a placement, of all if it is empty, by rank. The list must not be changed.
func (x *DefinitionIndex) Placed(placement string) []*ListedDefinition {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.ads[placement]
}
