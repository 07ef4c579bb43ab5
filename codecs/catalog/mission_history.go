package catalog

import (
	"errors"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/mission"
)

// errVersions is a mission without any version.
var errVersions = errors.New("codecs: a mission without a version")

// historyFields are those of a mission's history.
func historyFields(f *wire.Fields, h *mission.History) {
	f.Text(1, (*string)(&h.Status))
	f.Bool(2, &h.Activated)
	for p := range wire.Each(f, 3, &h.Pauses) {
		f.Int(1, (*int64)(&p.From))
		f.Int(2, (*int64)(&p.To))
	}
	f.Int(4, (*int64)(&h.EndedAt))
	f.Int(5, (*int64)(&h.ChangedAt))
	f.Int(6, (*int64)(&h.ScheduledAt))
	for v := range wire.Each(f, 7, &h.Versions) {
		f.Int(1, &v.Number)
		missionField(f, 2, &v.Mission)
		f.Int(3, (*int64)(&v.CreatedAt))
		f.Int(4, (*int64)(&v.From))
		f.Bool(5, &v.Backdated)
	}
}
