package payment

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// errUnparseable is the body of a relayed call that holds neither an event nor a list of them.
var errUnparseable = errors.New(`neither an event nor {"events":[…]}`)

// SplitEvents returns the events of a relayed call, as they came: a body {"events":[…]} holds any number, any other
// object is one event. It looks into events no further than to find their ends; whether they make sense is for Payments
// and payment.Normalise. Every error is ErrUnparseable, and says why and where. They are copies.
func SplitEvents(b []byte) ([][]byte, error) {
	if err := wellFormed(b); err != nil {
		return nil, err
	}
	b = bytes.TrimSpace(b)
	list, fields, err := eventList(b)
	switch {
	case err != nil:
		return nil, err
	case list == nil:
		return [][]byte{bytes.Clone(b)}, nil
	case fields > 1: // it is no event, and says more than a list
		return nil, fmt.Errorf("%w: the object of a list has the field events alone, once", errUnparseable)
	}
	if bytes.TrimSpace(list)[0] != '[' { // null is no list
		return nil, fmt.Errorf("%w: write a list in the field events", errUnparseable)
	}
	var events []json.RawMessage
	if json.Unmarshal(list, &events) != nil {
		return nil, errUnparseable
	}
	out := make([][]byte, len(events))
	for i := range events {
		out[i] = events[i]
	}
	return out, nil
}

// wellFormed says what keeps a body from being a JSON object, and where, without repeating anything of it.
func wellFormed(b []byte) error {
	var raw json.RawMessage
	var syntax *json.SyntaxError
	rest := bytes.TrimSpace(b)
	switch err := json.Unmarshal(b, &raw); {
	case len(rest) == 0:
		return fmt.Errorf("%w: the body is empty", errUnparseable)
	case bytes.HasPrefix(rest, []byte("\ufeff")):
		return fmt.Errorf("%w: the body begins with a byte order mark: send it without", errUnparseable)
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(rest)):
		return fmt.Errorf("%w: the JSON is malformed at byte %d of %d, perhaps cut short", errUnparseable,
			max(syntax.Offset-1, 0), len(b))
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: the JSON is malformed at byte %d", errUnparseable, max(syntax.Offset-1, 0))
	case err != nil:
		return errUnparseable
	case rest[0] != '{':
		return fmt.Errorf("%w: write an object; a list goes into the field events", errUnparseable)
	}
	return nil
}

// eventList returns the list of a valid object, nil if it is an event, and how many fields the object has.
func eventList(b []byte) (list json.RawMessage, fields int, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil {
		return nil, 0, errUnparseable
	}
	typed := false
	for ; d.More(); fields++ {
		key, err := d.Token()
		if err != nil {
			return nil, 0, errUnparseable
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, 0, errUnparseable
		}
		typed = typed || key == "type"
		if key == "events" {
			list = value
		}
	}
	if _, err := d.Token(); err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, errUnparseable
	}
	if typed { // an event with a field of that name
		list = nil
	}
	return list, fields, nil
}
