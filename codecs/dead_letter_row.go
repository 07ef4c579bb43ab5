package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/payment"
)

// DeadLetterRow is the codec of the deadletters table, version 1.
type DeadLetterRow struct{}

const deadLetterVersion = 1

// The fields of version 1.
const (
	deadLetterState   = 1
	deadLetterLatest  = 2 // message
	deadLetterEarlier = 3 // repeated message
	deadLetterDecided = 4 // message
	deadLetterVerdict = 5 // repeated message

	letterReason          = 1
	letterDetail          = 2
	letterGroup           = 3
	letterTopic           = 4
	letterSourcePartition = 5  // zigzag
	letterSourceOffset    = 6  // zigzag
	letterSourceTimestamp = 7  // zigzag, epoch ms
	letterPartition       = 8  // zigzag
	letterOffset          = 9  // zigzag
	letterAt              = 10 // zigzag, epoch ms
	letterSize            = 11 // zigzag, bytes
	letterFullSize        = 12 // zigzag, bytes
	letterReplayOf        = 13 // id of a dead letter

	decisionOp     = 1
	decisionActor  = 2
	decisionRole   = 3
	decisionReason = 4
	decisionAt     = 5 // zigzag, epoch ms
	decisionEdited = 6
)

// Encode writes row.
func (DeadLetterRow) Encode(row *deadletter.Row) ([]byte, error) {
	w := wire.NewWriter(deadLetterVersion, 160)
	w.Uint(deadLetterState, uint64(row.State))
	w.Message(deadLetterLatest, func(w *wire.Writer) { encodeLetter(w, &row.Letter) })
	for i := range row.Earlier {
		w.Message(deadLetterEarlier, func(w *wire.Writer) { encodeLetter(w, &row.Earlier[i]) })
	}
	if d := row.Decision; d != nil {
		w.Message(deadLetterDecided, func(w *wire.Writer) {
			w.String(decisionOp, string(d.Op))
			w.String(decisionActor, d.Actor)
			w.String(decisionRole, d.Role)
			w.String(decisionReason, d.Reason)
			w.Int(decisionAt, int64(d.At))
			w.Bool(decisionEdited, d.Edited)
		})
	}
	writeVerdicts(w, deadLetterVerdict, row.Verdicts)
	return w.B, nil
}

func encodeLetter(w *wire.Writer, l *deadletter.Letter) {
	w.String(letterReason, string(l.Reason))
	w.String(letterDetail, l.Detail)
	w.String(letterGroup, l.Group)
	w.String(letterTopic, l.Source.Topic)
	w.Int(letterSourcePartition, int64(l.Source.Partition))
	w.Int(letterSourceOffset, l.Source.Offset)
	w.Int(letterSourceTimestamp, int64(l.Source.Timestamp))
	w.Int(letterPartition, int64(l.Partition))
	w.Int(letterOffset, l.Offset)
	w.Int(letterAt, int64(l.At))
	w.Int(letterSize, l.SizeBytes)
	w.Int(letterFullSize, l.FullSizeBytes)
	w.String(letterReplayOf, l.Source.DeadLetter)
}

// Decode reads what Encode wrote.
func (DeadLetterRow) Decode(b []byte) (*deadletter.Row, error) {
	row := &deadletter.Row{}
	r := wire.NewReader(string(b), deadLetterVersion)
	for r.Next() {
		switch r.Number() {
		case deadLetterState:
			row.State = deadletter.State(r.Uint())
		case deadLetterLatest:
			decodeLetter(&row.Letter, &r)
		case deadLetterEarlier:
			row.Earlier = append(row.Earlier, deadletter.Letter{})
			decodeLetter(&row.Earlier[len(row.Earlier)-1], &r)
		case deadLetterDecided:
			row.Decision = decodeDecision(&r)
		case deadLetterVerdict:
			row.Verdicts = append(row.Verdicts, readVerdict(&r))
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("dead letter row: %w", err)
	}
	return row, nil
}

func decodeDecision(r *wire.Reader) *deadletter.Decision {
	d := &deadletter.Decision{}
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case decisionOp:
			d.Op = deadletter.Op(f.String())
		case decisionActor:
			d.Actor = f.String()
		case decisionRole:
			d.Role = f.String()
		case decisionReason:
			d.Reason = f.String()
		case decisionAt:
			d.At = instant.Milli(f.Int())
		case decisionEdited:
			d.Edited = f.Uint() != 0
		}
	}
	r.Inherit(&f)
	return d
}

func decodeLetter(l *deadletter.Letter, r *wire.Reader) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case letterReason:
			l.Reason = payment.Reason(f.String())
		case letterDetail:
			l.Detail = f.String()
		case letterGroup:
			l.Group = f.String()
		case letterTopic:
			l.Source.Topic = f.String()
		case letterSourcePartition:
			l.Source.Partition = int32(f.Int())
		case letterSourceOffset:
			l.Source.Offset = f.Int()
		case letterSourceTimestamp:
			l.Source.Timestamp = instant.Milli(f.Int())
		case letterPartition:
			l.Partition = int32(f.Int())
		case letterOffset:
			l.Offset = f.Int()
		case letterAt:
			l.At = instant.Milli(f.Int())
		case letterSize:
			l.SizeBytes = f.Int()
		case letterFullSize:
			l.FullSizeBytes = f.Int()
		case letterReplayOf:
			l.Source.DeadLetter = f.String()
		}
	}
	r.Inherit(&f)
}
