package oracle

import (
	"maps"
	"slices"
	"sort"

	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// Recollection gathers what reached the rows of users, from records: postings, enrolments and segments, each in the
// order of its partition, and how far progress said, with each of its commits, that it had read of the three.
type Recollection struct {
	users map[string]*gathered
	reads map[int32][]Read // in order
	known map[string][]Known
	metBy map[int32]int64 // by partition
}

// Read says how far progress had read a partition: the offset to be read next of each topic.
type Read struct {
	Postings, Enrolments, Segments int64
	At                             instant.Milli // when this was appended; 0: not known
}

// Known says when a stage of a mission became known to progress: to nothing that was committed before From, and to all
// that was appended, or came to be handled, after By. 0: nothing is known of it.
type Known struct{ From, By instant.Milli }

// gathered is what reached one row, each with its offset.
type gathered struct {
	partition int32
	postings  []Movement
	turns     []EnrolmentArrival
	sets      []SegmentsArrival
	offsets   struct{ postings, turns, sets []int64 }
	appended  []instant.Milli // postings
	ids       map[string]bool // of enrolments and segments
	facts     map[string]*payment.Facts
}

// NewRecollection returns one that has seen nothing.
func NewRecollection() *Recollection {
	return &Recollection{users: map[string]*gathered{}, reads: map[int32][]Read{}, known: map[string][]Known{},
		metBy: map[int32]int64{}}
}

func (r *Recollection) user(id string, partition int32) *gathered {
	g := r.users[id]
	if g == nil {
		g = &gathered{ids: map[string]bool{}, facts: map[string]*payment.Facts{}}
		r.users[id] = g
	}
	g.partition = partition
	return g
}

// verdicts is how many verdicts on commands a row keeps.
const verdicts = 16

// Enrolment takes a record of enrolments.
func (r *Recollection) Enrolment(partition int32, offset int64, value []byte) error {
	e, err := missioncodec.Enrolment{}.Decode(value)
	if err != nil {
		return err
	}
	g := r.user(e.UserID, partition)
	again := g.ids[e.ID]
	if again && len(g.ids) <= verdicts { // the row still has the verdict
		return nil
	}
	g.ids[e.ID] = true
	g.turns = append(g.turns, EnrolmentArrival{Mission: e.Mission, Turn: Turn{e.At, e.Op == "withdraw"}, Again: again})
	g.offsets.turns = append(g.offsets.turns, offset)
	return nil
}

// Segments takes a record of user-segments. One that comes again changes nothing, whether or not the row knows it.
func (r *Recollection) Segments(partition int32, offset int64, value []byte) error {
	s, err := missioncodec.UserSegments{}.Decode(value)
	if err != nil {
		return err
	}
	g := r.user(s.UserID, partition)
	if g.ids[s.ID] {
		return nil
	}
	g.ids[s.ID] = true
	g.sets = append(g.sets, SegmentsArrival{Set: Set{s.At, s.Segments}})
	g.offsets.sets = append(g.offsets.sets, offset)
	return nil
}

// Read takes what a commit says of a partition.
func (r *Recollection) Read(partition int32, at Read) {
	r.reads[partition] = append(r.reads[partition], at)
}

// Met says when the stages of a mission became known. Missions of which nothing is said became known as their stages
// say.
func (r *Recollection) Met(mission string, stages []Known) { r.known[mission] = stages }

// MetBy says that all postings of a partition from an offset on were handled with every stage of every mission known.
func (r *Recollection) MetBy(partition int32, postings int64) { r.metBy[partition] = postings }

// Handled tells whether progress has read all that was to reach a user's row.
func (r *Recollection) Handled(id string) bool {
	g := r.users[id]
	if g == nil || len(r.reads[g.partition]) == 0 {
		return g == nil
	}
	last := r.reads[g.partition][len(r.reads[g.partition])-1]
	below := func(offsets []int64, end int64) bool { return len(offsets) == 0 || offsets[len(offsets)-1] < end }
	return below(g.offsets.postings, last.Postings) && below(g.offsets.turns, last.Enrolments) &&
		below(g.offsets.sets, last.Segments)
}

// Users returns whose rows something has reached.
func (r *Recollection) Users() []string { return slices.Sorted(maps.Keys(r.users)) }

// Of returns what reached a user's row, and what is known of when.
func (r *Recollection) Of(id string) Chronicle {
	g := r.users[id]
	if g == nil {
		return Chronicle{User: id}
	}
	c := Chronicle{User: id, Postings: g.postings, Turns: slices.Clone(g.turns), Sets: slices.Clone(g.sets)}
	reads := r.reads[g.partition]
	for i, offset := range g.offsets.turns {
		c.Turns[i].Arrival = g.arrival(reads, offset, func(x Read) int64 { return x.Enrolments })
	}
	for i, offset := range g.offsets.sets {
		c.Sets[i].Arrival = g.arrival(reads, offset, func(x Read) int64 { return x.Segments })
	}
	c.Met = map[string][]Arrival{}
	for mission, stages := range r.known {
		for _, k := range stages {
			a := g.met(reads, k)
			if from, ok := r.metBy[g.partition]; ok && a.Before >= 0 {
				a.Before = max(a.After, min(a.Before, g.there(from)))
			}
			c.Met[mission] = append(c.Met[mission], a)
		}
	}
	return c
}

// met returns after how many postings a stage of a mission may have become known.
func (g *gathered) met(reads []Read, k Known) Arrival {
	a := Arrival{0, len(g.postings)}
	if k.From > 0 {
		if n := sort.Search(len(reads), func(i int) bool { return reads[i].At >= k.From }); n > 0 {
			a.After = g.there(reads[n-1].Postings)
		}
	}
	if k.By == 0 {
		return a
	}
	if i := slices.IndexFunc(g.appended, func(t instant.Milli) bool { return t > k.By }); i >= 0 {
		a.Before = i
	}
	if n := sort.Search(len(reads), func(i int) bool { return reads[i].At > k.By }); n < len(reads) {
		a.Before = min(a.Before, g.there(reads[n].Postings))
	}
	if a.Before == 0 && len(g.turns)+len(g.sets) == 0 {
		return always()
	}
	return a
}

// there returns how many of the user's postings lie below an offset.
func (g *gathered) there(end int64) int {
	n, _ := slices.BinarySearch(g.offsets.postings, end)
	return n
}

// arrival returns after how many postings the record at an offset may have reached the row: what a commit had read was
// there before what it had not.
func (g *gathered) arrival(reads []Read, offset int64, of func(Read) int64) Arrival {
	a := Arrival{0, len(g.postings)}
	first := sort.Search(len(reads), func(i int) bool { return of(reads[i]) > offset })
	if first > 0 {
		a.After = g.there(reads[first-1].Postings)
	}
	if first < len(reads) {
		a.Before = g.there(reads[first].Postings)
	}
	return a
}
