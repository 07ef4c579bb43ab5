package health

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

// Fields of an intervention.
const (
	interventionOverride    = 1
	interventionMaintenance = 2
	interventionFreeze      = 3
)

// Intervention is the codec of `overrides`.
type Intervention struct{}

// Encode returns i as bytes.
func (Intervention) Encode(i *health.Intervention) ([]byte, error) {
	if interventions(i) != 1 {
		return nil, errIntervention
	}
	return wire.Encode(wire.Writing(interventionVersion, 128), i, interventionFields)
}

// Decode returns the intervention in b.
func (Intervention) Decode(b []byte) (*health.Intervention, error) {
	i, err := wire.Decode(wire.Copying(b, interventionVersion), "intervention", interventionFields)
	if err == nil && interventions(i) != 1 {
		return nil, fmt.Errorf("intervention: %w", errIntervention)
	}
	return i, err
}

func interventions(i *health.Intervention) (n int) {
	for _, is := range []bool{i.Override != nil, i.Maintenance != nil, i.Freeze != nil} {
		if is {
			n++
		}
	}
	return n
}

// interventionFields are those of a record, which has one field.
func interventionFields(f *wire.Fields, i *health.Intervention) {
	known := f.At(interventionOverride) || f.At(interventionMaintenance) || f.At(interventionFreeze)
	if !f.Writes() && (!known || interventions(i) > 0) {
		f.Fail(errIntervention)
	}
	kindFields(f, i)
}

func kindFields(f *wire.Fields, i *health.Intervention) {
	word, read := "", f.At(interventionOverride)
	for o := range wire.Pointer(f, interventionOverride, &i.Override) {
		overrideFields(f, o, &word)
	}
	if read {
		overridden(f, i.Override, word)
	}
	for m := range wire.Pointer(f, interventionMaintenance, &i.Maintenance) {
		maintenanceFields(f, m)
	}
	for x := range wire.Pointer(f, interventionFreeze, &i.Freeze) {
		freezeFields(f, x)
	}
}

// overrideFields has the state as a word, which overridden understands once all is read.
func overrideFields(f *wire.Fields, o *health.Override, word *string) {
	if f.Writes() {
		*word = o.State.String()
	}
	ordered{&o.ID, &o.Mode, &o.Instrument, &o.Gateway, &o.From, &o.Until, &o.Reason, &o.Actor}.fields(f)
	f.Text(9, word)
}

func overridden(f *wire.Fields, o *health.Override, word string) {
	state, ok := health.ParseState(word)
	if !ok {
		f.Fail(errState)
	}
	o.State = state
}

func maintenanceFields(f *wire.Fields, m *health.Maintenance) {
	ordered{&m.ID, &m.Mode, &m.Instrument, &m.Gateway, &m.Begin, &m.End, &m.Reason, &m.Actor}.fields(f)
}

// freezeFields are for a mode; the names that a freeze does not have are not written.
func freezeFields(f *wire.Fields, x *health.Freeze) {
	ordered{new(string), &x.Mode, new(string), new(string), &x.From, &x.Until, &x.Reason, &x.Actor}.fields(f)
}

// ordered is what all interventions have.
type ordered struct {
	id, mode, instrument, gateway *string
	from, until                   *instant.Milli
	reason, actor                 *string
}

func (o ordered) fields(f *wire.Fields) {
	f.Text(1, o.id)
	f.Text(2, o.mode)
	f.Text(3, o.instrument)
	f.Text(4, o.gateway)
	f.Int(5, (*int64)(o.from))
	f.Int(6, (*int64)(o.until))
	f.Text(7, o.reason)
	f.Text(8, o.actor)
}
