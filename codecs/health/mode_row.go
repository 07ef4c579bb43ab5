package health

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

// ModeRow is the codec of the routing table. A mode may have thousands of gateways, so all that comes once for each is
// packed.
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
	return wire.Decoded(r, "mode row", &f)
}

// modeFields come before what is packed: the words that it uses, and the time that its times are near to.
func modeFields(f *wire.Fields, r *health.ModeRow, w *words) {
	f.Text(1, &r.Mode)
	f.Int(2, (*int64)(&r.Evaluated))
	f.Int(5, (*int64)(&r.Settled))
	f.Texts(9, &w.list)
}

// placesFields are packed, each in a field of its own.
func placesFields(f *wire.Fields, r *health.ModeRow, w *words) {
	p := &packed{words: w, writes: f.Writes()}
	packedField(f, 4, p, func() { levelPacked(p, &r.Level, r.Evaluated, health.Pool{}) })
	for i := range wire.Elements(f, 3, &r.Instruments) {
		packedField(f, 3, p, func() { instrumentPacked(p, i, r.Evaluated) })
	}
	for d := range wire.Elements(f, 8, &r.Downtimes) {
		packedField(f, 8, p, func() { downtimePacked(p, d, r) })
	}
	if f.At(10) || len(r.Other) > 0 {
		packedField(f, 10, p, func() { otherPacked(p, &r.Other, r.Evaluated) })
	}
}

func packedField(f *wire.Fields, n wire.Number, p *packed, values func()) {
	switch {
	case p.writes:
		p.b = p.b[:0]
		values()
		f.Blob(n, &p.b)
	case f.Packed(n, &p.b):
		if values(); p.bad || len(p.b) > 0 {
			f.Fail(errModeRow)
		}
	}
}

// decidedFields are what people have decided. Of interventions each is a message in a message, as their own records
// are.
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
