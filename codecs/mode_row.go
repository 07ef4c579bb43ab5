package codecs

import (
	"errors"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/health"
)

const modeRowVersion = 2

// errState is a state that this version does not know, errModeRow a row that no version wrote.
var (
	errState   = errors.New("codecs: unknown health state")
	errModeRow = errors.New("codecs: damaged mode row")
)

// ModeRow is the codec of the routing table. A mode may have thousands of gateways, so all that comes once for each is packed.
type ModeRow struct{}

// Encode returns the row as bytes.
func (ModeRow) Encode(r *health.ModeRow) ([]byte, error) {
	words := newWords()
	body := wire.Appending(make([]byte, 0, r.Size()))
	placesFields(&body, r, words)
	decidedFields(&body, r)
	f := wire.Writing(modeRowVersion, 64+len(body.Body())+16*len(words.list))
	modeFields(&f, r, words)
	f.Raw(body.Body())
	return f.Body(), nil
}

// Decode returns the row in b.
func (ModeRow) Decode(b []byte) (*health.ModeRow, error) {
	r, words := &health.ModeRow{}, &words{}
	f := wire.Copying(b, modeRowVersion)
	for f.Next() {
		modeFields(&f, r, words)
		placesFields(&f, r, words)
		decidedFields(&f, r)
	}
	return decoded(r, "mode row", &f)
}

// modeFields come before what is packed: the words that it uses, and the time that its times are near to.
func modeFields(f *wire.Fields, r *health.ModeRow, w *words) {
	f.Text(1, &r.Mode)
	f.Int(2, (*int64)(&r.Evaluated))
	f.Int(5, (*int64)(&r.Settled))
	f.Texts(9, &w.list)
}

// placesFields are packed.
func placesFields(f *wire.Fields, r *health.ModeRow, w *words) {
	const level, instrument, downtime, other = 4, 3, 8, 10
	if f.Writes() {
		p := &packer{words: w}
		packed := func(n wire.Number, pack func(*packer)) {
			p.b = p.b[:0]
			pack(p)
			f.Blob(n, &p.b)
		}
		packed(level, func(p *packer) { packLevel(p, &r.Level, r.Evaluated, health.Pool{}) })
		for i := range r.Instruments {
			packed(instrument, func(p *packer) { packInstrument(p, &r.Instruments[i], r.Evaluated) })
		}
		for i := range r.Downtimes {
			packed(downtime, func(p *packer) { packDowntime(p, &r.Downtimes[i], r) })
		}
		if len(r.Other) > 0 {
			packed(other, func(p *packer) { packOther(p, r.Other, r.Evaluated) })
		}
		return
	}
	u := &unpacker{words: w.list}
	switch {
	case f.Packed(level, &u.b):
		r.Level = unpackLevel(u, r.Evaluated, health.Pool{})
	case f.Packed(instrument, &u.b):
		r.Instruments = append(r.Instruments, unpackInstrument(u, r.Evaluated))
	case f.Packed(downtime, &u.b):
		r.Downtimes = append(r.Downtimes, unpackDowntime(u, r))
	case f.Packed(other, &u.b):
		r.Other = unpackOther(u, r.Evaluated)
	}
	if u.bad || len(u.b) > 0 {
		f.Fail(errModeRow)
	}
}

// decidedFields are what people have decided. Of interventions each is a message in a message, as their own records are.
func decidedFields(f *wire.Fields, r *health.ModeRow) {
	const intervention, setting = 6, 7
	if f.Writes() {
		for i := range r.Overrides {
			writeIntervention(f, intervention, &health.Intervention{Override: &r.Overrides[i]})
		}
		for i := range r.Maintenances {
			writeIntervention(f, intervention, &health.Intervention{Maintenance: &r.Maintenances[i]})
		}
		if r.Freeze != nil {
			writeIntervention(f, intervention, &health.Intervention{Freeze: r.Freeze})
		}
	}
	if f.At(intervention) {
		var i health.Intervention
		for range f.Message(intervention) {
			kindFields(f, &i)
		}
		addIntervention(r, i)
	}
	for s := range wire.Each(f, setting, &r.Settings) {
		settingFields(f, s)
	}
}

func writeIntervention(f *wire.Fields, n wire.Number, i *health.Intervention) {
	for range f.Message(n) {
		kindFields(f, i)
	}
}

func addIntervention(r *health.ModeRow, i health.Intervention) {
	if i.Override != nil {
		r.Overrides = append(r.Overrides, *i.Override)
	}
	if i.Maintenance != nil {
		r.Maintenances = append(r.Maintenances, *i.Maintenance)
	}
	if i.Freeze != nil {
		r.Freeze = i.Freeze
	}
}
