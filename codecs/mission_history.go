package codecs

import (
	"errors"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
)

// Fields of a mission's history and of its messages.
const (
	historyStatus = iota + 1
	historyActivated
	historyPause
	historyEndedAt
	historyChangedAt
	historyScheduledAt
	historyVersion

	versionNumber    = 1
	versionMission   = 2 // JSON, as MissionJSON writes it
	versionCreatedAt = 3
	versionFrom      = 4
	versionBackdated = 5

	pauseFrom = 1
	pauseTo   = 2
)

func writeHistory(w *wire.Writer, h *mission.History) {
	w.String(historyStatus, string(h.Status))
	w.Bool(historyActivated, h.Activated)
	for _, p := range h.Pauses {
		w.Message(historyPause, func(w *wire.Writer) {
			w.Int(pauseFrom, int64(p.From))
			w.Int(pauseTo, int64(p.To))
		})
	}
	w.Int(historyEndedAt, int64(h.EndedAt))
	w.Int(historyChangedAt, int64(h.ChangedAt))
	w.Int(historyScheduledAt, int64(h.ScheduledAt))
	for i := range h.Versions {
		v := &h.Versions[i]
		w.Message(historyVersion, func(w *wire.Writer) {
			w.Int(versionNumber, v.Number)
			w.Bytes(versionMission, MissionJSON(&v.Mission))
			w.Int(versionCreatedAt, int64(v.CreatedAt))
			w.Int(versionFrom, int64(v.From))
			w.Bool(versionBackdated, v.Backdated)
		})
	}
}

func readHistory(r *wire.Reader) (h mission.History, err error) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case historyStatus:
			h.Status = mission.Status(f.String())
		case historyActivated:
			h.Activated = f.Uint() != 0
		case historyPause:
			h.Pauses = append(h.Pauses, readPause(&f))
		case historyEndedAt:
			h.EndedAt = instant.Milli(f.Int())
		case historyChangedAt:
			h.ChangedAt = instant.Milli(f.Int())
		case historyScheduledAt:
			h.ScheduledAt = instant.Milli(f.Int())
		case historyVersion:
			v, failed := readVersion(&f)
			h.Versions, err = append(h.Versions, v), errors.Join(err, failed)
		}
	}
	r.Inherit(&f)
	if len(h.Versions) == 0 && r.Err() == nil && err == nil {
		err = errVersions
	}
	return h, err
}

// errVersions is a mission without any version.
var errVersions = errors.New("codecs: a mission without a version")

func readVersion(r *wire.Reader) (v mission.Version, err error) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case versionNumber:
			v.Number = f.Int()
		case versionMission:
			v.Mission, err = storedMission(f.Bytes())
		case versionCreatedAt:
			v.CreatedAt = instant.Milli(f.Int())
		case versionFrom:
			v.From = instant.Milli(f.Int())
		case versionBackdated:
			v.Backdated = f.Uint() != 0
		}
	}
	r.Inherit(&f)
	return v, err
}

func readPause(r *wire.Reader) (i mission.Interval) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case pauseFrom:
			i.From = instant.Milli(f.Int())
		case pauseTo:
			i.To = instant.Milli(f.Int())
		}
	}
	r.Inherit(&f)
	return i
}
