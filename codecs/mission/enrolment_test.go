package mission_test

import (
	"testing"

	"github.com/millrace/millrace/codecs/codectest"
	missioncodec "github.com/millrace/millrace/codecs/mission"
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/mission"
)

func anEnrolment() *mission.Enrolment {
	return &mission.Enrolment{ID: "c1", Op: mission.Enrol, UserID: "u1", Mission: "m1", Actor: "u1", At: 1_772_359_200_000}
}

func someSegments() *mission.Segments {
	return &mission.Segments{ID: "c1", UserID: "u1", Segments: []string{"new", "vip"}, Actor: "ann", Proof: audit.Proof{By: audit.ByToken, Issuer: "iss", Role: "admin"}, At: 1_772_359_200_000, Asked: 1_772_359_200_007}
}

func TestEnrolmentsGolden(t *testing.T) {
	codectest.Golden(t, "enrolment", codectest.RoundTrip(t, missioncodec.Enrolment{}, anEnrolment()))
	codectest.Golden(t, "user_segments", codectest.RoundTrip(t, missioncodec.UserSegments{}, someSegments()))
	codectest.RoundTrip(t, missioncodec.UserSegments{}, &mission.Segments{UserID: "in none"})
}

func FuzzEnrolments(f *testing.F) {
	f.Add(codectest.Encoded(f, missioncodec.Enrolment{}, anEnrolment()))
	f.Add(codectest.Encoded(f, missioncodec.UserSegments{}, someSegments()))
	f.Fuzz(func(t *testing.T, b []byte) {
		codectest.Stable(t, missioncodec.Enrolment{}, b)
		codectest.Stable(t, missioncodec.UserSegments{}, b)
	})
}
