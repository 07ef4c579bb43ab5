package codecs

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/mission"
)

const userRowVersion = 1

// Fields of a user row.
const (
	userMissions = iota + 1
	userState
	userRecent
	userFrontier
	userOld
	userReceived
	userLastAt
)

// Fields of its messages.
const (
	stateMission = iota + 1
	stateVersion
	stateProgress
	stateFromRecent
	stateCompletions
	stateEnrolledAt
	stateLastAt
	stateHorizon
	stateLate

	recentFacts = 1
	recentSeq   = 2
	recentNet   = 3

	markAt          = 1
	markTransaction = 2

	seenTransaction = 1
	seenSeq         = 2

	receivedCurrency = 1
	receivedNet      = 2

	totalLow  = 1
	totalHigh = 2
)

// UserRow is the codec of the progress table.
type UserRow struct{}

// Encode returns row in binary; it never fails.
func (UserRow) Encode(row *mission.UserRow) ([]byte, error) {
	w := wire.NewWriter(userRowVersion, 64+96*len(row.States)+192*len(row.Recent))
	w.Fixed64(userMissions, row.Missions)
	for _, s := range row.States {
		w.Message(userState, func(w *wire.Writer) { writeState(w, s) })
	}
	for _, r := range row.Recent {
		w.Message(userRecent, func(w *wire.Writer) {
			w.Message(recentFacts, func(w *wire.Writer) { writeFacts(w, &r.Facts) })
			w.Int(recentSeq, r.Seq)
			w.Int(recentNet, r.Net)
		})
	}
	writeMark(w, userFrontier, row.Frontier)
	for _, s := range row.Old {
		w.Message(userOld, func(w *wire.Writer) {
			w.String(seenTransaction, s.TransactionID)
			w.Int(seenSeq, s.Seq)
		})
	}
	for _, r := range row.Received {
		w.Message(userReceived, func(w *wire.Writer) {
			w.String(receivedCurrency, r.Currency)
			writeTotal(w, receivedNet, r.Net)
		})
	}
	w.Int(userLastAt, int64(row.LastAt))
	return w.B, nil
}

func writeState(w *wire.Writer, s *mission.State) {
	w.String(stateMission, s.Mission)
	w.Int(stateVersion, s.Version)
	writeTotal(w, stateProgress, s.Progress)
	writeTotal(w, stateFromRecent, s.FromRecent)
	w.Int(stateCompletions, s.Completions)
	w.Int(stateEnrolledAt, int64(s.EnrolledAt))
	w.Int(stateLastAt, int64(s.LastAt))
	writeMark(w, stateHorizon, s.Horizon)
	for _, id := range s.Late {
		w.Element(stateLate, id)
	}
}

// writeTotal writes the low half as a signed integer, and of the high half what its sign does not tell: nearly always nothing.
func writeTotal(w *wire.Writer, field protowire.Number, t mission.Total) {
	if t == (mission.Total{}) {
		return
	}
	w.Message(field, func(w *wire.Writer) {
		w.Int(totalLow, int64(t.Low))
		w.Int(totalHigh, t.High-int64(t.Low)>>63)
	})
}

func writeMark(w *wire.Writer, field protowire.Number, m mission.Mark) {
	if m == (mission.Mark{}) {
		return
	}
	w.Message(field, func(w *wire.Writer) {
		w.Int(markAt, int64(m.At))
		w.String(markTransaction, m.TransactionID)
	})
}
