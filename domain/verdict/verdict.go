// Package verdict holds the verdicts on commands of users and of support. The row that a command is about keeps the
// last ones, so that the sender can wait for the verdict, and a command that comes again is recognised.
package verdict

import (
	"slices"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/problem"
)

// Result is what became of a command.
type Result string

// The results.
const (
	Applied   Result = "applied"
	Unchanged Result = "unchanged" // it was so already
	Refused   Result = "refused"
)

// Results returns every result.
func Results() []Result { return []Result{Applied, Unchanged, Refused} }

// Max is how many verdicts a row keeps.
const Max = 16

// Verdict is the answer to one command.
type Verdict struct {
	CommandID string
	Result    Result
	Problems  problem.List // of Refused
	At        instant.Milli
}

// List holds the last verdicts of a row, latest last. It is immutable.
type List []Verdict

// Find returns the verdict on a command, if it is among the last.
func (l List) Find(commandID string) (Verdict, bool) {
	for _, v := range l {
		if v.CommandID == commandID {
			return v, true
		}
	}
	return Verdict{}, false
}

// With returns the list with v behind the others, and without those that it has no room for.
func (l List) With(v Verdict) List {
	next := append(slices.Clone(l), v)
	return next[max(0, len(next)-Max):]
}
