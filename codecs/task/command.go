package task

import (
	auditcodec "github.com/millrace/millrace/codecs/audit"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/task"
)

const commandVersion = 1

// Command is the codec of `task-commands`.
type Command struct{}

// Encode returns c in binary; it never fails.
func (Command) Encode(c *task.Command) ([]byte, error) {
	return wire.Encode(wire.Writing(commandVersion, 128+len(c.Payload)), c, commandFields)
}

// Decode reads what Encode wrote.
func (Command) Decode(b []byte) (*task.Command, error) {
	return wire.Decode(wire.Reading(b, commandVersion), "command on tasks", commandFields)
}

func commandFields(f *wire.Fields, c *task.Command) {
	f.Text(1, &c.ID)
	f.Text(2, (*string)(&c.Op))
	f.Text(3, &c.TaskID)
	f.Int(4, (*int64)(&c.Until))
	for e := range wire.Pointer(f, 5, &c.Letter) {
		entryFields(f, e)
	}
	f.Blob(6, &c.Payload)
	f.Text(7, &c.Kind)
	planField(f, &c.Plan)
	f.Text(9, &c.Actor)
	for range wire.Value(f, 10, &c.Proof) {
		auditcodec.ProofFields(f, &c.Proof)
	}
}

func planField(f *wire.Fields, p *task.Plan) {
	for range f.Optional(8, p.Name != "" || p.Spec != (task.Spec{}) || len(p.Payload) > 0) {
		f.Text(1, &p.Name)
		specFields(f, &p.Spec)
		f.Blob(4, &p.Payload)
	}
}

// specFields are those of when a schedule fires, inside other records.
func specFields(f *wire.Fields, s *task.Spec) {
	f.Text(2, &s.Cron)
	f.Text(3, &s.Zone)
}
