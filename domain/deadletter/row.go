// Package deadletter decides on the row of each record that could not be used: where it came from, why it was refused,
// and what people decided. The bytes stay in the topic dead-letters; the row has their place.
package deadletter

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/verdict"
	"github.com/millrace/millrace/domain/word"
)

// State is what became of a dead letter.
type State uint8

// The states.
const (
	Open State = 1 // nobody has dealt with it yet
	// its record was sent again; if it fails again, that is another dead letter, which names this one
	Replayed  State = 2
	Discarded State = 3 // somebody has decided that it is not needed
)

// String returns the contract's word.
func (s State) String() string { return word.Nth(s, States()) }

// States returns the word of every state.
func States() []string { return []string{"open", "replayed", "discarded"} }

// earlierLimit bounds Row.Earlier. More groups than that cannot refuse one record.
const earlierLimit = 16

// Letter is one filing of a record that could not be used.
type Letter struct {
	Reason payment.Reason
	Detail string // for people
	Group  string // who could not use it
	// Source names the record: the one on payments, whichever group refused what came of it. Key is not kept.
	Source payment.Origin
	// Partition and Offset are where the record's bytes and headers are in the dead-letters topic.
	Partition int32
	Offset    int64
	At        instant.Milli // when it was filed
	SizeBytes int64         // of the bytes there
	// FullSizeBytes is the size before the bytes were cut to the limit of the topic, 0 if they are whole.
	FullSizeBytes int64
}

// Row is the state of one dead letter, under its id. Its Letter is the latest one filed.
type Row struct {
	Letter
	State State
	// Decision is the last one that was taken, nil for none. If the record is filed anew, for another reason, State is
	// Open all the same.
	Decision *Decision
	// Verdicts are those on the last commands.
	Verdicts verdict.List
	// Judged counts commands, each of which has a line in the audit.
	Judged int64
	// Earlier are letters of the same record by other groups or for other reasons, oldest first.
	Earlier []Letter
}

// File returns row, which may be nil, with letter filed. It returns row itself if that changes nothing, as when the
// dead-letters topic is read again. A letter repeated by the same group for the same reason replaces the older one: its
// group read the record again.
func File(row *Row, letter Letter) *Row {
	if row == nil {
		return &Row{Letter: letter, State: Open}
	}
	if letter.Partition == row.Partition && letter.Offset <= row.Offset {
		return row
	}
	next := &Row{Letter: letter, State: row.State, Decision: row.Decision, Verdicts: row.Verdicts, Judged: row.Judged,
		Earlier: row.Earlier}
	if letter.Group != row.Group || letter.Reason != row.Reason {
		next.State = Open
		next.Earlier = earlier(row, letter)
	}
	return next
}

// earlier returns the letters of row that letter does not repeat.
func earlier(row *Row, letter Letter) []Letter {
	kept := make([]Letter, 0, len(row.Earlier)+1)
	for _, l := range row.Earlier {
		if l.Group != letter.Group || l.Reason != letter.Reason {
			kept = append(kept, l)
		}
	}
	kept = append(kept, row.Letter)
	if len(kept) > earlierLimit {
		kept = kept[len(kept)-earlierLimit:]
	}
	return kept
}
