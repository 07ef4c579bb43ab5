package task

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/task"
)

// entryFields are those of an entry that stands alone.
func entryFields(f *wire.Fields, e *task.Entry) {
	for range f.Message(1) {
		taskFields(f, &e.Task)
	}
	courseFields(f, e)
}

// queuedFields are those of an entry in a row, which has the key.
func queuedFields(f *wire.Fields, e *task.Entry) {
	for range f.Message(1) {
		keyedFields(f, &e.Task)
	}
	courseFields(f, e)
}

func courseFields(f *wire.Fields, e *task.Entry) {
	f.Int(2, &e.Number)
	f.Int(3, &e.Priority)
	f.Int(4, (*int64)(&e.Arrived))
	f.Int(5, (*int64)(&e.Due))
	f.Int(6, (*int64)(&e.Deadline))
	f.Text(7, (*string)(&e.State))
	f.Int(8, (*int64)(&e.Since))
	f.Int(9, (*int64)(&e.Until))
	f.Int(10, &e.Run)
	f.Bool(11, &e.Claimed)
	f.Int(12, &e.Attempts)
	f.Bool(13, &e.Cancelled)
	for p := range wire.Each(f, 14, &e.History.Runs) {
		pastFields(f, p)
	}
	f.Int(15, &e.History.Omitted)
	f.Bool(16, &e.Erased)
}

func pastFields(f *wire.Fields, p *task.Past) {
	f.Int(1, &p.Run)
	f.Int(2, (*int64)(&p.From))
	f.Int(3, (*int64)(&p.To))
	f.Text(4, (*string)(&p.Ending))
	f.Text(5, &p.Code)
	f.Text(6, &p.Error)
}
