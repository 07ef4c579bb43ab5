package codecs

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
)

// In version 2 states and payments were written whole, with names and lengths of all that they hold, under fields of their own; it
// is still read.
const userRowVersion, userRowWhole = 3, 2

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
	userStanding // a state; userState until version 2
	userPayment  // a payment; userRecent until version 2
	userAudited
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
	w := wire.NewWriter(userRowVersion, 256+48*len(row.States)+64*len(row.Recent))
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
	userStates().write(w, row.States, before.States, &from)
	recentPayments().write(w, row.Recent, before.Recent, &from)
	w.Int(userAudited, row.Audited) // in the order of the fields' numbers, as earlier.seek wants it
}

func oldPostings() list[mission.Seen] {
	return list[mission.Seen]{
		field: userOld,
		// The list grows at its end and loses elements elsewhere: what is not met again is gone.
		order: func(_, _ mission.Seen) int { return -1 },
		alike: func(_, _ mission.Seen) bool { return true },
		append: func(w *wire.Writer, _, s mission.Seen) {
			w.String(seenTransaction, s.TransactionID)
			w.Int(seenSeq, s.Seq)
		},
	}
}

// writeTotal writes the low half as a signed integer, and of the high half what its sign does not tell: nearly always nothing.
func writeTotal(w *wire.Writer, field protowire.Number, t money.Total) {
	if t == (money.Total{}) {
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
