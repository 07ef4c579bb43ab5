package engine

import (
	"maps"
	"slices"
	"testing"
)

// The group assigns anew without having taken back what it assigned before: only the last word counts.
func TestAnAssignmentReplacesTheOneBefore(t *testing.T) {
	m := &member{moved: make(chan struct{}), changed: make(chan struct{}, 1), assigned: map[string][]int32{}}
	m.onAssigned(t.Context(), nil, map[string][]int32{"in": {0, 1}, "loop": {0, 1}})
	m.onAssigned(t.Context(), nil, map[string][]int32{"in": {1, 2}})
	if want := (map[string][]int32{"in": {1, 2}}); !maps.EqualFunc(m.assigned, want, slices.Equal) {
		t.Errorf("%v, want %v", m.assigned, want)
	}
	if !isClosed(m.moved) || len(m.changed) != 1 {
		t.Error("nobody is told")
	}
}
