package catalog

import (
	"slices"
	"strings"
	"sync"

	"github.com/tidwall/btree"

	"github.com/millrace/millrace/views/serve"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
)

// DefinitionIndex keeps brands, ads, pools and reward templates in the order of their ids, ready to be shown: a list
// decodes nothing.
type DefinitionIndex struct {
	mu    sync.RWMutex
	items btree.Map[string, *ListedDefinition] // by row key
	// ads are those that are active, by placement, under "" all of them; at is where each stands.
	ads map[string][]*ListedDefinition
	at  map[string]string
}

// NewDefinitionIndex returns an empty one.
func NewDefinitionIndex() *DefinitionIndex {
	return &DefinitionIndex{ads: map[string][]*ListedDefinition{}, at: map[string]string{}}
}

// ListedDefinition is what the panel shows of one, and what its list can be cut down by.
type ListedDefinition struct {
	id         string
	Entity     catalog.Entity
	definition []byte // its JSON
	Facts      DefinitionFacts
	merchants  []string      // of a brand
	brand      string        // whose it is
	Mission    string        // of an ad
	from, to   instant.Milli // of an ad; 0 is no bound
	text       string        // what ?q= looks through, in lower case
}

// Take takes a row in, nil for one that is gone. Rows of other kinds, and those whose every command was refused, are
// left out.
func (x *DefinitionIndex) Take(key string, row *catalog.Row) {
	kind, _, _ := strings.Cut(key, "/")
	if !isDefinition(catalog.Kind(kind)) {
		return
	}
	var listed *ListedDefinition
	if row != nil && row.Entity != nil {
		listed = definitionOf(row)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if id, isAd := strings.CutPrefix(key, catalog.Key(catalog.KindAd, "")); isAd {
		x.place(id, listed)
	}
	if listed == nil {
		x.items.Delete(key)
		return
	}
	x.items.Set(key, listed)
}

func isDefinition(kind catalog.Kind) bool {
	switch kind {
	case catalog.KindBrand, catalog.KindAd, catalog.KindPool, catalog.KindRewardTemplate:
		return true
	default:
		return false
	}
}

// Get returns one of a kind; false if there is none.
func (x *DefinitionIndex) Get(kind catalog.Kind, id string) (*ListedDefinition, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.items.Get(catalog.Key(kind, id))
}

// page returns at most n of a kind after an id that pass the filter, and the id to go on from, empty at the end.
func (x *DefinitionIndex) page(kind catalog.Kind, passes func(*ListedDefinition) bool, after string,
	n int) (page []*ListedDefinition, next string) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	prefix := catalog.Key(kind, "")
	scanned, last := 0, ""
	x.items.Ascend(prefix+after, func(key string, d *ListedDefinition) bool {
		if !strings.HasPrefix(key, prefix) {
			return false
		}
		if d.id == after {
			return true
		}
		fits := passes(d)
		if fits && len(page) == n || scanned == serve.ScanLimit {
			next = last
			return false
		}
		if scanned, last = scanned+1, d.id; fits {
			page = append(page, d)
		}
		return true
	})
	return page, next
}

// all returns every one of a kind that passes.
func (x *DefinitionIndex) all(kind catalog.Kind, passes func(*ListedDefinition) bool) []*ListedDefinition {
	x.mu.RLock()
	defer x.mu.RUnlock()
	prefix := catalog.Key(kind, "")
	var found []*ListedDefinition
	x.items.Ascend(prefix, func(key string, d *ListedDefinition) bool {
		if !strings.HasPrefix(key, prefix) {
			return false
		}
		if passes(d) {
			found = append(found, d)
		}
		return true
	})
	return found
}

func definitionOf(row *catalog.Row) *ListedDefinition {
	d := &ListedDefinition{id: row.EntityID, Entity: row.Entity, definition: catalogcodec.DefinitionJSON(row.Entity),
		Facts: FactsOf(row)}
	var texts []string
	switch e := row.Entity.(type) {
	case catalog.Brand:
		d.merchants, d.brand, texts = e.Merchants, e.BrandID, append([]string{e.Name}, e.Merchants...)
	case catalog.Ad:
		d.brand, d.Mission, texts = e.BrandID, e.MissionID,
			[]string{e.Title, e.Body, e.Placement, e.MissionID, e.BrandID}
		d.from, d.to, _ = e.Schedule() // the catalog lets nobody make one that is not valid
	case catalog.Pool:
		d.brand, texts = e.BrandID, []string{e.Title, e.Description, e.BrandID}
	case catalog.RewardTemplate:
		d.brand, texts = e.BrandID, []string{e.Title, e.Description, e.Terms, e.BrandID, e.Reward.Kind}
	}
	d.text = strings.ToLower(strings.Join(append(texts, row.EntityID), "\n"))
	return d
}

// definitionFilter is what a list can be cut down to; empty fields let everything pass.
type definitionFilter struct {
	status   string
	merchant string
	query    string // lower case
}

// passes tells whether d is of the status, holds the text, and has to do with the merchant: by its own names, by its
// brand, or by the filters of its mission. Brands are those that have the merchant.
func (f definitionFilter) passes(missions missionFinder, brands map[string]bool, d *ListedDefinition) bool {
	if f.status != "" && f.status != d.Entity.Status() || !strings.Contains(d.text, f.query) {
		return false
	}
	if f.merchant == "" || brands[d.brand] {
		return true
	}
	return d.Mission != "" && missions.AtMerchant(d.Mission, f.merchant)
}

// brandsOf returns the ids of the brands that have a merchant.
func (x *DefinitionIndex) brandsOf(merchant string) map[string]bool {
	found := map[string]bool{}
	if merchant == "" {
		return found
	}
	for _, b := range x.all(catalog.KindBrand, func(d *ListedDefinition) bool {
		return slices.Contains(d.merchants, merchant)
	}) {
		found[b.id] = true
	}
	return found
}
