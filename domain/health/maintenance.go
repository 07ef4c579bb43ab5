package health

import "github.com/millrace/millrace/domain/instant"

// Maintenance is a downtime that is known beforehand.
type Maintenance struct {
	ID               string
	Mode, Instrument string
	Gateway          string // empty: the instrument as a whole
	// Begin and End bound it in event time, End excluded. A zero End withdraws it.
	Begin, End instant.Milli
	Reason     string // why, in the words of Actor
	Actor      string
}

// In tells whether the maintenance goes on at the event time t.
func (m *Maintenance) In(t instant.Milli) bool { return m.Begin <= t && t < m.End }

// Freeze stops all automatic changes of state in a mode for a time. A mode has one at most.
type Freeze struct {
	Mode string
	// From and Until bound it in event time, Until excluded. A zero Until withdraws it.
	From, Until instant.Milli
	Reason      string // why, in the words of Actor
	Actor       string
}

// In tells whether the freeze is in force at the event time t.
func (f *Freeze) In(t instant.Milli) bool { return f.From <= t && t < f.Until }
