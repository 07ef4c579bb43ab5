package codecs

import (
	"encoding/base64"
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/deadletter"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
)

const letterCommandVersion = 1

// Fields of a command on a dead letter, and of one header in it.
const (
	letterCommandID = iota + 1
	letterCommandOp
	letterCommandLetter
	letterCommandActor
	letterCommandRole
	letterCommandAt
	letterCommandReason
	letterCommandPartition
	letterCommandOffset
	letterCommandKey
	letterCommandValue
	letterCommandHeader // repeated message
	letterCommandEdited

	headerName  = 1
	headerValue = 2
)

// LetterCommand is the codec of `dead-letter-commands`.
type LetterCommand struct{}

// Encode returns c in binary; it never fails.
func (LetterCommand) Encode(c *deadletter.Command) ([]byte, error) {
	w := wire.NewWriter(letterCommandVersion, 256+len(c.Value))
	w.String(letterCommandID, c.ID)
	w.String(letterCommandOp, string(c.Op))
	w.String(letterCommandLetter, c.LetterID)
	w.String(letterCommandActor, c.Actor)
	w.String(letterCommandRole, c.Role)
	w.Int(letterCommandAt, int64(c.At))
	w.String(letterCommandReason, c.Reason)
	w.Int(letterCommandPartition, int64(c.Partition))
	w.Int(letterCommandOffset, c.Offset)
	w.Bytes(letterCommandKey, c.Key)
	w.Bytes(letterCommandValue, c.Value)
	for _, h := range c.Headers {
		w.Message(letterCommandHeader, func(w *wire.Writer) {
			w.String(headerName, h.Name)
			w.Bytes(headerValue, h.Value)
		})
	}
	w.Bool(letterCommandEdited, c.Edited)
	return w.B, nil
}

// Decode reads what Encode wrote.
func (LetterCommand) Decode(b []byte) (*deadletter.Command, error) {
	c := &deadletter.Command{}
	r := wire.NewReader(string(b), letterCommandVersion)
	for r.Next() {
		switch r.Number() {
		case letterCommandID:
			c.ID = r.String()
		case letterCommandOp:
			c.Op = deadletter.Op(r.String())
		case letterCommandLetter:
			c.LetterID = r.String()
		case letterCommandActor:
			c.Actor = r.String()
		case letterCommandRole:
			c.Role = r.String()
		case letterCommandAt:
			c.At = instant.Milli(r.Int())
		case letterCommandReason:
			c.Reason = r.String()
		case letterCommandPartition:
			c.Partition = int32(r.Int())
		case letterCommandOffset:
			c.Offset = r.Int()
		case letterCommandKey:
			c.Key = r.Bytes()
		case letterCommandValue:
			c.Value = r.Bytes()
		case letterCommandHeader:
			c.Headers = append(c.Headers, readHeader(&r))
		case letterCommandEdited:
			c.Edited = r.Uint() != 0
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("command on a dead letter: %w", err)
	}
	return c, nil
}

func readHeader(r *wire.Reader) (h deadletter.Header) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case headerName:
			h.Name = f.String()
		case headerValue:
			h.Value = f.Bytes()
		}
	}
	r.Inherit(&f)
	return h
}

// ReplayRequest reads how a dead letter is to be replayed: why, and the bytes to send in place of its own; nil without any.
func ReplayRequest(b []byte) (reason string, raw []byte, err error) {
	return reason, raw, request(b, formOf[ReplayBody](), func(f fields) {
		f.text("reason", &reason)
		var text string
		f.text("raw_base64", &text)
		if f.values["raw_base64"] == nil {
			return
		}
		bytes, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			f.r.add("/raw_base64", problem.InvalidField, "is not base64 (RFC 4648, with + / and =)")
		}
		raw = append([]byte{}, bytes...)
	})
}
