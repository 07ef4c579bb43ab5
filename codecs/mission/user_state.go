package mission

import (
	"strings"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
)

// sharedAtMost bounds what a few bytes can make of a long id before it.
const sharedAtMost = 64

// standings are the states of a user row, of which a user may have hundreds.
func standings(f *wire.Fields, row *mission.UserRow, a *amendment) {
	if f.Writes() {
		userStates().write(f, row.States, a.before.States, &a.from, func(before, s *mission.State) {
			for range f.Message(userStanding) {
				idField(f, 1, missionOf(before), &s.Mission, &a.ids)
				standingFields(f, s, nil)
			}
		})
	}
	for f.At(userStanding) {
		x := &singleState{state: mission.State{Version: 1, Fixed: true}}
		before := missionOf(lastOf(row.States))
		for range f.Message(userStanding) {
			idField(f, 1, before, &x.state.Mission, &a.ids)
			standingFields(f, &x.state, x)
		}
		row.States = append(row.States, &x.state)
	}
}

func userStates() list[*mission.State] {
	return list[*mission.State]{
		field: userStanding,
		order: func(old, s *mission.State) int { return strings.Compare(old.Mission, s.Mission) },
		alike: func(old, s *mission.State) bool { return missionOf(old) == missionOf(s) },
	}
}

func missionOf(s *mission.State) string {
	if s == nil {
		return ""
	}
	return s.Mission
}

// standingFields are those of a state but its mission: what is usual is not written, and times are differences from the
// enrolment, which comes before them. What is read goes into x.
func standingFields(f *wire.Fields, s *mission.State, x *singleState) {
	f.From(2, &s.Version, 1)
	f.Int(3, (*int64)(&s.EnrolledAt))
	f.Int(4, (*int64)(&s.BeganAt))
	f.Not(5, &s.Fixed)
	if f.At(6) || f.Writes() && s.Horizon.At != 0 { // 0 is the time of the enrolment
		ago := int64(s.EnrolledAt - s.Horizon.At)
		f.Always(6, &ago)
		if !f.Writes() {
			s.Horizon.At = s.EnrolledAt - instant.Milli(ago)
		}
	}
	f.Text(7, &s.Horizon.TransactionID)
	f.Texts(8, &s.Late)
	for on := range wire.Each(f, 9, &s.Switches) {
		f.Int(1, (*int64)(&on.At))
		f.Bool(2, &on.Out)
	}
	f.Int(10, (*int64)(&s.Cut))
	const tally = 11
	if f.Writes() {
		for _, t := range s.Tallies {
			countField(f, tally, s, t)
		}
	}
	for f.At(tally) {
		t := x.room()
		s.Tallies = append(s.Tallies, t)
		countField(f, tally, s, t)
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

// countField is a tally; it begins a time before the enrolment that mostly is 0.
func countField(f *wire.Fields, n wire.Number, s *mission.State, t *mission.Tally) {
	ago := int64(s.EnrolledAt - t.Start)
	if !f.Writes() {
		ago = 0
	}
	for range f.Message(n) {
		f.Int(1, &ago)
		totalFields(f, 2, 3, &t.Settled)
		totalFields(f, 4, 5, &t.Recent)
		for e := range wire.Each(f, 6, &t.Entries) {
			f.Int(1, &e.Day)
			f.Text(2, &e.Value)
			f.Int(3, &e.Settled)
			f.Int(4, &e.Recent)
		}
		f.Int(7, &t.Completions)
	}
	if !f.Writes() {
		t.Start = s.EnrolledAt - instant.Milli(ago)
		totalRead(&t.Settled)
		totalRead(&t.Recent)
	}
}

// singleState is a state with room for the one tally that most have: one object for the collector to follow, where a
// user has hundreds.
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

// idField is an id that may begin like the one before: how many bytes it shares, in one byte, and the others.
func idField(f *wire.Fields, n wire.Number, before string, id *string, ids *joiner) {
	if f.Writes() {
		same := shared(before, *id)
		for range f.Message(n) {
			f.Raw([]byte{byte(same)})
			f.RawText((*id)[same:])
		}
		return
	}
	if !f.At(n) {
		return
	}
	var text string
	f.Text(n, &text)
	switch {
	case text == "", int(text[0]) > min(len(before), sharedAtMost):
		f.Refuse()
	case text[0] == 0:
		*id = text[1:]
	default:
		*id = ids.join(before[:text[0]], text[1:])
	}
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
