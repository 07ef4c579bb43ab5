package health

import (
	"cmp"
	"slices"

	"github.com/millrace/millrace/domain/health"
)

// withKnown returns the row together with the instruments and gateways that have attempts but no closed window yet:
// they are listed from their first attempt on, as up, as far as the mode has places for them. The row itself is not
// changed.
func withKnown(s health.Settings, row *health.ModeRow, paths []health.Path) *health.ModeRow {
	missing := slices.IndexFunc(paths, func(p health.Path) bool { return !knows(row, p) })
	if missing < 0 {
		return row
	}
	room := row.Room(s)
	if room == 0 {
		return row
	}
	next := *row
	next.Instruments = slices.Clone(row.Instruments)
	for _, p := range paths[missing:] {
		if room == 0 {
			break
		}
		i, found := slices.BinarySearchFunc(next.Instruments, p.Instrument, func(a health.Instrument, name string) int {
			return cmp.Compare(a.Name, name)
		})
		if !found {
			next.Instruments = slices.Insert(next.Instruments, i,
				health.Instrument{Name: p.Instrument, Level: unseen()})
		}
		inst := &next.Instruments[i]
		j, found := slices.BinarySearchFunc(inst.Gateways, p.Gateway, func(a health.Gateway, name string) int {
			return cmp.Compare(a.Name, name)
		})
		if !found { // Insert writes within the old array where it has room, so the copy comes first
			room--
			inst.Gateways = slices.Insert(slices.Clone(inst.Gateways), j,
				health.Gateway{Name: p.Gateway, Level: unseen()})
		}
	}
	return &next
}

func knows(row *health.ModeRow, p health.Path) bool {
	inst := row.Instrument(p.Instrument)
	return inst != nil && slices.ContainsFunc(inst.Gateways, func(g health.Gateway) bool { return g.Name == p.Gateway })
}

func unseen() health.Level {
	level := health.Level{}
	level.Reason = "initially up"
	return level
}
