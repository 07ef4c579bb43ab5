package mission

import (
	"slices"
	"strings"
	"sync"

	"github.com/tidwall/btree"

	catalogviews "github.com/millrace/millrace/views/catalog"
	"github.com/millrace/millrace/views/serve"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
)

// Index keeps the missions compiled for users and, in the order of their ids, ready to be shown on the panel: a
// list neither decodes nor compiles anything.
type Index struct {
	compiled *mission.Index

	mu    sync.RWMutex
	items btree.Map[string, *listedMission] // by mission id
}

// listedMission is what the panel shows of a mission.
type listedMission struct {
	definition []byte       // its JSON
	facts      catalogFacts // without Approval, which the settings of the server decide
	review     catalog.Review
	status     mission.Status
	merchants  []mission.Filter
	text       string // what ?q= looks through, in lower case
	limits     mission.Limits
	unit       string // of the budget
}

// NewIndex returns an empty one.
func NewIndex() *Index { return &Index{compiled: mission.NewIndex()} }

// Snapshot returns the missions as users see them now.
func (x *Index) Snapshot() *mission.Snapshot { return x.compiled.Snapshot() }

// Take takes a row in, nil for one that is gone. Rows of other kinds, and those whose every command was refused, are no
// missions.
func (x *Index) Take(key string, row *catalog.Row) {
	id, isMission := strings.CutPrefix(key, catalog.MissionKey(""))
	if !isMission {
		return
	}
	var listed *listedMission
	if history, ok := row.Mission(); ok {
		listed = listedOf(row, &history, history.Latest())
		_ = x.compiled.Put(key, &history) // one that is not valid, which the catalog lets nobody make, stays as it was
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if listed == nil {
		x.compiled.Remove(key)
		x.items.Delete(id)
		return
	}
	x.items.Set(id, listed)
}

// all returns every mission by its id.
func (x *Index) all() map[string]listedMission {
	x.mu.RLock()
	defer x.mu.RUnlock()
	out := make(map[string]listedMission, x.items.Len())
	x.items.Scan(func(id string, m *listedMission) bool {
		out[id] = *m
		return true
	})
	return out
}

func (x *Index) get(id string) (*listedMission, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.items.Get(id)
}

// page returns at most n missions after an id that pass the filter, and the id to go on from, empty at the end.
func (x *Index) page(f missionFilter, after string, n int) (page []*listedMission, next string) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	scanned, last := 0, ""
	x.items.Ascend(after, func(id string, m *listedMission) bool {
		if id == after {
			return true
		}
		passes := f.passes(m)
		if passes && len(page) == n || scanned == serve.ScanLimit {
			next = last
			return false
		}
		if scanned, last = scanned+1, id; passes {
			page = append(page, m)
		}
		return true
	})
	return page, next
}

// listedOf returns one version of a mission.
func listedOf(row *catalog.Row, h *mission.History, v mission.Version) *listedMission {
	definition := h.Defined(v)
	m := &definition
	listed := &listedMission{limits: m.Limits, unit: mission.UnitOf(m.Reward.Kind, m.Currency),
		definition: missioncodec.JSON(m), facts: missionFacts(row, h, v), status: m.Status,
		merchants: merchantFilters(m.Filters)}
	if entity, ok := row.Entity.(catalog.Mission); ok {
		listed.review = entity.Review()
	}
	listed.text = strings.ToLower(strings.Join([]string{m.ID, m.Title, m.Description, m.BrandID,
		listed.facts.Summary}, "\n"))
	return listed
}

func missionFacts(row *catalog.Row, h *mission.History, of mission.Version) catalogFacts {
	m, when := h.Defined(of), func(at instant.Milli) *instant.Milli { return serve.Optional(at, at != 0) }
	f := catalogFacts{
		Version: of.Number, Versions: []MissionVersion{}, ActivateAt: when(h.ScheduledAt), Pauses: []MissionPause{},
		EndedAt:  when(h.EndedAt),
		Revision: row.Revision, Summary: mission.Sentence(&m), Conditions: mission.Conditions(&m),
		CreatedAt: row.CreatedAt, ChangedAt: h.ChangedAt,
		Actor: catalogviews.FactsOf(row).Actor,
	}
	for _, v := range h.Versions {
		f.Versions = append(f.Versions, MissionVersion{v.Number, v.CreatedAt, when(v.From), v.Backdated})
	}
	for _, p := range h.Pauses {
		f.Pauses = append(f.Pauses, MissionPause{p.From, when(p.To)})
	}
	return f
}

func merchantFilters(filters []mission.Filter) []mission.Filter {
	var found []mission.Filter
	for _, f := range filters {
		switch {
		case f.IsGroup():
			found = append(found, merchantFilters(f.Any)...)
		case f.ID == "merchant" && (f.Operator == mission.Eq || f.Operator == mission.In ||
			f.Operator == mission.Prefix):
			found = append(found, f)
		}
	}
	return found
}

// missionFilter is what the panel's list can be cut down to; empty fields let everything pass.
type missionFilter struct {
	status   mission.Status
	merchant string
	query    string // lower case
	approval catalog.ApprovalState
	// thresholds are those by which approval is told.
	thresholds catalog.Thresholds
}

func (f missionFilter) passes(m *listedMission) bool {
	return (f.status == "" || f.status == m.status) &&
		(f.approval == "" || f.approval == m.review.State(f.thresholds)) &&
		(f.merchant == "" || slices.ContainsFunc(m.merchants, f.atMerchant)) &&
		strings.Contains(m.text, f.query)
}

func (f missionFilter) atMerchant(named mission.Filter) bool {
	return slices.ContainsFunc(named.Values, func(v mission.Value) bool {
		return v.Text == f.merchant || named.Operator == mission.Prefix && strings.HasPrefix(f.merchant, v.Text)
	})
}

// AtMerchant tells whether a mission's filters name a merchant.
func (x *Index) AtMerchant(id, merchant string) bool {
	m, ok := x.get(id)
	return ok && (missionFilter{merchant: merchant}).passes(m)
}
