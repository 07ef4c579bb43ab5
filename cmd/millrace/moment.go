package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/domain/instant"
)

var errNoSpan = errors.New("--to must be after --from")

// checkSpan refuses a span of time, the end of which may be left out, that holds nothing.
func checkSpan(from, to instant.Milli) error {
	if to > 0 && to <= from {
		return errNoSpan
	}
	return nil
}

// parseTime reads the time of a flag: what an event's times may be, or a date in UTC. A time of 1970 or before is a
// mistake.
func parseTime(text string) (instant.Milli, error) {
	at, err := instant.Parse(text)
	if t, noDate := time.Parse(time.DateOnly, text); noDate == nil {
		at, err = instant.Of(t), nil
	}
	switch {
	case err != nil:
		return 0, fmt.Errorf("%w; a date such as 2026-03-01 is midnight UTC", err)
	case at <= 0:
		return 0, errors.New("it is not after the beginning of 1970: write a later time, such as 2026-03-01T10:00:00Z")
	}
	return at, nil
}
