package task_test

import (
	"testing"

	"github.com/millrace/millrace/domain/task"
)

func TestTriggersDiffer(t *testing.T) {
	seen := map[task.Trigger]bool{"": true}
	for _, on := range task.Triggers() {
		if seen[on] {
			t.Errorf("%q twice, or empty", on)
		}
		seen[on] = true
	}
}
