package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// Shift returns an event with its times moved by by, which is cut to milliseconds: updated_at and created_at, and at of
// a clock event. Nothing else changes, not even a space. A time that intake refuses stays as it is, as does a line that
// is no JSON object: they are refused then, too.
func Shift(line []byte, by time.Duration) []byte {
	var e envelope
	if json.Unmarshal(line, &e) != nil {
		return line
	}
	d := json.NewDecoder(bytes.NewReader(line))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return line
	}
	var out []byte
	kept := 0 // where what is still to be copied begins
	for d.More() {
		key, err := d.Token()
		var value json.RawMessage
		if err := errors.Join(err, d.Decode(&value)); err != nil {
			return line
		}
		if key != "updated_at" && key != "created_at" && (key != "at" || e.Type != clock) {
			continue
		}
		at, ok := eventTime(value)
		if !ok {
			continue
		}
		end := int(d.InputOffset())
		out = append(out, line[kept:end-len(value)]...)
		out = append(append(append(out, '"'), instant.Of(at).Add(by).String()...), '"')
		kept = end
	}
	return append(out, line[kept:]...)
}

// Times are those of a file of events.
type Times struct {
	// First and Last are the earliest and the latest time that can be used, of events and clock events; 0 if there is
	// none.
	First, Last instant.Milli
	// Events is how many there are, clock events not counted.
	Events int64
}

// ReadTimes reads lines to their end and returns their times. It calls take with those of events, clock events left
// out.
func ReadTimes(lines *Lines, take func(instant.Milli)) (Times, error) {
	var all Times
	for lines.Next() {
		var e envelope
		if json.Unmarshal(lines.Line(), &e) != nil {
			e = envelope{}
		}
		if e.Type != clock {
			all.Events++
		}
		t, ok := e.time()
		if !ok {
			continue
		}
		at := instant.Of(t)
		if all.First == 0 || at < all.First {
			all.First = at
		}
		all.Last = max(all.Last, at)
		if e.Type != clock {
			take(at)
		}
	}
	return all, lines.Err()
}
