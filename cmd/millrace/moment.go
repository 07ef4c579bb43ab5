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
	if t, err := time.Parse(time.DateOnly, text); err == nil && t.UnixMilli() > 0 {
		return instant.Of(t), nil
	}
	at, err := instant.Parse(text)
	if err == nil && at <= 0 {
		err = instant.ErrNoTime
	}
	if err != nil {
		return 0, fmt.Errorf("%s %q: %w; a date such as 2026-03-01 is midnight UTC", flag, text, err)
	}
	return at, nil
}
