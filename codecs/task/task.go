package task

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/task"
)

const taskVersion = 1

// Task is the codec of `tasks`.
type Task struct{}

// Encode returns t in binary; it never fails.
func (Task) Encode(t *task.Task) ([]byte, error) {
	return wire.Encode(wire.Writing(taskVersion, 64+len(t.Payload)), t, taskFields)
}

// Decode reads what Encode wrote.
func (Task) Decode(b []byte) (*task.Task, error) {
	return wire.Decode(wire.Reading(b, taskVersion), "task", taskFields)
}

func taskFields(f *wire.Fields, t *task.Task) {
	f.Text(1, &t.ID)
	f.Text(2, &t.Kind)
	f.Text(3, &t.Key)
	f.Text(4, (*string)(&t.On))
	f.Blob(5, &t.Payload)
	f.Int(6, (*int64)(&t.At))
}
