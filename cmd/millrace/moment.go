package main

import (
	"fmt"
	"time"

	"github.com/millrace/millrace/domain/instant"
)

// timeOf reads the time of a flag: what an event's times may be, or a date in UTC; 0 for nothing. A time of 1970 or before is a mistake.
func timeOf(flag, text string) (instant.Milli, error) {
	if text == "" {
		return 0, nil
	}
	at, err := instant.Parse(text)
	if t, noDate := time.Parse(time.DateOnly, text); noDate == nil {
		at, err = instant.Of(t), nil
	}
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s %q: %w; a date such as 2026-03-01 is midnight UTC", flag, text, err)
	case at <= 0:
		return 0, fmt.Errorf("%s %q: it is not after the beginning of 1970: write a later time, such as 2026-03-01T10:00:00Z", flag, text)
	}
	return at, nil
}
