package codecs

import (
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
)

// Fields of a state, of which a user may have hundreds: what is usual is not written, and times are differences from the enrolment, which
// comes before them.
const (
	standingMission = iota + 1 // how many bytes it shares with the mission of the state before, in one byte, and the others
	standingVersion            // less 1
	standingEnrolledAt
	standingBeganAt
	standingOpen        // not fixed
	standingHorizonAt   // from the enrolment; written if the horizon's time is not 0
	standingTransaction // of the horizon
	standingLate
	standingSwitch
	standingCut
	standingTally

	countStart       = 1 // from the enrolment
	countSettled     = 2 // the low halves, and of the high ones what their sign does not tell: nearly always nothing
	countSettledHigh = 3
	countRecent      = 4
	countRecentHigh  = 5
	countEntry       = 6
	countCompletions = 7
)

// sharedAtMost bounds what a few bytes can make of a long id before it.
const sharedAtMost = 64

func userStates() list[*mission.State] {
	return list[*mission.State]{
		field:  userStanding,
		order:  func(old, s *mission.State) int { return strings.Compare(old.Mission, s.Mission) },
		alike:  func(old, s *mission.State) bool { return missionOf(old) == missionOf(s) },
		append: writeStanding,
	}
}

func missionOf(s *mission.State) string {
	if s == nil {
		return ""
	}
	return s.Mission
}

func writeStanding(w *wire.Writer, before, s *mission.State) {
	w.Message(standingMission, func(w *wire.Writer) {
		n := shared(missionOf(before), s.Mission)
		w.B = append(append(w.B, byte(n)), s.Mission[n:]...)
	})
	w.Int(standingVersion, s.Version-1)
	w.Int(standingEnrolledAt, int64(s.EnrolledAt))
	w.Int(standingBeganAt, int64(s.BeganAt))
	w.Bool(standingOpen, !s.Fixed)
	if s.Horizon.At != 0 {
		w.B = protowire.AppendTag(w.B, standingHorizonAt, protowire.VarintType)
		w.B = protowire.AppendVarint(w.B, protowire.EncodeZigZag(int64(s.EnrolledAt-s.Horizon.At)))
	}
	w.String(standingTransaction, s.Horizon.TransactionID)
	for _, id := range s.Late {
		w.Element(standingLate, id)
	}
	for _, on := range s.Switches {
		w.Message(standingSwitch, func(w *wire.Writer) {
			w.Int(switchAt, int64(on.At))
			w.Bool(switchOut, on.Out)
		})
	}
	w.Int(standingCut, int64(s.Cut))
	for _, t := range s.Tallies {
		w.Message(standingTally, func(w *wire.Writer) { writeCount(w, s, t) })
	}
}

// shared returns how many bytes two ids begin with alike, as far as they count.
func shared(a, b string) int {
	n := 0
	for n < min(len(a), len(b), sharedAtMost) && a[n] == b[n] {
		n++
	}
	return n
}

func writeCount(w *wire.Writer, s *mission.State, t *mission.Tally) {
	w.Int(countStart, int64(s.EnrolledAt-t.Start))
	w.Int(countSettled, int64(t.Settled.Low))
	w.Int(countSettledHigh, t.Settled.High-int64(t.Settled.Low)>>63)
	w.Int(countRecent, int64(t.Recent.Low))
	w.Int(countRecentHigh, t.Recent.High-int64(t.Recent.Low)>>63)
	for i := range t.Entries {
		e := &t.Entries[i]
		w.Message(countEntry, func(w *wire.Writer) {
			w.Int(entryDay, e.Day)
			w.String(entryValue, e.Value)
			w.Int(entrySettled, e.Settled)
			w.Int(entryRecent, e.Recent)
		})
	}
	w.Int(countCompletions, t.Completions)
}

// singleState is a state with room for the one tally that most have: one object for the collector to follow, where a user has hundreds.
type singleState struct {
	state mission.State
	list  [1]*mission.Tally
	tally mission.Tally
}

// room returns an empty tally; before the first, the state's list comes to have room for one.
func (x *singleState) room() *mission.Tally {
	if x.state.Tallies != nil {
		return new(mission.Tally)
	}
	x.state.Tallies = x.list[:0]
	return &x.tally
}

// readStanding reads the nested message at hand, which follows that of another mission.
func readStanding(r *wire.Reader, before string, ids *joiner) *mission.State {
	x := &singleState{state: mission.State{Version: 1, Fixed: true}}
	s := &x.state
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case standingMission:
			s.Mission = readSharing(&f, before, ids)
		case standingVersion:
			s.Version = f.Int() + 1
		case standingEnrolledAt:
			s.EnrolledAt = instant.Milli(f.Int())
		case standingBeganAt:
			s.BeganAt = instant.Milli(f.Int())
		case standingOpen:
			s.Fixed = f.Uint() == 0
		case standingHorizonAt:
			s.Horizon.At = s.EnrolledAt - instant.Milli(f.Int())
		case standingTransaction:
			s.Horizon.TransactionID = f.String()
		case standingLate:
			s.Late = append(s.Late, f.String())
		case standingSwitch:
			s.Switches = append(s.Switches, readSwitch(&f))
		case standingCut:
			s.Cut = instant.Milli(f.Int())
		case standingTally:
			s.Tallies = append(s.Tallies, x.room())
			readCount(&f, s, s.Tallies[len(s.Tallies)-1])
		}
	}
	r.Inherit(&f)
	return s
}

// readSharing reads an id that may begin like the one before.
func readSharing(f *wire.Reader, before string, ids *joiner) string {
	text := f.String()
	if text == "" {
		f.Refuse()
		return ""
	}
	n := int(text[0])
	if n > min(len(before), sharedAtMost) {
		f.Refuse()
		return ""
	}
	if n == 0 {
		return text[1:]
	}
	return ids.join(before[:n], text[1:])
}

func readCount(r *wire.Reader, s *mission.State, t *mission.Tally) {
	t.Start = s.EnrolledAt
	f := r.Message()
	for f.Next() {
		switch f.Number() {
		case countStart:
			t.Start = s.EnrolledAt - instant.Milli(f.Int())
		case countSettled:
			t.Settled.Low = uint64(f.Int())
		case countSettledHigh:
			t.Settled.High = f.Int()
		case countRecent:
			t.Recent.Low = uint64(f.Int())
		case countRecentHigh:
			t.Recent.High = f.Int()
		case countEntry:
			t.Entries = append(t.Entries, readUserEntry(&f))
		case countCompletions:
			t.Completions = f.Int()
		}
	}
	r.Inherit(&f)
	t.Settled.High += int64(t.Settled.Low) >> 63
	t.Recent.High += int64(t.Recent.Low) >> 63
}

// joiner joins strings, some in one allocation.
type joiner struct{ room strings.Builder }

const joinerRoom = 256

func (j *joiner) join(a, b string) string {
	if n := len(a) + len(b); j.room.Cap()-j.room.Len() < n {
		j.room.Reset() // what was returned keeps the bytes
		j.room.Grow(max(n, joinerRoom))
	}
	from := j.room.Len()
	j.room.WriteString(a)
	j.room.WriteString(b)
	return j.room.String()[from:]
}
