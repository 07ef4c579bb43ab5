package health

import "github.com/millrace/millrace/domain/instant"

// Intervention is what people decide over the head of the evaluation: the record of `overrides`, keyed by mode. Exactly
// one field is set. A record replaces the one before it with the same id (of a freeze: of the same mode).
type Intervention struct {
	Override    *Override
	Maintenance *Maintenance
	Freeze      *Freeze
}

// Mode returns the mode that it concerns, the key of the record.
func (i *Intervention) Mode() string {
	switch {
	case i.Override != nil:
		return i.Override.Mode
	case i.Maintenance != nil:
		return i.Maintenance.Mode
	case i.Freeze != nil:
		return i.Freeze.Mode
	}
	return ""
}

// Override forces the state of an instrument, or of one of its gateways, for a time.
type Override struct {
	ID               string
	Mode, Instrument string
	Gateway          string // empty: the instrument as a whole
	State            State
	// From and Until bound it in event time, Until excluded. A zero Until withdraws it.
	From, Until instant.Milli
	Reason      string // why, in the words of Actor
	Actor       string
}

// In tells whether the override is in force at the event time t.
func (o *Override) In(t instant.Milli) bool { return o.From <= t && t < o.Until }
