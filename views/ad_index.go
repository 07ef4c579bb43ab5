package views

import (
	"fmt"
	"slices"
	"strings"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
)

func adRank(priority int64, id string) string {
	return fmt.Sprintf("%04d", catalog.MaxPriority-priority) + id
}

func (d *listedDefinition) rank() string {
	a, _ := d.entity.(catalog.Ad)
	return adRank(a.Priority, a.AdID)
}

func (d *listedDefinition) shownAt(now instant.Milli) bool {
	return now >= d.from && (d.to == 0 || now < d.to)
}

// place brings the ads of a placement up to date; the index is locked. Lists are replaced, since readers hold them.
func (x *definitionIndex) place(id string, next *listedDefinition) {
	for _, placement := range []string{"", x.at[id]} {
		x.ads[placement] = slices.DeleteFunc(slices.Clone(x.ads[placement]), func(d *listedDefinition) bool { return d.id == id })
	}
	delete(x.at, id)
	if next == nil || next.entity.Status() != catalog.StatusActive {
		return
	}
	a, _ := next.entity.(catalog.Ad)
	x.at[id] = a.Placement
	for _, placement := range []string{"", a.Placement} {
		list := append(slices.Clone(x.ads[placement]), next)
		slices.SortFunc(list, func(a, b *listedDefinition) int { return strings.Compare(a.rank(), b.rank()) })
		x.ads[placement] = list
	}
}

// placed returns the active ads of a placement, of all if it is empty, by rank. The list must not be changed.
func (x *definitionIndex) placed(placement string) []*listedDefinition {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.ads[placement]
}
