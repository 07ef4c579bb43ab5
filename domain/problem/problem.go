// Package problem holds the problems of a definition that somebody wrote: where each is, and why it is one.
package problem

import (
	"fmt"
	"slices"
	"strings"
)

// The codes of problems.
const (
	WrongType          = "wrong_type"           // a value of the wrong type for its field
	InvalidFilter      = "invalid_filter"       // a filter that makes no sense
	InvalidField       = "invalid_field"        // any other field that is missing or out of range
	UnknownField       = "unknown_field"        // a field that does not exist
	PreconditionFailed = "precondition_failed"  // somebody else came first
	NotFound           = "not_found"            // there is nothing that it could be done to
	Conflict           = "idempotency_conflict" // the idempotency key was used for something else

	PreconditionRequired = "precondition_required" // what was seen has to be named
	ApprovalRequired     = "approval_required"     // a second person has to approve it first
	SamePerson           = "same_person"           // whoever wrote it cannot approve it
	Forbidden            = "forbidden"             // the actor's role does not allow it
	InvalidState         = "invalid_state"         // what is there does not allow it
	Decided              = "already_decided"       // it was decided before, for good
	InsufficientCoins    = "insufficient_coins"    // the user has fewer coins than are to be spent
)

// Problem is one thing that is wrong with a definition.
type Problem struct {
	Pointer string // JSON pointer into the definition
	Code    string
	Detail  string // for people; never repeats the value
	// Line and Column are where it stands in the file that was read, from 1; 0: it was read from no file.
	Line, Column int
}

// List is a list of problems as an error.
type List []Problem

// One returns a list of one problem.
func One(pointer, code, detail string) List {
	return List{{Pointer: pointer, Code: code, Detail: detail}}
}

// Error returns one line a problem.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, p := range l {
		lines[i] = p.Detail + " (" + p.Code + ")"
		if p.Pointer != "" { // else it is about the whole
			lines[i] = p.Pointer + ": " + lines[i]
		}
		if p.Line > 0 {
			lines[i] = fmt.Sprintf("line %d, column %d: %s", p.Line, p.Column, lines[i])
		}
	}
	return strings.Join(lines, "\n")
}

// Has tells whether one of the problems has the code.
func (l List) Has(code string) bool {
	for _, p := range l {
		if p.Code == code {
			return true
		}
	}
	return false
}

// Code returns the code of all problems together: that of one which is not about a field, invalid_filter if only
// filters are wrong, else invalid_field.
func (l List) Code() string {
	code := ""
	for _, p := range l {
		pointer := strings.TrimLeft(p.Pointer, "/0123456789") // the place in a list of missions
		switch {
		case slices.Contains(whole(), p.Code):
			return p.Code
		case !strings.HasPrefix(pointer, "filters"):
			code = InvalidField
		case code == "":
			code = InvalidFilter
		}
	}
	return code
}

// whole returns the codes of problems that are not about a field.
func whole() []string {
	return []string{PreconditionFailed, NotFound, Conflict, PreconditionRequired, ApprovalRequired, SamePerson,
		Forbidden, InvalidState, Decided, InsufficientCoins}
}
