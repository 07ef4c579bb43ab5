package audit

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/oracle"
)

// tallies is the book of what users' rows count in missions, against what the oracle makes of the same users' postings:
// a fold that knows no order where the row remembers everything, else a memory that forgets by the same rules
// (oracle.Memory). A nil book takes everything and finds nothing.
type tallies struct {
	histories map[string]*mission.History // by key, of missions that were active
	known     map[string][]oracle.Known   // of them: when their stages came to be known
	index     *mission.Index
	standing  *oracle.Standing // nil when a mission has changed since
	memory    *oracle.Memory   // as standing
	deep      *oracle.Memory   // follows more ways
	deepened  map[string]bool  // users of whom it was asked
	recalled  *oracle.Recollection
	lead      time.Duration
	horizon   time.Duration // that rows remember
	commands  bool          // all enrolments and segments are read
	rows      map[string]*mission.UserRow
	left      map[string]string // users of whose missions some cannot be judged, and why
	sights    map[int32]*sight  // by partition: which missions rows were last brought up to
}

// possibilities is how many ways are followed in which records may have met at a user's row in one mission; of
// deepUsers whose rows are not what the likely way makes, all up to the oracle's own bound.
const (
	possibilities = 32
	deepUsers     = 20
)

// newTallies returns an empty book, nil where not all postings are read.
func newTallies(c Config, postings, commands bool) *tallies {
	if !postings {
		return nil
	}
	return &tallies{
		histories: map[string]*mission.History{}, known: map[string][]oracle.Known{}, index: mission.NewIndex(),
		recalled: oracle.NewRecollection(),
		lead:     c.Lead, horizon: c.Horizon, commands: commands, rows: map[string]*mission.UserRow{},
		left: map[string]string{}, sights: map[int32]*sight{}, deepened: map[string]bool{},
	}
}

func (b *tallies) setCatalog(key string, at instant.Milli, value []byte) error {
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
	row, err := catalogcodec.Row{}.Decode(value)
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

func (b *tallies) addPosting(r *kgo.Record, p *ledger.Posting) {
	if b != nil {
		b.recalled.Posted(r.Partition, r.Offset, instant.Of(r.Timestamp), p)
	}
}

func (b *tallies) addEnrolment(r *kgo.Record) error {
	if b == nil {
		return nil
	}
	return b.recalled.Enrolment(r.Partition, r.Offset, r.Value)
}

func (b *tallies) addSegments(r *kgo.Record) error {
	if b == nil {
		return nil
	}
	return b.recalled.Segments(r.Partition, r.Offset, r.Value)
}

func (b *tallies) addRead(partition int32, at oracle.Read) {
	if b == nil {
		return
	}
	b.recalled.Read(partition, at)
	if s := b.sights[partition]; s != nil && s.from < 0 {
		s.from = at.Postings
	}
}

// sight is which missions the rows of a partition have been brought up to, since the last row that knew others.
type sight struct {
	missions uint64 // a fingerprint
	from     int64  // all postings from this offset on were handled with them; -1: as of the commit that is being read
}

// see takes what a row says of the missions that its partition knew. A row that knew others makes what was seen before
// void, as after a rebalance to a process whose copy of the catalog was older.
func (b *tallies) see(partition int32, row *mission.UserRow) {
	if s := b.sights[partition]; s == nil || s.missions != row.Missions {
		b.sights[partition] = &sight{row.Missions, -1}
	}
}

// handled tells whether progress has read all that was to reach a user's row.
func (b *tallies) handled(user string) bool { return b == nil || b.recalled.Handled(user) }

func (b *tallies) setRow(partition int32, user string, row *mission.UserRow) {
	if b == nil {
		return
	}
	if b.rows[user] = row; row != nil {
		b.see(partition, row)
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

// leftOutWhy returns a sentence for each reason.
func (b *tallies) leftOutWhy() []string {
	if b == nil {
		return nil
	}
	count := map[string]int{}
	for _, why := range b.left {
		count[why]++
	}
	var out []string
	for why, n := range count {
		out = append(out, fmt.Sprintf("%d users are left out, which is no finding: their rows have forgotten payments, and %s", n, why))
	}
	slices.Sort(out)
	return out
}

// apart returns where two sides do not say the same of missions that the oracle understands.
func (b *tallies) apart(place string, want, got map[oracle.ProgressKey]oracle.Progress) []difference {
	var out []difference
	for k := range both(want, got) {
		w, g := want[k], got[k]
		if !b.standing.Knows(k.Mission) || w.Progress == g.Progress && w.Completions == g.Completions {
			continue
		}
		out = append(out, difference{
			check: checkProgress, key: fmt.Sprint(k), place: place, state: fmt.Sprint(w, g),
			text: fmt.Sprintf("user %s (%s), mission %s version %d, window from %s: the row has progress %d and %d completions, its postings make %d and %d",
				k.User, place, k.Mission, k.Version, k.Start, g.Progress, g.Completions, w.Progress, w.Completions),
		})
	}
	return out
}

// recall judges a user whose row does not remember everything that reached it: what it counts must be among what may
// have come of that.
func (b *tallies) recall(user, place string, row *mission.UserRow) (out []difference) {
	if !b.commands {
		b.left[user] = "enrolments or segments from the beginning are gone (retention), which told when they came"
		return nil
	}
	got, chronicle := oracle.ProgressOf(user, row), b.recalled.Of(user)
	there := map[string]map[oracle.ProgressKey]oracle.Progress{}
	for k, g := range got {
		if there[k.Mission] == nil {
			there[k.Mission] = map[oracle.ProgressKey]oracle.Progress{}
		}
		there[k.Mission][k] = g
	}
	for id, outlook := range b.outlooks(chronicle, there) {
		switch {
		case outlook.Unknown != "":
			b.left[user] = outlook.Unknown
		case len(outlook.Ways) == 0:
			b.left[user] = "no order fits what is left of the records that told it"
		case !outlook.Allows(there[id], false):
			out = append(out, b.apart(place, outlook.Ways[0], there[id])...)
		}
	}
	return out
}

// outlooks returns where a user may stand in each mission. Where too many ways are open, what is there may be what
// comes of the likely one, in which all arrived as soon as it may have: then nothing more is asked. Else, for some
// users, many more ways are followed.
func (b *tallies) outlooks(c oracle.Chronicle,
	there map[string]map[oracle.ProgressKey]oracle.Progress) map[string]oracle.Outlook {
	out := b.memory.Of(c)
	many := func(o oracle.Outlook) bool { return o.Many }
	if !slices.ContainsFunc(slices.Collect(maps.Values(out)), many) {
		return out
	}
	for id, likely := range b.memory.Of(c.Soonest()) {
		if out[id].Many && likely.Unknown == "" && likely.Allows(there[id], false) {
			out[id] = likely
		}
	}
	if !slices.ContainsFunc(slices.Collect(maps.Values(out)), many) || !b.deepens(c.User) {
		return out
	}
	for id, deep := range b.deep.Of(c) {
		if out[id].Many {
			out[id] = deep
		}
	}
	return out
}

// deepens tells whether a user is among those of whom many ways are followed.
func (b *tallies) deepens(user string) bool {
	if !b.deepened[user] && len(b.deepened) == deepUsers {
		return false
	}
	b.deepened[user] = true
	return true
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
	bounds.Horizon = instant.Milli(b.horizon.Milliseconds())
	b.deep, _ = oracle.NewMemory(bounds) // there is no mission yet that it might not understand
	bounds.Possibilities = possibilities
	b.memory, _ = oracle.NewMemory(bounds)
	var missions []oracle.Mission
	for key, h := range b.histories {
		career, ok := careerOf(h)
		if !ok || b.memory.Add(career) != nil || b.deep.Add(career) != nil {
			continue
		}
		last := career.Stages[len(career.Stages)-1].Mission
		missions = append(missions, last)
		b.recalled.Met(last.ID, b.known[key])
	}
	b.standing, _ = oracle.NewStanding(missions...) // all of them were understood above
	for partition, s := range b.sights {
		if s.from >= 0 && s.missions == b.index.Snapshot().Fingerprint() {
			b.recalled.MetBy(partition, s.from)
		} else {
			b.recalled.MetBy(partition, math.MaxInt64)
		}
	}
}
