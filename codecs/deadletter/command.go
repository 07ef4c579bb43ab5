package deadletter

import (
	"encoding/base64"

	auditcodec "github.com/millrace/millrace/codecs/audit"
	"github.com/millrace/millrace/codecs/doc"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/problem"
)

const letterCommandVersion = 1

// Command is the codec of `dead-letter-commands`.
type Command struct{}

// Encode returns c in binary; it never fails.
func (Command) Encode(c *deadletter.Command) ([]byte, error) {
	return wire.Encode(wire.Writing(letterCommandVersion, 256+len(c.Value)), c, letterCommandFields)
}

// Decode reads what Encode wrote.
func (Command) Decode(b []byte) (*deadletter.Command, error) {
	return wire.Decode(wire.Reading(b, letterCommandVersion), "command on a dead letter", letterCommandFields)
}

func letterCommandFields(f *wire.Fields, c *deadletter.Command) {
	f.Text(1, &c.ID)
	f.Text(2, (*string)(&c.Op))
	f.Text(3, &c.LetterID)
	f.Text(4, &c.Actor)
	f.Text(5, &c.Role)
	f.Int(6, (*int64)(&c.At))
	f.Text(7, &c.Reason)
	f.Int32(8, &c.Partition)
	f.Int(9, &c.Offset)
	f.Blob(10, &c.Key)
	f.Blob(11, &c.Value)
	for h := range wire.Each(f, 12, &c.Headers) {
		f.Text(1, &h.Name)
		f.Blob(2, &h.Value)
	}
	f.Bool(13, &c.Edited)
	for range wire.Value(f, 14, &c.Proof) {
		auditcodec.ProofFields(f, &c.Proof)
	}
}

// ReplayRequest reads how a dead letter is to be replayed: why, and the bytes to send in place of its own; nil without
// any.
func ReplayRequest(b []byte) (reason string, raw []byte, err error) {
	err = doc.Request(b, doc.FormOf[ReplayBody](), func(f doc.Object) {
		f.Text("reason", &reason)
		var text string
		f.Text("raw_base64", &text)
		if f.Values["raw_base64"] == nil {
			return
		}
		bytes, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			f.Reader.Add("/raw_base64", problem.InvalidField, "is not base64 (RFC 4648, with + / and =)")
		}
		raw = append([]byte{}, bytes...)
	})
	return reason, raw, err
}

// ReplayBody says how a dead letter is to be replayed.
type ReplayBody struct {
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"Why, for the record"`
	Raw    []byte `json:"raw_base64,omitempty" contentEncoding:"base64" doc:"The bytes to send in place of the record's own: at most 1 MiB, base64"`
}
