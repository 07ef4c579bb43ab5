package task

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/task"
)

const answerVersion = 1

// Answer is the codec of `task-results`.
type Answer struct{}

// Encode returns a in binary; it never fails.
func (Answer) Encode(a *task.Answer) ([]byte, error) {
	return wire.Encode(wire.Writing(answerVersion, 96+len(a.Error)+len(a.Output)), a, answerFields)
}

// Decode reads what Encode wrote.
func (Answer) Decode(b []byte) (*task.Answer, error) {
	return wire.Decode(wire.Reading(b, answerVersion), "answer about a run", answerFields)
}

func answerFields(f *wire.Fields, a *task.Answer) {
	f.Text(1, &a.TaskID)
	f.Text(2, &a.Kind)
	f.Int(3, &a.Run)
	f.Text(4, (*string)(&a.Outcome))
	f.Text(5, &a.Code)
	f.Text(6, &a.Error)
	f.Int(7, (*int64)(&a.For))
	f.Blob(8, &a.Output)
}
