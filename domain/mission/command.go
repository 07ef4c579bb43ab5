package mission

import (
	"github.com/millrace/millrace/domain/audit"
	"github.com/millrace/millrace/domain/instant"
)

// EnrolmentOp is what an Enrolment asks for.
type EnrolmentOp string

// The ops.
const (
	Enrol    EnrolmentOp = "enrol"
	Withdraw EnrolmentOp = "withdraw"
)

// Enrolment asks for a user to take part in a mission that is opted in to, or no longer: the record of `enrolments`,
// keyed by UserID. Payments count that were made while the user was enrolled, by the commands' At, in whatever order
// all of it arrives.
type Enrolment struct {
	ID      string // unique; the same id again gets the same verdict
	Op      EnrolmentOp
	UserID  string
	Mission string
	Actor   string        // who asks: the user, or somebody for them
	At      instant.Milli // event time: when it was asked
}

// Segments tells which segments a user is in from At on: the record of `user-segments`, keyed by UserID. It is the
// whole set and takes the place of the sets before it; the first one also holds for the time before it.
type Segments struct {
	ID       string // as Enrolment.ID
	UserID   string
	Segments []string
	Actor    string        // who asks
	Proof    audit.Proof   // that it is the actor who asks
	At       instant.Milli // event time from which they hold
	Asked    instant.Milli // wall time of the request; 0: At
}

// maxSegments is how many segments a user can be in.
const maxSegments = 64
