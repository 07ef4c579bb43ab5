package catalog

import (
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/mission"
)

// approvalFields are those of the approval of a mission.
func approvalFields(f *wire.Fields, a *catalog.Approval) {
	f.Texts(1, &a.Authors)
	for d := range wire.Pointer(f, 2, &a.Approved) {
		decisionFields(f, d)
	}
	for d := range wire.Pointer(f, 3, &a.Rejected) {
		decisionFields(f, d)
	}
	for p := range wire.Pointer(f, 4, &a.Proposal) {
		missionField(f, 1, &p.Mission)
		f.Int(2, (*int64)(&p.From))
		f.Bool(3, &p.Backdated)
		f.Int(4, (*int64)(&p.At))
		f.Texts(5, &p.Authors)
	}
}

func decisionFields(f *wire.Fields, d *catalog.Decision) {
	f.Text(1, &d.Actor)
	f.Int(2, (*int64)(&d.At))
	f.Text(3, &d.Reason)
	f.Int(4, &d.Revision)
}

// missionField is a mission as MissionJSON writes it.
func missionField(f *wire.Fields, n wire.Number, m *mission.Mission) {
	var raw []byte
	if f.Writes() {
		raw = missioncodec.JSON(m)
	}
	if f.Packed(n, &raw) {
		var err error
		if *m, err = storedMission(raw); err != nil {
			f.Fail(err)
		}
	}
}
