package mission

import (
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/timezone"
)

// Moment returns the instant of a local date or time in an IANA time zone, or of a time in RFC 3339, as windows are
// written. A local time that clocks skip is that much after the skip, one that they show twice is the first.
func Moment(text, zone string) (instant.Milli, error) {
	location, err := timezone.Load(zone)
	if err != nil {
		return 0, err
	}
	m, err := parseMoment(text, location)
	if err != nil {
		return 0, err
	}
	return instant.Of(m.at), nil
}

// SingleMoment returns an error where Moment does, and for a local time that clocks in the zone skip or show twice.
func SingleMoment(text, zone string) error {
	location, err := timezone.Load(zone)
	if err != nil {
		return err
	}
	m, err := parseMoment(text, location)
	if err != nil {
		return err
	}
	return m.singleTime()
}
