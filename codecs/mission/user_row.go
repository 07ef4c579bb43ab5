package mission

import (
	verdictcodec "github.com/millrace/millrace/codecs/verdict"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/domain/money"
	"github.com/millrace/millrace/domain/verdict"
)

// In version 2 states and payments were written whole, in fields 2 and 3.
const userRowVersion = 3

// Fields of a user row that are amended, see amend.go.
const (
	userOld      = 5
	userStanding = 10
	userPayment  = 11
)

// UserRow is the codec of the progress table.
type UserRow struct{}

// Encode returns row in binary; it never fails.
func (UserRow) Encode(row *mission.UserRow) ([]byte, error) {
	f := wire.Writing(userRowVersion, 256+48*len(row.States)+64*len(row.Recent))
	userRowFields(&f, row, &amendment{})
	return f.Body(), nil
}

// EncodeAfter returns what Encode does, given that before was encoded to raw: of states and payments, of which there
// may be hundreds, it writes those that are not in before and copies the others. It never fails.
func (UserRow) EncodeAfter(row, before *mission.UserRow, raw []byte) ([]byte, error) {
	f := wire.Writing(userRowVersion, len(raw)+roomToGrow)
	userRowFields(&f, row, &amendment{before: *before, from: earlierBody(raw)})
	return f.Body(), nil
}

// roomToGrow is about what a posting adds to a row.
const roomToGrow = 512

// Decode reads what Encode wrote.
func (UserRow) Decode(b []byte) (*mission.UserRow, error) {
	row, a := &mission.UserRow{}, amendment{}
	f := wire.Reading(b, userRowVersion)
	for f.Next() {
		userRowFields(&f, row, &a)
	}
	return wire.Decoded(row, "user row", &f)
}

// amendment is what a row follows, where it is written, and what ids share, where it is read.
type amendment struct {
	before mission.UserRow
	from   earlier
	ids    joiner
}

// userRowFields are in the order of their numbers, as earlier.seek wants it.
func userRowFields(f *wire.Fields, row *mission.UserRow, a *amendment) {
	f.Fixed64(1, &row.Missions)
	for range wire.Value(f, 4, &row.Frontier) {
		f.Int(1, (*int64)(&row.Frontier.At))
		f.Text(2, &row.Frontier.TransactionID)
	}
	oldFields(f, row, a)
	for r := range wire.Each(f, 6, &row.Received) {
		f.Text(1, &r.Currency)
		read := f.At(2)
		for range wire.Value(f, 2, &r.Net) {
			totalFields(f, 1, 2, &r.Net)
		}
		if read {
			totalRead(&r.Net)
		}
	}
	f.Int(7, (*int64)(&row.LastAt))
	for s := range wire.Each(f, 8, &row.Segments) {
		f.Int(1, (*int64)(&s.At))
		f.Texts(2, &s.Segments)
	}
	for v := range wire.Each(f, 9, (*[]verdict.Verdict)(&row.Verdicts)) {
		verdictcodec.VerdictFields(f, v)
	}
	standings(f, row, a)
	recents(f, row, a)
	f.Int(12, &row.Audited)
}

func oldFields(f *wire.Fields, row *mission.UserRow, a *amendment) {
	if !f.Writes() {
		for s := range wire.Each(f, userOld, &row.Old) {
			seenFields(f, s)
		}
		return
	}
	oldPostings().write(f, row.Old, a.before.Old, &a.from, func(_, s mission.Seen) {
		for range f.Message(userOld) {
			seenFields(f, &s)
		}
	})
}

func seenFields(f *wire.Fields, s *mission.Seen) {
	f.Text(1, &s.TransactionID)
	f.Int(2, &s.Seq)
}

func oldPostings() list[mission.Seen] {
	return list[mission.Seen]{
		field: userOld,
		// The list grows at its end and loses elements elsewhere: what is not met again is gone.
		order: func(_, _ mission.Seen) int { return -1 },
		alike: func(_, _ mission.Seen) bool { return true },
	}
}

// totalFields are the low half as a signed integer, and of the high half what its sign does not tell: nearly always
// nothing.
func totalFields(f *wire.Fields, low, high wire.Number, t *money.Total) {
	half := int64(t.Low)
	f.Int(low, &half)
	if !f.Writes() {
		t.Low = uint64(half)
	}
	f.As(high, &t.High, t.High-half>>63)
}

// totalRead makes a total of what totalFields has read.
func totalRead(t *money.Total) { t.High += int64(t.Low) >> 63 }
