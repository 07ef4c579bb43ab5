package doc

import (
	"fmt"
	"strings"

	"github.com/millrace/millrace/domain/problem"
)

// mark is a place in a file, from 1.
type mark struct{ Line, column int }

// PlaceError is what is wrong at a place.
type PlaceError struct {
	mark
	Text string
}

func (e *PlaceError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.column, e.Text)
}

// errorf returns an error at the place.
func (m mark) errorf(format string, args ...any) error {
	return &PlaceError{m, fmt.Sprintf(format, args...)}
}

// marks are the places of the values of a file, and of their keys, by pointer.
type marks struct {
	values, keys map[string]mark
	plain        map[string]bool // texts without quotes
}

func newMarks() *marks { return &marks{map[string]mark{}, map[string]mark{}, map[string]bool{}} }

// locate gives problems their places: that of the value, of its key where the key is what is wrong, or of what is
// around a value that is missing. It changes the list itself.
func (m *marks) locate(list problem.List) {
	for i := range list {
		p := &list[i]
		at, known := m.values[p.Pointer]
		if key, ok := m.keys[p.Pointer]; ok && (p.Code == problem.UnknownField || !known) {
			at, known = key, true
		}
		for pointer := p.Pointer; !known && pointer != ""; {
			pointer = pointer[:max(0, strings.LastIndexByte(pointer, '/'))]
			at, known = m.values[pointer]
		}
		p.Line, p.Column = at.Line, at.column
	}
}

// markOf returns the place of a byte.
func markOf(text string, offset int) mark {
	before := text[:min(max(offset, 0), len(text))]
	line := strings.LastIndexByte(before, '\n') + 1
	return mark{strings.Count(before, "\n") + 1, len([]rune(before[line:])) + 1}
}

// Covered tells whether a problem with the shape of pointer, or of something around or inside it, is there already.
func Covered(problems problem.List, pointer string) bool {
	for _, p := range problems {
		if within(p.Pointer, pointer) || within(pointer, p.Pointer) {
			return true
		}
	}
	return false
}

func within(outer, inner string) bool {
	return len(inner) >= len(outer) && inner[:len(outer)] == outer &&
		(len(inner) == len(outer) || inner[len(outer)] == '/')
}
