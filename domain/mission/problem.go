package mission

import "strings"

// The codes of problems.
const (
	CodeWrongType     = "wrong_type"     // a value of the wrong type for its field
	CodeInvalidFilter = "invalid_filter" // a filter that makes no sense
	CodeInvalidField  = "invalid_field"  // any other field that is missing, unknown, out of range or not supported yet
)

// Problem is one thing that is wrong with a definition.
type Problem struct {
	Pointer string // JSON pointer into the definition
	Code    string
	Detail  string // for people; never repeats the value
}

// Problems is a list of problems as an error.
type Problems []Problem

// Error returns one line a problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, x := range p {
		lines[i] = x.Pointer + ": " + x.Detail + " (" + x.Code + ")"
	}
	return strings.Join(lines, "\n")
}

// Code returns the code of all problems together: invalid_filter if only filters are wrong, else invalid_field.
func (p Problems) Code() string {
	for _, x := range p {
		pointer := strings.TrimLeft(x.Pointer, "/0123456789") // the place in a list of missions
		if !strings.HasPrefix(pointer, "filters") {
			return CodeInvalidField
		}
	}
	if len(p) == 0 {
		return ""
	}
	return CodeInvalidFilter
}
