package task

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/task"
)

const submissionVersion = 1

// Submission is the codec of `tasks`.
type Submission struct{}

// Encode returns s in binary; it never fails.
func (Submission) Encode(s *task.Submission) ([]byte, error) {
	return wire.Encode(wire.Writing(submissionVersion, 80+len(s.Task.Payload)), s, submissionFields)
}

// Decode reads what Encode wrote.
func (Submission) Decode(b []byte) (*task.Submission, error) {
	return wire.Decode(wire.Reading(b, submissionVersion), "task", submissionFields)
}

func submissionFields(f *wire.Fields, s *task.Submission) {
	for range f.Message(1) {
		taskFields(f, &s.Task)
	}
	f.Text(2, &s.Dedupe)
	f.Int(3, (*int64)(&s.Due))
	f.Int(4, &s.Priority)
}

// taskFields are those of a task, inside other records.
func taskFields(f *wire.Fields, t *task.Task) {
	f.Text(keyField, &t.Key)
	keyedFields(f, t)
}

// keyField is the number of a task's key.
const keyField = 1

// keyedFields are those of a task in a row, which has the key of all its tasks once.
func keyedFields(f *wire.Fields, t *task.Task) {
	f.Text(2, &t.ID)
	f.Text(kindField, &t.Kind)
	f.Text(4, (*string)(&t.On))
	f.Blob(5, &t.Payload)
	f.Int(6, (*int64)(&t.At))
}

// kindField is the number of a task's kind.
const kindField = 3
