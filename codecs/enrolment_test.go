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
	codecs.Golden(t, "enrolment", codecs.RoundTrip(t, codecs.Enrolment{}, anEnrolment()))
	codecs.Golden(t, "user_segments", codecs.RoundTrip(t, codecs.UserSegments{}, someSegments()))
	codecs.RoundTrip(t, codecs.UserSegments{}, &mission.Segments{UserID: "in none"})
}

func FuzzEnrolments(f *testing.F) {
	f.Add(codecs.Encoded(f, codecs.Enrolment{}, anEnrolment()))
	f.Add(codecs.Encoded(f, codecs.UserSegments{}, someSegments()))
	f.Fuzz(func(t *testing.T, b []byte) {
		codecs.Stable(t, codecs.Enrolment{}, b)
		codecs.Stable(t, codecs.UserSegments{}, b)
	})
}
