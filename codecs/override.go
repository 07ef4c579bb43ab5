package codecs

import (
	"errors"
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/health"
	"github.com/millrace/millrace/domain/instant"
)

const interventionVersion = 1

// errIntervention is a record of `overrides` that holds none or several, or a kind that this version does not know.
var errIntervention = errors.New("codecs: not one intervention")

// Fields of an intervention, and of what is in it.
const (
	interventionOverride    = 1
	interventionMaintenance = 2
	interventionFreeze      = 3

	interventionID         = 1
	interventionMode       = 2
	interventionInstrument = 3
	interventionGateway    = 4
	interventionFrom       = 5
	interventionUntil      = 6
	interventionReason     = 7
	interventionActor      = 8
	interventionState      = 9 // a word, of an override only
)

// Intervention is the codec of `overrides`.
type Intervention struct{}

// ordered is what all interventions have.
type ordered struct {
	id, mode, instrument, gateway *string
	from, until                   *instant.Milli
	reason, actor                 *string
}

func orderedOverride(o *health.Override) ordered {
	return ordered{&o.ID, &o.Mode, &o.Instrument, &o.Gateway, &o.From, &o.Until, &o.Reason, &o.Actor}
}

func orderedMaintenance(m *health.Maintenance) ordered {
	return ordered{&m.ID, &m.Mode, &m.Instrument, &m.Gateway, &m.Begin, &m.End, &m.Reason, &m.Actor}
}

// A freeze is for a mode; the names that it does not have are not written.
func orderedFreeze(f *health.Freeze) ordered {
	return ordered{new(string), &f.Mode, new(string), new(string), &f.From, &f.Until, &f.Reason, &f.Actor}
}

// Encode returns i as bytes.
func (Intervention) Encode(i *health.Intervention) ([]byte, error) {
	w := wire.NewWriter(interventionVersion, 128)
	switch {
	case i.Override != nil && i.Maintenance == nil && i.Freeze == nil:
		w.Message(interventionOverride, func(w *wire.Writer) {
			orderedOverride(i.Override).write(w)
			w.String(interventionState, i.Override.State.String())
		})
	case i.Override == nil && i.Maintenance != nil && i.Freeze == nil:
		w.Message(interventionMaintenance, orderedMaintenance(i.Maintenance).write)
	case i.Override == nil && i.Maintenance == nil && i.Freeze != nil:
		w.Message(interventionFreeze, orderedFreeze(i.Freeze).write)
	default:
		return nil, errIntervention
	}
	return w.B, nil
}

// Decode returns the intervention in b.
func (Intervention) Decode(b []byte) (*health.Intervention, error) {
	i, n := &health.Intervention{}, 0
	err := wire.Read(b, interventionVersion, func(f wire.Field) error {
		n++
		switch f.Number {
		case interventionOverride:
			i.Override = &health.Override{}
			return readOverride(f, i.Override)
		case interventionMaintenance:
			i.Maintenance = &health.Maintenance{}
			return f.Message(orderedMaintenance(i.Maintenance).read)
		case interventionFreeze:
			i.Freeze = &health.Freeze{}
			return f.Message(orderedFreeze(i.Freeze).read)
		}
		return errIntervention
	})
	if err == nil && n != 1 {
		err = errIntervention
	}
	if err != nil {
		return nil, fmt.Errorf("intervention: %w", err)
	}
	return i, nil
}

func readOverride(f wire.Field, o *health.Override) error {
	word := ""
	err := f.Message(func(f wire.Field) error {
		if f.Number == interventionState {
			word = f.String()
			return nil
		}
		return orderedOverride(o).read(f)
	})
	if err != nil {
		return err
	}
	state, ok := health.ParseState(word)
	if !ok {
		return errState
	}
	o.State = state
	return nil
}

func (o ordered) write(w *wire.Writer) {
	w.String(interventionID, *o.id)
	w.String(interventionMode, *o.mode)
	w.String(interventionInstrument, *o.instrument)
	w.String(interventionGateway, *o.gateway)
	w.Int(interventionFrom, int64(*o.from))
	w.Int(interventionUntil, int64(*o.until))
	w.String(interventionReason, *o.reason)
	w.String(interventionActor, *o.actor)
}

func (o ordered) read(f wire.Field) error {
	switch f.Number {
	case interventionID:
		*o.id = f.String()
	case interventionMode:
		*o.mode = f.String()
	case interventionInstrument:
		*o.instrument = f.String()
	case interventionGateway:
		*o.gateway = f.String()
	case interventionFrom:
		*o.from = instant.Milli(f.Int())
	case interventionUntil:
		*o.until = instant.Milli(f.Int())
	case interventionReason:
		*o.reason = f.String()
	case interventionActor:
		*o.actor = f.String()
	}
	return nil
}
