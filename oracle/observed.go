package oracle

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/domain/mission"
)

// ProgressOf returns where a user stands by the row of the progress table. Outcomes are not in it.
func ProgressOf(user string, row *mission.UserRow) map[ProgressKey]Progress {
	out := map[ProgressKey]Progress{}
	for _, s := range row.States {
		for _, t := range s.Tallies {
			key := ProgressKey{user, s.Mission, s.Version, t.Start}
			p := out[key]
			p.Progress += progressOf(t)
			p.Completions += t.Completions
			out[key] = p
		}
	}
	return out
}

// progressOf reads a tally: its amount, the number of its values, or its longest run of days.
func progressOf(t *mission.Tally) int64 {
	values, run, longest := int64(0), int64(0), int64(0)
	last := int64(0)
	for _, e := range t.Entries {
		switch {
		case e.Settled+e.Recent <= 0:
		case e.Value != "":
			values++
		default:
			if run == 0 || e.Day != last+1 {
				run = 0
			}
			run, last = run+1, e.Day
			longest = max(longest, run)
		}
	}
	return t.Settled.Plus(t.Recent).Add(values + longest).Int64() // of which all but one are 0
}

// Posted takes a posting at an offset, and when it was appended; 0: that is not known.
func (r *Recollection) Posted(partition int32, offset int64, at instant.Milli, p *ledger.Posting) {
	g := r.user(p.UserID, partition)
	if g.facts[p.TransactionID] == nil { // those of its later postings are the same
		g.facts[p.TransactionID] = &p.Facts
	}
	g.postings = append(g.postings, Movement{g.facts[p.TransactionID], p.Kind == ledger.PaymentSettled, p.Seq,
		p.NetBefore, p.NetAfter, p.At})
	g.offsets.postings, g.appended = append(g.offsets.postings, offset), append(g.appended, at)
}
