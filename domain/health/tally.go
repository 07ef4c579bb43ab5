package health

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
)

// Tally is everything that is counted in one window.
type Tally struct {
	Counts  Counts
	Latency Latency
	Sources []SourceRange // by topic, then partition
	// Arrived is when the newest of the payments arrived: the timestamp of its record, 0 where none is known. Of an
	// open window.
	Arrived instant.Milli
}

// SourceRange is the first and last offset of the attempts that were counted, within one partition of one topic.
type SourceRange struct {
	Topic       string
	Partition   int32
	First, Last int64
}

// Name returns topic-partition, as window records name it.
func (r SourceRange) Name() string { return r.Topic + "-" + strconv.FormatInt(int64(r.Partition), 10) }

// Source is where an attempt's record lies.
type Source struct {
	Topic     string
	Partition int32
	Offset    int64
}

// tallyOf is the tally of one attempt.
func tallyOf(a *ledger.Attempt, from Source) Tally {
	arrived := a.Origin.Timestamp
	if a.Outcome.Class().Unanswered { // nothing came but time
		arrived = 0
	}
	var one Counts
	one[a.Outcome] = 1
	return Tally{
		Counts: one, Latency: Latency{}.Add(a.LatencyMS), Arrived: arrived,
		Sources: []SourceRange{{from.Topic, from.Partition, from.Offset, from.Offset}},
	}
}

// Merge returns the tally of the attempts of both.
func (t Tally) Merge(u Tally) Tally {
	out := Tally{
		Counts: t.Counts.Plus(u.Counts), Latency: t.Latency.Merge(u.Latency), Sources: slices.Clone(t.Sources),
		Arrived: max(t.Arrived, u.Arrived),
	}
	for _, r := range u.Sources {
		i, found := slices.BinarySearchFunc(out.Sources, r, func(a, b SourceRange) int {
			return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
		})
		if !found {
			out.Sources = slices.Insert(out.Sources, i, r)
			continue
		}
		out.Sources[i].First = min(out.Sources[i].First, r.First)
		out.Sources[i].Last = max(out.Sources[i].Last, r.Last)
	}
	return out
}
