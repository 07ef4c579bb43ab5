package mission

import "github.com/millrace/millrace/domain/instant"

// Moment returns the instant of a local date or time in an IANA time zone, or of a time in RFC 3339, as windows are written.
func Moment(text, zone string) (instant.Milli, error) {
	location, err := loadZone(zone)
	if err != nil {
		return 0, err
	}
	m, err := parseMoment(text, location)
	if err != nil {
		return 0, err
	}
	return instant.Of(m.at), nil
}
