// Package instant holds Milli, the one representation of event time in Millrace: milliseconds since the Unix epoch.
//
// An integer compares with ==, sorts, and encodes as a varint; time.Time does none of these without care for zones and
// monotonic readings. The edges (HTTP, JSON) turn it into RFC 3339 in UTC.
package instant

import "time"

// Layout is RFC 3339 in UTC with exactly three fractional digits, as every public time is written
// (docs/contract.md#conventions).
const Layout = "2006-01-02T15:04:05.000Z"

// Milli is a point in time in milliseconds since 1970-01-01T00:00:00Z. The zero value means "not set".
type Milli int64

// Of returns t cut to whole milliseconds; the zero time.Time gives 0.
func Of(t time.Time) Milli {
	if t.IsZero() {
		return 0
	}
	return Milli(t.UnixMilli())
}

// Time returns m as a UTC time; 0 gives the zero time.Time.
func (m Milli) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

// Add returns m + d, with d cut to whole milliseconds.
func (m Milli) Add(d time.Duration) Milli { return m + Milli(d/time.Millisecond) }

// Sub returns m - n.
func (m Milli) Sub(n Milli) time.Duration { return time.Duration(m-n) * time.Millisecond }

// String returns m in Layout; 0 gives the empty string.
func (m Milli) String() string {
	if m == 0 {
		return ""
	}
	return m.Time().Format(Layout)
}

// MarshalText implements encoding.TextMarshaler, so that JSON carries RFC 3339.
func (m Milli) MarshalText() ([]byte, error) {
	if m == 0 {
		return []byte{}, nil
	}
	const room = len(Layout) + len("000000") // nanoseconds are cut after they were written
	return m.Time().AppendFormat(make([]byte, 0, room), Layout), nil
}

// UnmarshalText implements encoding.TextUnmarshaler. It takes what Parse takes; empty gives 0.
func (m *Milli) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*m = 0
		return nil
	}
	at, err := Parse(string(b))
	if err != nil {
		return err
	}
	*m = at
	return nil
}
