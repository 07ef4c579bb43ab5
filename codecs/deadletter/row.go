package deadletter

import (
	verdictcodec "github.com/millrace/millrace/codecs/verdict"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/verdict"
)

// Row is the codec of the deadletters table, version 1.
type Row struct{}

const deadLetterVersion = 1

// Encode writes row.
func (Row) Encode(row *deadletter.Row) ([]byte, error) {
	return wire.Encode(wire.Writing(deadLetterVersion, 160), row, deadLetterFields)
}

// Decode reads what Encode wrote.
func (Row) Decode(b []byte) (*deadletter.Row, error) {
	return wire.Decode(wire.Reading(b, deadLetterVersion), "dead letter row", deadLetterFields)
}

func deadLetterFields(f *wire.Fields, row *deadletter.Row) {
	f.Byte(1, (*uint8)(&row.State))
	for range f.Message(2) {
		letterFields(f, &row.Letter)
	}
	for l := range wire.Each(f, 3, &row.Earlier) {
		letterFields(f, l)
	}
	for d := range wire.Pointer(f, 4, &row.Decision) {
		f.Text(1, (*string)(&d.Op))
		f.Text(2, &d.Actor)
		f.Text(3, &d.Role)
		f.Text(4, &d.Reason)
		f.Int(5, (*int64)(&d.At))
		f.Bool(6, &d.Edited)
	}
	for v := range wire.Each(f, 5, (*[]verdict.Verdict)(&row.Verdicts)) {
		verdictcodec.VerdictFields(f, v)
	}
	f.Int(6, &row.Judged)
}

func letterFields(f *wire.Fields, l *deadletter.Letter) {
	f.Text(1, (*string)(&l.Reason))
	f.Text(2, &l.Detail)
	f.Text(3, &l.Group)
	f.Text(4, &l.Source.Topic)
	f.Int32(5, &l.Source.Partition)
	f.Int(6, &l.Source.Offset)
	f.Int(7, (*int64)(&l.Source.Timestamp))
	f.Int32(8, &l.Partition)
	f.Int(9, &l.Offset)
	f.Int(10, (*int64)(&l.At))
	f.Int(11, &l.SizeBytes)
	f.Int(12, &l.FullSizeBytes)
	f.Text(13, &l.Source.DeadLetter)
}
