package task

import (
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/task"
)

const runVersion = 1

// Run is the codec of `task-runs`.
type Run struct{}

// Encode returns r in binary; it never fails.
func (Run) Encode(r *task.Run) ([]byte, error) {
	return wire.Encode(wire.Writing(runVersion, 160+len(r.Task.Payload)), r, runFields)
}

// Decode reads what Encode wrote.
func (Run) Decode(b []byte) (*task.Run, error) {
	return wire.Decode(wire.Reading(b, runVersion), "run of a task", runFields)
}

// runTask is the number of a run's task.
const runTask = 1

func runFields(f *wire.Fields, r *task.Run) {
	for range f.Message(runTask) {
		taskFields(f, &r.Task)
	}
	f.Int(2, &r.Number)
	f.Int(3, &r.Attempt)
	f.Text(4, &r.IdempotencyKey)
	f.Text(5, (*string)(&r.Mode))
	f.Int(6, (*int64)(&r.At))
	f.Int(7, (*int64)(&r.Until))
}

// KindOfRun returns the kind of a run's task and reads nothing else of the record: workers pass over other kinds.
func KindOfRun(b []byte) (string, error) {
	var kind string
	f := wire.Copying(b, runVersion)
	for f.Next() {
		for range f.Optional(runTask, false) {
			f.Text(kindField, &kind)
		}
	}
	if _, err := wire.Decoded(&kind, "run of a task", &f); err != nil {
		return "", err
	}
	return kind, nil
}
