package codecs_test

import (
	"testing"

	"github.com/millrace/millrace/codecs"
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
	checkGolden(t, "enrolment", checkRoundTrip(t, codecs.Enrolment{}, anEnrolment()))
	checkGolden(t, "user_segments", checkRoundTrip(t, codecs.UserSegments{}, someSegments()))
	checkRoundTrip(t, codecs.UserSegments{}, &mission.Segments{UserID: "in none"})
}

func FuzzEnrolments(f *testing.F) {
	f.Add(encoded(f, codecs.Enrolment{}, anEnrolment()))
	f.Add(encoded(f, codecs.UserSegments{}, someSegments()))
	f.Fuzz(func(t *testing.T, b []byte) {
		checkStable(t, codecs.Enrolment{}, b)
		checkStable(t, codecs.UserSegments{}, b)
	})
}
