package task_test

import (
	"slices"
	"testing"

	"github.com/millrace/millrace/domain/task"
)

func TestWordsDiffer(t *testing.T) {
	distinct(t, task.States())
	distinct(t, task.Endings())
	distinct(t, task.Outcomes())
	distinct(t, task.Ops())
	distinct(t, task.Whys())
	shown := []string{"waiting", "running", "parked", "done", "dead", "cancelled"}
	for _, s := range task.States() {
		if !slices.Contains(shown, s.Shown()) {
			t.Errorf("%s is shown as %q", s, s.Shown())
		}
	}
	if task.State("odd").Final() {
		t.Error("an unknown state is final")
	}
}

func distinct[Word ~string](t *testing.T, words []Word) {
	t.Helper()
	for i, w := range words {
		if w == "" || slices.Contains(words[:i], w) {
			t.Errorf("%T %q twice, or empty", w, w)
		}
	}
}

func TestKeysOfRows(t *testing.T) {
	for row, want := range map[string]struct {
		key   string
		queue bool
	}{"k": {"k", true}, task.PageKey("k", 3): {"k", false}, task.FiledKey("k", "3"): {"k", false}} {
		if key, queue := task.KeyOf(row); key != want.key || queue != want.queue {
			t.Errorf("%q: %q, %t", row, key, queue)
		}
	}
	if task.PageKey("k", 3) == task.FiledKey("k", "3") {
		t.Error("a page and a task share a row")
	}
}
