package engine

import (
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
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

// A group that waits for one of its members does not hold up the stop of another.
func TestAStopDoesNotWaitForTheGroup(t *testing.T) {
	f := newFixture(t)
	joins, let := make(chan struct{}), make(chan struct{})
	letOnce, joinsOnce := sync.OnceFunc(func() { close(let) }), sync.OnceFunc(func() { close(joins) })
	f.cluster.ControlKey(kmsg.JoinGroup.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
		f.cluster.KeepControl()
		f.cluster.SleepControl(func() {
			joinsOnce()
			<-let
		})
		return nil, nil, false
	})
	defer letOnce()
	r := f.run(f.config(), f.graph())
	<-joins
	tooLate := time.AfterFunc(5*time.Second, letOnce)
	defer tooLate.Stop()
	r.stop(t) // tells if it took long
}
