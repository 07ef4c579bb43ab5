package codecs

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// ErrUnparseable is the body of a relayed call that holds neither an event nor a list of them.
var ErrUnparseable = errors.New("codecs: neither an event nor {\"events\":[…]}")

// SplitEvents returns the events of a relayed call, as they came: a body {"events":[…]} holds any number, any other object is one
// event. It looks into events no further than to find their ends; whether they make sense is for Payments and payment.Normalise.
// Every error is ErrUnparseable. They are copies.
func SplitEvents(b []byte) ([][]byte, error) {
	b = bytes.TrimSpace(b)
	if len(b) == 0 || b[0] != '{' || !json.Valid(b) {
		return nil, ErrUnparseable
	}
	list, fields, err := eventList(b)
	switch {
	case err != nil:
		return nil, err
	case list == nil:
		return [][]byte{bytes.Clone(b)}, nil
	case fields > 1: // it is no event, and says more than a list
		return nil, ErrUnparseable
	}
	if bytes.TrimSpace(list)[0] != '[' { // null is no list
		return nil, ErrUnparseable
	}
	var events []json.RawMessage
	if json.Unmarshal(list, &events) != nil {
		return nil, ErrUnparseable
	}
	out := make([][]byte, len(events))
	for i := range events {
		out[i] = events[i]
	}
	return out, nil
}

// eventList returns the list of a valid object, nil if it is an event, and how many fields the object has.
func eventList(b []byte) (list json.RawMessage, fields int, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil {
		return nil, 0, ErrUnparseable
	}
	typed := false
	for ; d.More(); fields++ {
		key, err := d.Token()
		if err != nil {
			return nil, 0, ErrUnparseable
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, 0, ErrUnparseable
		}
		typed = typed || key == "type"
		if key == "events" {
			list = value
		}
	}
	if _, err := d.Token(); err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, ErrUnparseable
	}
	if typed { // an event with a field of that name
		list = nil
	}
	return list, fields, nil
}
