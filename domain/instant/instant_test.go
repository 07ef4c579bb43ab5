package instant

import (
	"encoding/json"
	"testing"
	"time"
)

func TestMilli(t *testing.T) {
	at := time.Date(2026, 3, 1, 15, 30, 1, 250_999_999, time.FixedZone("IST", 19800))
	m := Of(at)
	if m != 1772359201250 || m.String() != "2026-03-01T10:00:01.250Z" || !m.Time().Equal(at.Truncate(time.Millisecond)) || m.Time().Location() != time.UTC {
		t.Errorf("%d %s", int64(m), m)
	}
	if m.Add(1500*time.Microsecond) != m+1 || m.Sub(m-2) != 2*time.Millisecond {
		t.Error("arithmetic")
	}
	if Of(time.Time{}) != 0 || !Milli(0).Time().IsZero() || Milli(0).String() != "" {
		t.Error("zero does not stay not set")
	}
	if Milli(-1).String() != "1969-12-31T23:59:59.999Z" {
		t.Errorf("before the epoch: %s", Milli(-1))
	}
}

func TestMilliJSON(t *testing.T) {
	b, err := json.Marshal(map[Milli]Milli{1772359201250: 0})
	if err != nil || string(b) != `{"2026-03-01T10:00:01.250Z":""}` {
		t.Errorf("%s, %v", b, err)
	}
	var m Milli
	if err := json.Unmarshal([]byte(`"2026-03-01T15:30:01.2509+05:30"`), &m); err != nil || m != 1772359201250 {
		t.Errorf("%d, %v", int64(m), err)
	}
	if err := json.Unmarshal([]byte(`""`), &m); err != nil || m != 0 {
		t.Errorf("%d, %v", int64(m), err)
	}
	if err := json.Unmarshal([]byte(`"noon"`), &m); err == nil {
		t.Error("noon was taken")
	}
}

// Lists carry dozens of times.
func TestMilliIsWrittenInOnePiece(t *testing.T) {
	m := Of(time.Date(2026, 3, 1, 10, 0, 0, 123e6, time.UTC))
	var text []byte
	if n := testing.AllocsPerRun(10, func() { text, _ = m.MarshalText() }); n > 1 || string(text) != "2026-03-01T10:00:00.123Z" {
		t.Errorf("%s in %v pieces", text, n)
	}
}
