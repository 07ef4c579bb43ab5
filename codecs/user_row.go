package codecs

import (
	"cmp"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/mission"
)

const userRowVersion = 2

// Fields of a user row.
const (
	userMissions = iota + 1
	userState
	userRecent
	userFrontier
	userOld
	userReceived
	userLastAt
	userSegments
	userVerdict
)

// Fields of its messages.
const (
	stateMission = iota + 1
	stateVersion
	stateEnrolledAt
	stateBeganAt
	stateFixed
	stateHorizon
	stateLate
	stateSwitch
	stateTally
	stateCut

	switchAt  = 1
	switchOut = 2

	tallyStart       = 1
	tallySettled     = 2
	tallyRecent      = 3
	tallyEntry       = 4
	tallyCompletions = 5

	entryDay     = 1
	entryValue   = 2
	entrySettled = 3
	entryRecent  = 4

	setAt      = 1
	setSegment = 2

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
	writeUserRow(w, row, &mission.UserRow{}, nil)
	return w.B, nil
}

// EncodeAfter returns what Encode does, given that before was encoded to raw: of states and payments, of which there may be hundreds,
// it writes those that are not in before and copies the others. It never fails.
func (UserRow) EncodeAfter(row, before *mission.UserRow, raw []byte) ([]byte, error) {
	w := wire.NewWriter(userRowVersion, len(raw)+roomToGrow)
	writeUserRow(w, row, before, raw)
	return w.B, nil
}

// roomToGrow is about what a posting adds to a row.
const roomToGrow = 512

func writeUserRow(w *wire.Writer, row, before *mission.UserRow, raw []byte) {
	from := earlierBody(raw)
	w.Fixed64(userMissions, row.Missions)
	userStates().write(w, row.States, before.States, &from)
	recentPayments().write(w, row.Recent, before.Recent, &from)
	writeMark(w, userFrontier, row.Frontier)
	oldPostings().write(w, row.Old, before.Old, &from)
	for _, r := range row.Received {
		w.Message(userReceived, func(w *wire.Writer) {
			w.String(receivedCurrency, r.Currency)
			writeTotal(w, receivedNet, r.Net)
		})
	}
	w.Int(userLastAt, int64(row.LastAt))
	for i := range row.Segments {
		set := &row.Segments[i]
		w.Message(userSegments, func(w *wire.Writer) {
			w.Int(setAt, int64(set.At))
			for _, segment := range set.Segments {
				w.Element(setSegment, segment)
			}
		})
	}
	writeVerdicts(w, userVerdict, row.Verdicts)
}

func userStates() list[*mission.State] {
	byMission := func(old, s *mission.State) int { return strings.Compare(old.Mission, s.Mission) }
	return list[*mission.State]{userState, byMission, writeState}
}

func recentPayments() list[*mission.Recent] {
	byMark := func(old, r *mission.Recent) int {
		if c := cmp.Compare(old.CreatedAt, r.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(old.TransactionID, r.TransactionID)
	}
	return list[*mission.Recent]{userRecent, byMark, func(w *wire.Writer, r *mission.Recent) {
		w.Message(recentFacts, func(w *wire.Writer) { writeFacts(w, &r.Facts) })
		w.Int(recentSeq, r.Seq)
		w.Int(recentNet, r.Net)
	}}
}

func oldPostings() list[mission.Seen] {
	return list[mission.Seen]{userOld, inOrder[mission.Seen], func(w *wire.Writer, s mission.Seen) {
		w.String(seenTransaction, s.TransactionID)
		w.Int(seenSeq, s.Seq)
	}}
}

func writeState(w *wire.Writer, s *mission.State) {
	w.String(stateMission, s.Mission)
	w.Int(stateVersion, s.Version)
	w.Int(stateEnrolledAt, int64(s.EnrolledAt))
	w.Int(stateBeganAt, int64(s.BeganAt))
	w.Bool(stateFixed, s.Fixed)
	writeMark(w, stateHorizon, s.Horizon)
	for _, id := range s.Late {
		w.Element(stateLate, id)
	}
	for _, on := range s.Switches {
		w.Message(stateSwitch, func(w *wire.Writer) {
			w.Int(switchAt, int64(on.At))
			w.Bool(switchOut, on.Out)
		})
	}
	for _, t := range s.Tallies {
		w.Message(stateTally, func(w *wire.Writer) { writeUserTally(w, t) })
	}
	w.Int(stateCut, int64(s.Cut))
}

func writeUserTally(w *wire.Writer, t *mission.Tally) {
	w.Int(tallyStart, int64(t.Start))
	writeTotal(w, tallySettled, t.Settled)
	writeTotal(w, tallyRecent, t.Recent)
	for i := range t.Entries {
		e := &t.Entries[i]
		w.Message(tallyEntry, func(w *wire.Writer) {
			w.Int(entryDay, e.Day)
			w.String(entryValue, e.Value)
			w.Int(entrySettled, e.Settled)
			w.Int(entryRecent, e.Recent)
		})
	}
	w.Int(tallyCompletions, t.Completions)
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
