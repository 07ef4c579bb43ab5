package catalog

import (
	verdictcodec "github.com/millrace/millrace/codecs/verdict"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/catalog"
)

const catalogRowVersion = 3

// Row is the codec of the catalog table.
type Row struct{}

// Encode returns row in binary; it never fails.
func (Row) Encode(row *catalog.Row) ([]byte, error) {
	return wire.Encode(wire.Writing(catalogRowVersion, 2048), row, catalogRowFields)
}

// Decode reads what Encode wrote.
func (Row) Decode(b []byte) (*catalog.Row, error) {
	return wire.Decode(wire.Reading(b, catalogRowVersion), "catalog row", catalogRowFields)
}

func catalogRowFields(f *wire.Fields, row *catalog.Row) {
	f.Text(1, (*string)(&row.Kind))
	f.Text(2, &row.EntityID)
	f.Int(3, &row.Revision)
	f.Int(10, (*int64)(&row.CreatedAt))
	f.Int(6, (*int64)(&row.ChangedAt))
	f.Text(11, &row.ChangedBy)
	missionFields(f, 4, 12, &row.Entity)
	entityFields(f, entityNumbers{intervention: 7, setting: 8, definition: 9}, row.Kind, &row.Entity)
	for v := range wire.Each(f, 5, &row.Verdicts) {
		f.Text(1, &v.CommandID)
		f.Text(2, (*string)(&v.Result))
		verdictcodec.ProblemsField(f, 3, &v.Problems)
		f.Int(4, &v.Revision)
		f.Int(5, (*int64)(&v.At))
	}
}

// missionFields are the history of a mission and, behind it, its approval.
func missionFields(f *wire.Fields, history, approval wire.Number, e *catalog.Entity) {
	m, is := (*e).(catalog.Mission)
	read := f.At(history)
	if read {
		m, is = catalog.Mission{}, true
	}
	for range f.Optional(history, is) {
		historyFields(f, &m.History)
	}
	if read && len(m.Versions) == 0 {
		f.Fail(errVersions)
	}
	if f.At(approval) {
		read, m.Approval = true, catalog.Approval{}
		if !is {
			f.Fail(errEntity)
		}
	}
	for range f.Optional(approval, !m.Approval.IsZero()) {
		approvalFields(f, &m.Approval)
	}
	if read {
		*e = m
	}
}
