package task

import (
	"encoding/binary"

	verdictcodec "github.com/millrace/millrace/codecs/verdict"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/task"
	"github.com/millrace/millrace/domain/verdict"
)

const rowVersion = 1

// Row is the codec of the table of tasks.
type Row struct{}

// Encode returns row in binary; it never fails.
func (Row) Encode(row *task.Row) ([]byte, error) {
	f := wire.Writing(rowVersion, rowSize(row))
	key := keyOf(row)
	rowFields(&f, row, &key)
	return f.Body(), nil
}

// Decode reads what Encode wrote.
func (Row) Decode(b []byte) (*task.Row, error) {
	f := wire.Reading(b, rowVersion)
	row, key := new(task.Row), ""
	for f.Next() {
		rowFields(&f, row, &key)
	}
	for _, e := range row.Queued() {
		e.Task.Key = key
	}
	return wire.Decoded(row, "row of tasks", &f)
}

func rowSize(row *task.Row) int {
	size := 128
	for _, e := range row.Queued() {
		size += 128 + len(e.Task.Payload)
	}
	return size
}

// keyOf returns the ordering key that the row writes once for all its entries.
func keyOf(row *task.Row) string {
	for _, e := range row.Queued() {
		return e.Task.Key
	}
	return ""
}

func rowFields(f *wire.Fields, row *task.Row, key *string) {
	f.Text(1, key)
	for q := range wire.Pointer(f, 2, &row.Queue) {
		queueFields(f, q)
	}
	for p := range wire.Pointer(f, 3, &row.Page) {
		pageFields(f, p)
	}
	for e := range wire.Pointer(f, 4, &row.Filed) {
		endedFields(f, e)
	}
	for b := range wire.Pointer(f, 5, &row.Bucket) {
		f.Int(1, &b.Next)
	}
}

func pageFields(f *wire.Fields, p *task.Page) {
	for e := range wire.EachPointer(f, 1, &p.Entries) {
		queuedFields(f, e)
	}
}

func endedFields(f *wire.Fields, e *task.Ended) {
	for x := range wire.Pointer(f, 1, &e.Entry) {
		entryFields(f, x)
	}
	f.Int(2, (*int64)(&e.Until))
}

func queueFields(f *wire.Fields, q *task.Queue) {
	f.Int(1, (*int64)(&q.Now))
	f.Int(2, &q.Last)
	for e := range wire.Pointer(f, 3, &q.Head) {
		queuedFields(f, e)
	}
	for e := range wire.EachPointer(f, 4, &q.Waiting) {
		queuedFields(f, e)
	}
	for p := range wire.Each(f, 5, &q.Pages) {
		pageRefFields(f, p)
	}
	f.Int(6, &q.LastPage)
	f.Int(7, &q.Fetching)
	for s := range wire.Each(f, 8, &q.Seen) {
		seenFields(f, s)
	}
	for d := range wire.Each(f, 9, &q.Doomed) {
		f.Text(1, &d.ID)
		f.Int(2, &d.Upto)
	}
	for range wire.Value(f, 10, &q.Token) {
		tokenFields(f, &q.Token)
	}
	f.Text(11, &q.Stopped)
	f.Int(12, (*int64)(&q.Wake))
	for j := range wire.Pointer(f, 13, &q.Job) {
		jobFields(f, j)
	}
	for v := range wire.Each(f, 14, (*[]verdict.Verdict)(&q.Verdicts)) {
		verdictcodec.VerdictFields(f, v)
	}
}

func pageRefFields(f *wire.Fields, p *task.PageRef) {
	f.Int(1, &p.Number)
	f.Int(2, &p.Priority)
	f.Int(3, (*int64)(&p.Due))
	f.Int(4, &p.First)
	f.Int(5, &p.Count)
	f.Int(6, &p.Bytes)
}

func seenFields(f *wire.Fields, s *task.Seen) {
	high, low := binary.BigEndian.Uint64(s.Hash[:8]), binary.BigEndian.Uint64(s.Hash[8:])
	f.Fixed64(1, &high)
	f.Fixed64(2, &low)
	binary.BigEndian.PutUint64(s.Hash[:8], high)
	binary.BigEndian.PutUint64(s.Hash[8:], low)
	f.Int(3, (*int64)(&s.Until))
}

func tokenFields(f *wire.Fields, t *task.Token) {
	f.Text(1, &t.Kind)
	f.Int(2, (*int64)(&t.At))
}

func jobFields(f *wire.Fields, j *task.Job) {
	f.Text(1, &j.Kind)
	specFields(f, &j.Spec)
	f.Text(4, &j.Name)
	f.Blob(5, &j.Payload)
	f.Int(6, (*int64)(&j.Next))
	f.Int(7, (*int64)(&j.Fired))
	f.Bool(8, &j.Retired)
}
