package mission

import (
	auditcodec "github.com/millrace/millrace/codecs/audit"
	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/mission"
)

const (
	enrolmentVersion    = 1
	userSegmentsVersion = 2
)

// Enrolment is the codec of `enrolments`.
type Enrolment struct{}

// Encode returns e in binary; it never fails.
func (Enrolment) Encode(e *mission.Enrolment) ([]byte, error) {
	return wire.Encode(wire.Writing(enrolmentVersion, 128), e, enrolmentFields)
}

// Decode reads what Encode wrote.
func (Enrolment) Decode(b []byte) (*mission.Enrolment, error) {
	return wire.Decode(wire.Reading(b, enrolmentVersion), "enrolment", enrolmentFields)
}

func enrolmentFields(f *wire.Fields, e *mission.Enrolment) {
	f.Text(1, &e.ID)
	f.Text(2, (*string)(&e.Op))
	f.Text(3, &e.UserID)
	f.Text(4, &e.Mission)
	f.Text(5, &e.Actor)
	f.Int(6, (*int64)(&e.At))
}

// UserSegments is the codec of `user-segments`.
type UserSegments struct{}

// Encode returns s in binary; it never fails.
func (UserSegments) Encode(s *mission.Segments) ([]byte, error) {
	return wire.Encode(wire.Writing(userSegmentsVersion, 128), s, userSegmentsFields)
}

// Decode reads what Encode wrote.
func (UserSegments) Decode(b []byte) (*mission.Segments, error) {
	return wire.Decode(wire.Reading(b, userSegmentsVersion), "segments of a user", userSegmentsFields)
}

func userSegmentsFields(f *wire.Fields, s *mission.Segments) {
	f.Text(1, &s.ID)
	f.Text(2, &s.UserID)
	f.Texts(3, &s.Segments)
	f.Text(4, &s.Actor)
	f.Int(5, (*int64)(&s.At))
	for range wire.Value(f, 6, &s.Proof) {
		auditcodec.ProofFields(f, &s.Proof)
	}
	f.Int(7, (*int64)(&s.Asked))
}
