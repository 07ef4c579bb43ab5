package pipeline

import (
	"errors"
	"testing"

	"github.com/millrace/millrace/engine"
)

func TestFailpointStrikesOnceAtTheCount(t *testing.T) {
	died := 0
	pass := countdown(engine.AfterEmit, 3, func() { died++ })
	for _, step := range []struct {
		place string
		want  int
	}{{engine.AfterEmit, 0}, {engine.AfterPoll, 0}, {engine.AfterEmit, 0}, {engine.AfterEmit, 1}, {engine.AfterEmit, 1}} {
		if pass(step.place); died != step.want {
			t.Fatalf("after %s: died %d times, want %d", step.place, died, step.want)
		}
	}
}

func TestFailpointsThatDoNotExistAreRefused(t *testing.T) {
	if f, err := Failpoint(""); f != nil || err != nil {
		t.Errorf("no failpoint: %v", err)
	}
	for _, name := range engine.Failpoints() {
		if f, err := Failpoint(name + ":1"); f == nil || err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, spec := range []string{"after-poll", "after-poll:0", "after-poll:x", "after-lunch:1"} {
		if _, err := Failpoint(spec); !errors.Is(err, errFailpoint) {
			t.Errorf("%s: %v", spec, err)
		}
	}
}
