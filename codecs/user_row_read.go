package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
)

// Decode reads what Encode wrote, also in version 2.
func (UserRow) Decode(b []byte) (*mission.UserRow, error) {
	row := &mission.UserRow{}
	var ids joiner
	r := wire.NewReader(string(b), userRowVersion, userRowWhole)
	for r.Next() {
		switch r.Number() {
		case userMissions:
			row.Missions = r.Uint()
		case userState:
			row.States = append(row.States, readState(&r))
		case userRecent:
			row.Recent = append(row.Recent, readRecent(&r))
		case userFrontier:
			row.Frontier = readMark(&r)
		case userOld:
			row.Old = append(row.Old, readOld(&r))
		case userReceived:
			row.Received = append(row.Received, readReceived(&r))
		case userLastAt:
			row.LastAt = instant.Milli(r.Int())
		case userSegments:
			row.Segments = append(row.Segments, readSegments(&r))
		case userVerdict:
			row.Verdicts = append(row.Verdicts, readVerdict(&r))
		case userAudited:
			row.Audited = r.Int()
		case userStanding:
			row.States = append(row.States, readStanding(&r, missionOf(lastOf(row.States)), &ids))
		case userPayment:
			row.Recent = append(row.Recent, readPayment(&r, lastOf(row.Recent)))
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("user row: %w", err)
	}
	return row, nil
}

// lastOf returns the last element, the zero value if there is none.
func lastOf[T any](list []T) (last T) {
	if len(list) > 0 {
		last = list[len(list)-1]
	}
	return last
}

func readState(r *wire.Reader) *mission.State {
	s := &mission.State{}
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case stateMission:
			s.Mission = f.String()
		case stateVersion:
			s.Version = f.Int()
		case stateEnrolledAt:
			s.EnrolledAt = instant.Milli(f.Int())
		case stateBeganAt:
			s.BeganAt = instant.Milli(f.Int())
		case stateFixed:
			s.Fixed = f.Uint() != 0
		case stateHorizon:
			s.Horizon = readMark(&f)
		case stateLate:
			s.Late = append(s.Late, f.String())
		case stateSwitch:
			s.Switches = append(s.Switches, readSwitch(&f))
		case stateTally:
			s.Tallies = append(s.Tallies, readUserTally(&f))
		case stateCut:
			s.Cut = instant.Milli(f.Int())
		}
	}
	r.Inherit(&f)
	return s
}

func readSwitch(r *wire.Reader) (on mission.Switch) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case switchAt:
			on.At = instant.Milli(f.Int())
		case switchOut:
			on.Out = f.Uint() != 0
		}
	}
	r.Inherit(&f)
	return on
}

func readUserTally(r *wire.Reader) *mission.Tally {
	t := &mission.Tally{}
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case tallyStart:
			t.Start = instant.Milli(f.Int())
		case tallySettled:
			t.Settled = readTotal(&f)
		case tallyRecent:
			t.Recent = readTotal(&f)
		case tallyEntry:
			t.Entries = append(t.Entries, readUserEntry(&f))
		case tallyCompletions:
			t.Completions = f.Int()
		}
	}
	r.Inherit(&f)
	return t
}

func readUserEntry(r *wire.Reader) (e mission.Entry) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case entryDay:
			e.Day = f.Int()
		case entryValue:
			e.Value = f.String()
		case entrySettled:
			e.Settled = f.Int()
		case entryRecent:
			e.Recent = f.Int()
		}
	}
	r.Inherit(&f)
	return e
}

func readSegments(r *wire.Reader) (s mission.SegmentSet) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case setAt:
			s.At = instant.Milli(f.Int())
		case setSegment:
			s.Segments = append(s.Segments, f.String())
		}
	}
	r.Inherit(&f)
	return s
}

func readRecent(r *wire.Reader) *mission.Recent {
	out := &mission.Recent{}
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case recentFacts:
			readFacts(&out.Facts, &f)
		case recentSeq:
			out.Seq = f.Int()
		case recentNet:
			out.Net = f.Int()
		}
	}
	r.Inherit(&f)
	return out
}

func readMark(r *wire.Reader) (m mission.Mark) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case markAt:
			m.At = instant.Milli(f.Int())
		case markTransaction:
			m.TransactionID = f.String()
		}
	}
	r.Inherit(&f)
	return m
}

func readOld(r *wire.Reader) (s mission.Seen) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case seenTransaction:
			s.TransactionID = f.String()
		case seenSeq:
			s.Seq = f.Int()
		}
	}
	r.Inherit(&f)
	return s
}

func readReceived(r *wire.Reader) (out mission.Received) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case receivedCurrency:
			out.Currency = f.String()
		case receivedNet:
			out.Net = readTotal(&f)
		}
	}
	r.Inherit(&f)
	return out
}

func readTotal(r *wire.Reader) (t money.Total) {
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case totalLow:
			t.Low = uint64(f.Int())
		case totalHigh:
			t.High = f.Int()
		}
	}
	r.Inherit(&f)
	t.High += int64(t.Low) >> 63
	return t
}
