package audit

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/millrace/millrace/bench/oracle"
	"github.com/millrace/millrace/codecs"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
)

// tallies is the book of what users' rows count in missions, against the oracle's fold of the same users' postings. It judges users whose row
// remembers all their payments: of others it depends on the order in which payments came what counted (after_horizon). A nil book
// takes everything and finds nothing.
type tallies struct {
	histories map[string]*mission.History // by key, of missions that were active
	index     *mission.Index
	standing  *oracle.Standing // nil when a mission has changed since
	payments  map[string]map[string]oracle.Payment
	rows      map[string]*mission.UserRow
}

// newTallies returns an empty book, nil where not all postings are read.
func newTallies(whole bool) *tallies {
	if !whole {
		return nil
	}
	return &tallies{
		histories: map[string]*mission.History{}, index: mission.NewIndex(), payments: map[string]map[string]oracle.Payment{},
		rows: map[string]*mission.UserRow{},
	}
}

func (b *tallies) takeCatalog(place, key string, value []byte) error {
	if b == nil || !strings.HasPrefix(key, catalog.MissionKey("")) {
		return nil
	}
	b.standing = nil
	delete(b.histories, key)
	b.index.Remove(key)
	if value == nil {
		return nil
	}
	row, err := codecs.CatalogRow{}.Decode(value)
	if err != nil {
		return fmt.Errorf("%s: %w", place, err)
	}
	if h, ok := row.Mission(); ok && h.Activated {
		if problems := b.index.Put(key, &h); len(problems) > 0 {
			return fmt.Errorf("%s: %w", place, problems)
		}
		b.histories[key] = &h
	}
	return nil
}

func (b *tallies) takePosting(p *ledger.Posting) {
	if b == nil {
		return
	}
	if b.payments[p.UserID] == nil {
		b.payments[p.UserID] = map[string]oracle.Payment{}
	}
	b.payments[p.UserID][p.TransactionID] = oracle.Payment{Facts: &p.Facts, Net: p.NetAfter}
}

func (b *tallies) takeRow(user string, row *mission.UserRow) {
	if b != nil {
		b.rows[user] = row
	}
}

// differences returns where the row of a user does not count what the postings say.
func (b *tallies) differences(user, place string) []difference {
	if b == nil || b.rows[user] == nil {
		return nil
	}
	// A row meets a mission that has changed with the user's next record, and reads do not wait for that.
	row := mission.Touch(b.rows[user], user, b.index.Snapshot(), mission.DefaultConfig())
	payments, ok := b.remembered(user, row)
	if !ok {
		return nil
	}
	if b.standing == nil {
		b.standing = b.fold()
	}
	turns, sets := map[string][]oracle.Turn{}, make([]oracle.Set, len(row.Segments))
	for _, s := range row.States {
		for _, w := range s.Switches {
			turns[s.Mission] = append(turns[s.Mission], oracle.Turn{At: w.At, Out: w.Out})
		}
	}
	for i, s := range row.Segments {
		sets[i] = oracle.Set{At: s.At, Segments: s.Segments}
	}
	want, got := b.standing.Of(user, payments, turns, sets), oracle.ProgressOf(user, row)
	var out []difference
	for k := range union(want, got) {
		w, g := want[k], got[k]
		if !b.standing.Knows(k.Mission) || w.Progress == g.Progress && w.Completions == g.Completions {
			continue
		}
		out = append(out, difference{
			check: Progress, key: fmt.Sprint(k), place: place, state: fmt.Sprint(w, g),
			text: fmt.Sprintf("user %s (%s), mission %s version %d, window from %s: the row has progress %d and %d completions, its postings make %d and %d",
				user, place, k.Mission, k.Version, k.Start, g.Progress, g.Completions, w.Progress, w.Completions),
		})
	}
	return out
}

// remembered returns the payments of a user, false if the row has forgotten some, or is at one of its bounds.
func (b *tallies) remembered(user string, row *mission.UserRow) ([]oracle.Payment, bool) {
	var payments []oracle.Payment
	for _, p := range b.payments[user] {
		if p.Facts.CreatedAt <= row.Frontier.At {
			return nil, false
		}
		payments = append(payments, p)
	}
	if len(row.Segments) >= mission.MaxSets {
		return nil, false
	}
	for _, s := range row.States {
		if len(s.Switches) >= mission.MaxSwitches || len(s.Tallies) >= mission.MaxTallies || s.Cut > 0 {
			return nil, false
		}
		for _, t := range s.Tallies {
			if len(t.Entries) >= mission.MaxValues {
				return nil, false
			}
		}
	}
	return payments, true
}

// fold hands the missions to the oracle, as documents.
func (b *tallies) fold() *oracle.Standing {
	var missions []oracle.Mission
	for _, h := range b.histories {
		m := oracle.Mission{EndedAt: h.EndedAt}
		for _, p := range h.Pauses {
			m.Pauses = append(m.Pauses, oracle.Span{From: p.From, To: p.To})
		}
		understood := true
		for i, v := range h.Versions {
			var d oracle.Definition
			if err := json.Unmarshal(codecs.MissionJSON(&v.Mission), &d); err != nil {
				understood = false
			}
			if i == 0 {
				m.Definition = d
			} else {
				m.Later = append(m.Later, oracle.Version{Definition: d, From: v.From})
			}
		}
		if understood {
			missions = append(missions, m)
		}
	}
	return oracle.NewStanding(missions...)
}
