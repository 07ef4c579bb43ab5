package doc

import (
	"bytes"
	"fmt"

	"github.com/millrace/millrace/domain/problem"
)

// ReasonBody says why somebody decides something.
type ReasonBody struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Why, for the audit"`
}

// DecisionBody says why somebody approves or rejects; to approve it may be left out.
type DecisionBody struct {
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"For the author and the audit. Required to reject, here or as Millrace-Reason"`
}

// ReasonRequest reads why somebody of support does something.
func ReasonRequest(b []byte) (reason string, err error) {
	err = Request(b, FormOf[ReasonBody](), func(f Object) { f.Text("reason", &reason) })
	return reason, err
}

// NoRequest reads the body of a request that has none: an object without fields. Errors are those of other requests.
func NoRequest(b []byte) error {
	return Request(b, FormOf[struct{}](), func(Object) {})
}

// Request reads one object of JSON, which has a form.
func Request(b []byte, form Form, read func(Object)) error {
	tree, err := ParseJSON(b)
	if err != nil {
		return fmt.Errorf("request: %w", err)
	}
	r := &Reader{}
	if tree == nil {
		r.Add("", problem.WrongType, "needs an object")
	}
	read(r.Formed("", tree, form))
	if len(r.Problems) > 0 {
		return r.Problems
	}
	return nil
}

// OptionalRequest reads a request of which all may be left out, the body too.
func OptionalRequest(b []byte, form Form, read func(Object)) error {
	if len(bytes.TrimSpace(b)) == 0 {
		return nil
	}
	return Request(b, form, read)
}

// ParseReason reads why something is decided from JSON: {reason}. Nothing at all is no reason.
func ParseReason(b []byte) (reason string, err error) {
	err = OptionalRequest(b, FormOf[ReasonBody](), func(f Object) { f.Text("reason", &reason) })
	return reason, err
}
