package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/bench/oracle"
	"github.com/millrace/millrace/codecs"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
)

// tallies is the book of what users' rows count in missions, against what the oracle makes of the same users' postings: a fold that knows no order where
// the row remembers everything, else a memory that forgets by the same rules (oracle.Memory). A nil book takes everything and finds nothing.
type tallies struct {
	histories map[string]*mission.History // by key, of missions that were active
	known     map[string][]oracle.Known   // of them: when their stages came to be known
	index     *mission.Index
	standing  *oracle.Standing // nil when a mission has changed since
	memory    *oracle.Memory   // as standing
	recalled  *oracle.Recollection
	lead      time.Duration
	horizon   time.Duration // that rows remember
	commands  bool          // all enrolments and segments are read
	rows      map[string]*mission.UserRow
	left      map[string]bool // users of whose missions some cannot be judged
}

// possibilities is how many ways are followed in which records may have met at a user's row in one mission.
const possibilities = 32

// newTallies returns an empty book, nil where not all postings are read.
func newTallies(c Config, postings, commands bool) *tallies {
	if !postings {
		return nil
	}
	return &tallies{
		histories: map[string]*mission.History{}, known: map[string][]oracle.Known{}, index: mission.NewIndex(), recalled: oracle.NewRecollection(),
		lead: c.Lead, horizon: c.Horizon, commands: commands, rows: map[string]*mission.UserRow{}, left: map[string]bool{},
	}
}

func (b *tallies) takeCatalog(key string, at instant.Milli, value []byte) error {
	if b == nil || !strings.HasPrefix(key, catalog.MissionKey("")) {
		return nil
	}
	b.standing, b.memory = nil, nil
	delete(b.histories, key)
	b.index.Remove(key)
	if value == nil {
		delete(b.known, key)
		return nil
	}
	row, err := codecs.CatalogRow{}.Decode(value)
	if err != nil {
		return err
	}
	if h, ok := row.Mission(); ok && h.Activated {
		if problems := b.index.Put(key, &h); len(problems) > 0 {
			return problems
		}
		b.histories[key] = &h
		b.known[key] = learn(b.known[key], stagesOf(&h), at, b.lead)
	}
	return nil
}

func (b *tallies) takePosting(r *kgo.Record, p *ledger.Posting) {
	if b != nil {
		b.recalled.Posted(r.Partition, r.Offset, instant.Of(r.Timestamp), p)
	}
}

func (b *tallies) takeEnrolment(r *kgo.Record) error {
	if b == nil {
		return nil
	}
	return b.recalled.Enrolment(r.Partition, r.Offset, r.Value)
}

func (b *tallies) takeSegments(r *kgo.Record) error {
	if b == nil {
		return nil
	}
	return b.recalled.Segments(r.Partition, r.Offset, r.Value)
}

func (b *tallies) takeRead(partition int32, at oracle.Read) {
	if b != nil {
		b.recalled.Read(partition, at)
	}
}

// handled tells whether progress has read all that was to reach a user's row.
func (b *tallies) handled(user string) bool { return b == nil || b.recalled.Handled(user) }

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
	delete(b.left, user)
	if b.standing == nil {
		b.fold()
	}
	payments, ok := b.remembered(user, row)
	if !ok {
		return b.recall(user, place, row)
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
	return b.apart(place, want, got)
}

// leftOut returns how many users could not be judged.
func (b *tallies) leftOut() int {
	if b == nil {
		return 0
	}
	return len(b.left)
}

// apart returns where two sides do not say the same of missions that the oracle understands.
func (b *tallies) apart(place string, want, got map[oracle.ProgressKey]oracle.Progress) []difference {
	var out []difference
	for k := range union(want, got) {
		w, g := want[k], got[k]
		if !b.standing.Knows(k.Mission) || w.Progress == g.Progress && w.Completions == g.Completions {
			continue
		}
		out = append(out, difference{
			check: Progress, key: fmt.Sprint(k), place: place, state: fmt.Sprint(w, g),
			text: fmt.Sprintf("user %s (%s), mission %s version %d, window from %s: the row has progress %d and %d completions, its postings make %d and %d",
				k.User, place, k.Mission, k.Version, k.Start, g.Progress, g.Completions, w.Progress, w.Completions),
		})
	}
	return out
}

// recall judges a user whose row does not remember everything that reached it: what it counts must be among what may have come of that.
func (b *tallies) recall(user, place string, row *mission.UserRow) (out []difference) {
	if !b.commands {
		b.left[user] = true
		return nil
	}
	got := oracle.ProgressOf(user, row)
	for id, outlook := range b.memory.Of(b.recalled.Of(user)) {
		there := map[oracle.ProgressKey]oracle.Progress{}
		for k, g := range got {
			if k.Mission == id {
				there[k] = g
			}
		}
		switch {
		case outlook.Unknown != "" || len(outlook.Ways) == 0:
			b.left[user] = true
		case !outlook.Allows(there, false):
			out = append(out, b.apart(place, outlook.Ways[0], there)...)
		}
	}
	return out
}

// remembered returns the payments of a user, false if the row has forgotten some, or is at one of its bounds.
func (b *tallies) remembered(user string, row *mission.UserRow) ([]oracle.Payment, bool) {
	payments := b.recalled.Of(user).Payments()
	if slices.ContainsFunc(payments, func(p oracle.Payment) bool { return p.Facts.CreatedAt <= row.Frontier.At }) {
		return nil, false
	}
	if len(row.Segments) >= mission.MaxSets {
		return nil, false
	}
	for _, s := range row.States {
		if len(s.Switches) >= mission.MaxSwitches || len(s.Tallies) >= mission.MaxTallies || s.Cut > 0 {
			return nil, false
		}
		for _, t := range s.Tallies {
			if len(t.Entries) >= mission.MaxDistinct {
				return nil, false
			}
		}
	}
	return payments, true
}

// fold hands the missions to the oracle.
func (b *tallies) fold() {
	bounds := oracle.DefaultBounds()
	bounds.Horizon, bounds.Possibilities = instant.Milli(b.horizon.Milliseconds()), possibilities
	b.memory, _ = oracle.NewMemory(bounds) // there is no mission yet that it might not understand
	var missions []oracle.Mission
	for key, h := range b.histories {
		career, ok := careerOf(h)
		if !ok || b.memory.Add(career) != nil {
			continue
		}
		last := career.Stages[len(career.Stages)-1].Mission
		missions = append(missions, last)
		b.recalled.Met(last.ID, b.known[key])
	}
	b.standing = oracle.NewStanding(missions...)
}
