package audit

import (
	ledgercodec "github.com/millrace/millrace/codecs/ledger"
	"github.com/millrace/millrace/domain/ledger"
	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

// source is one that speaks in a partition.
type source struct{ partition, source int32 }

// punctual checks that no partition of the ledger said what time it was before it had timed out the payments that were
// due by then: health would have closed their windows without them. The windows' last revisions would be right all the
// same.
func (t *Tape) punctual(v *Verdict) {
	said := map[source]watermark.Record{}
	for _, r := range t.records[t.topology.Attempts.Name] {
		if w, err := watermark.Decode(r.Value); err == nil {
			said[source{r.Partition, w.Source}] = w
			continue
		}
		a, err := ledgercodec.Attempt{}.Decode(r.Value)
		if err != nil || a.Outcome != ledger.TimedOut || v.Want.Overdue[a.TransactionID] {
			continue // what does not decode was noticed by Take
		}
		of := stream.Partition([]byte(a.TransactionID), t.topology.Config.Partitions)
		if w, ok := said[source{r.Partition, of}]; ok && w.Time != watermark.None && w.Time >= int64(a.At) {
			v.Differ("attempt %s timed out at %v, after its source had said that it was %d ms later", a.TransactionID,
				a.At, w.Time-int64(a.At))
		}
	}
}
