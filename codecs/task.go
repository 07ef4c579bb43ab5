package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/task"
)

const taskVersion = 1

// Fields of a task.
const (
	taskID = iota + 1
	taskKind
	taskKey
	taskOn
	taskPayload
	taskAt
)

// Task is the codec of `tasks`.
type Task struct{}

// Encode returns t in binary; it never fails.
func (Task) Encode(t *task.Task) ([]byte, error) {
	w := wire.NewWriter(taskVersion, 64+len(t.Payload))
	w.String(taskID, t.ID)
	w.String(taskKind, t.Kind)
	w.String(taskKey, t.Key)
	w.String(taskOn, string(t.On))
	w.Bytes(taskPayload, t.Payload)
	w.Int(taskAt, int64(t.At))
	return w.B, nil
}

// Decode reads what Encode wrote.
func (Task) Decode(b []byte) (*task.Task, error) {
	t := &task.Task{}
	r := wire.NewReader(string(b), taskVersion)
	for r.Next() {
		switch r.Number() {
		case taskID:
			t.ID = r.String()
		case taskKind:
			t.Kind = r.String()
		case taskKey:
			t.Key = r.String()
		case taskOn:
			t.On = task.Trigger(r.String())
		case taskPayload:
			t.Payload = r.Bytes()
		case taskAt:
			t.At = instant.Milli(r.Int())
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	return t, nil
}
