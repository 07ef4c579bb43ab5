// Package deadletters is the group that keeps the list of dead letters.
//
//   - Input: dead-letters, raw bytes under the id of the record they are from (topic-partition-offset), with what happened in
//     the mr- headers.
//   - Table: by that id, where the bytes are, whose they are, the reason and the state.
//   - Output: none, dead letters least of all: a record here that could not be used would come back here.
//   - Ordering: letters of one source record are in order; a record refused by several groups has one row with all of them.
//   - Late and duplicate letters: one that is read or filed again changes nothing but where the bytes are.
//
// Anybody may write to the topic. What does not carry our headers, or has them under another key, is counted and passed
// over. That is why the input is goka's own: the one of stream would file a record without a value, or one that made the
// callback panic, as a dead letter.
package deadletters

import (
	"math/big"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/stream"
	"github.com/millrace/millrace/topology"
)

// Graph returns the group's graph. The group has no settings.
func Graph(t *topology.Topology, m *Metrics) *goka.GroupGraph {
	return goka.DefineGroup(t.DeadLetters.Goka(),
		goka.Input(t.DeadLetterRecords.Stream(), stream.Bytes{}, func(c goka.Context, value any) { file(c, value, m) }),
		stream.Persist(t.DeadLetters),
	)
}

func file(c goka.Context, value any, m *Metrics) {
	letter, ok := parseLetter(c.Key(), c.Headers())
	if !ok {
		m.strange.Inc()
		return
	}
	raw, _ := value.([]byte) // nil for a record without a value
	letter.Partition, letter.Offset = c.Partition(), c.Offset()
	letter.SizeBytes = int64(len(raw))
	if letter.At = instant.Of(c.Timestamp()); letter.At == 0 {
		letter.At = letter.Source.Timestamp
	}
	row, _ := c.Value().(*deadletter.Row)
	if next := deadletter.File(row, letter); next != row {
		c.SetValue(next)
		if a, ok := c.(stream.Adder); ok && row == nil {
			a.Add(topology.LettersSum, big.NewInt(1))
		}
	}
}
