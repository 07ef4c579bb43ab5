package codecs

import (
	"fmt"

	"github.com/millrace/millrace/codecs/wire"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/mission"
)

const (
	enrolmentVersion    = 1
	userSegmentsVersion = 2
)

// Fields of an enrolment, and of a user's segments.
const (
	enrolmentID = iota + 1
	enrolmentOp
	enrolmentUser
	enrolmentMission
	enrolmentActor
	enrolmentAt

	segmentsID    = 1
	segmentsUser  = 2
	segmentsOne   = 3
	segmentsActor = 4
	segmentsAt    = 5
	segmentsProof = 6
	segmentsAsked = 7
)

// Enrolment is the codec of `enrolments`.
type Enrolment struct{}

// Encode returns e in binary; it never fails.
func (Enrolment) Encode(e *mission.Enrolment) ([]byte, error) {
	w := wire.NewWriter(enrolmentVersion, 128)
	w.String(enrolmentID, e.ID)
	w.String(enrolmentOp, string(e.Op))
	w.String(enrolmentUser, e.UserID)
	w.String(enrolmentMission, e.Mission)
	w.String(enrolmentActor, e.Actor)
	w.Int(enrolmentAt, int64(e.At))
	return w.B, nil
}

// Decode reads what Encode wrote.
func (Enrolment) Decode(b []byte) (*mission.Enrolment, error) {
	e := &mission.Enrolment{}
	r := wire.NewReader(string(b), enrolmentVersion)
	for r.Next() {
		switch r.Number() {
		case enrolmentID:
			e.ID = r.String()
		case enrolmentOp:
			e.Op = mission.EnrolmentOp(r.String())
		case enrolmentUser:
			e.UserID = r.String()
		case enrolmentMission:
			e.Mission = r.String()
		case enrolmentActor:
			e.Actor = r.String()
		case enrolmentAt:
			e.At = instant.Milli(r.Int())
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("enrolment: %w", err)
	}
	return e, nil
}

// UserSegments is the codec of `user-segments`.
type UserSegments struct{}

// Encode returns s in binary; it never fails.
func (UserSegments) Encode(s *mission.Segments) ([]byte, error) {
	w := wire.NewWriter(userSegmentsVersion, 128)
	w.String(segmentsID, s.ID)
	w.String(segmentsUser, s.UserID)
	for _, segment := range s.Segments {
		w.Element(segmentsOne, segment)
	}
	w.String(segmentsActor, s.Actor)
	w.Int(segmentsAt, int64(s.At))
	writeProof(w, segmentsProof, s.Proof)
	w.Int(segmentsAsked, int64(s.Asked))
	return w.B, nil
}

// Decode reads what Encode wrote.
func (UserSegments) Decode(b []byte) (*mission.Segments, error) {
	s := &mission.Segments{}
	r := wire.NewReader(string(b), userSegmentsVersion)
	for r.Next() {
		switch r.Number() {
		case segmentsID:
			s.ID = r.String()
		case segmentsUser:
			s.UserID = r.String()
		case segmentsOne:
			s.Segments = append(s.Segments, r.String())
		case segmentsActor:
			s.Actor = r.String()
		case segmentsAt:
			s.At = instant.Milli(r.Int())
		case segmentsProof:
			s.Proof = readProof(&r)
		case segmentsAsked:
			s.Asked = instant.Milli(r.Int())
		}
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("segments of a user: %w", err)
	}
	return s, nil
}
