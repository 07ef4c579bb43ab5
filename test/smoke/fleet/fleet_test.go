//go:build unix

package fleet

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/test/smoke/fault"
)

// script is a worker that notes its starts, kills itself at its failpoint, and stops when asked to.
const script = `trap 'echo stop >> starts; exit 0' TERM
echo "start $MILLRACE_FAILPOINT" >> starts
if [ -n "$MILLRACE_FAILPOINT" ]; then kill -9 $$; fi
while :; do sleep 0.05; done`

func newFleet(t *testing.T, text string, n int) *Fleet {
	t.Helper()
	ready := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(ready.Close)
	worker := func(i int, text string) *Worker {
		dir := filepath.Join(t.TempDir(), "worker")
		c := Command{Path: "/bin/sh", Args: []string{"-c", text}, Dir: dir, Ready: ready.URL}
		return NewWorker("worker-"+string(rune('0'+i)), i, c, 10*time.Second, t.Logf)
	}
	f := &Fleet{Broker: &Broker{}, Report: t.Logf, FencedWithin: 100 * time.Millisecond}
	f.Twin = func(of *Worker) (*Worker, error) { return worker(of.Slot, script), nil }
	for i := range n {
		f.Workers = append(f.Workers, worker(i, text))
	}
	f.Handlers = []*Worker{worker(n, script), worker(n+1, script)}
	t.Cleanup(f.Stop)
	if err := f.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

func notes(w *Worker) string {
	raw, err := os.ReadFile(filepath.Join(w.command.Dir, "starts"))
	if err != nil {
		return ""
	}
	return string(raw)
}

// noted waits until a worker's notes hold text n times.
func noted(t *testing.T, w *Worker, text string, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for strings.Count(notes(w), text) < n {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("%q is noted %d times, want %d:\n%s", text, strings.Count(notes(w), text), n, notes(w))
		}
	}
}

func apply(t *testing.T, f *Fleet, what fault.Fault) {
	t.Helper()
	if err := f.Apply(t.Context(), what); err != nil {
		t.Fatal(err)
	}
}

func TestAKilledWorkerComesBack(t *testing.T) {
	f := newFleet(t, script, 2)
	noted(t, f.Workers[1], "start", 1)
	apply(t, f, fault.Fault{Kind: fault.Kill, Worker: 1})
	noted(t, f.Workers[1], "start", 2)
	if f.Applied(fault.Kill) != 1 || strings.Contains(notes(f.Workers[1]), "stop") || len(f.Unasked()) > 0 {
		t.Errorf("%s; notes\n%s", f.Summary(), notes(f.Workers[1]))
	}
}

func TestAKilledHandlerComesBack(t *testing.T) {
	f := newFleet(t, script, 1)
	noted(t, f.Handlers[1], "start", 1)
	apply(t, f, fault.Fault{Kind: fault.Handler, Worker: 1})
	noted(t, f.Handlers[1], "start", 2)
	if f.Applied(fault.Handler) != 1 || f.Applied(fault.Kill) != 0 || len(f.Takeovers()) > 0 || len(f.Unasked()) > 0 ||
		strings.Contains(notes(f.Handlers[1])+notes(f.Workers[0]), "stop") {
		t.Errorf("%s; notes\n%s", f.Summary(), notes(f.Handlers[1]))
	}
}

func TestRollAndScaleAreGraceful(t *testing.T) {
	f := newFleet(t, script, 3)
	for _, w := range f.all() {
		noted(t, w, "start", 1)
	}
	apply(t, f, fault.Fault{Kind: fault.Roll})
	for _, w := range f.all() {
		noted(t, w, "start", 2)
	}
	apply(t, f, fault.Fault{Kind: fault.Scale, Worker: 1})
	for i, want := range []int{2, 1, 2} {
		if got := strings.Count(notes(f.Workers[i]), "stop"); got != want {
			t.Errorf("worker %d stopped %d times, want %d", i, got, want)
		}
	}
	if c := f.Wrong(); len(c) > 0 || len(f.Unasked()) > 0 || f.Applied(fault.Roll) != 1 || f.Applied(fault.Scale) != 1 {
		t.Error(c, f.Unasked(), f.Summary())
	}
}

func TestAFrozenWorkerGoesOn(t *testing.T) {
	f := newFleet(t, script, 1)
	noted(t, f.Workers[0], "start", 1)
	apply(t, f, fault.Fault{Kind: fault.Freeze, Hold: 50 * time.Millisecond})
	if err := f.Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f.Applied(fault.Freeze) != 1 || len(f.Wakes()) != 1 || !f.Workers[0].alive() || strings.Count(notes(f.Workers[0]), "start") != 1 {
		t.Errorf("%s, %d wakes; notes\n%s", f.Summary(), len(f.Wakes()), notes(f.Workers[0]))
	}
}

// fencedScript is a worker that was fenced while it was frozen.
const fencedScript = `trap 'echo "Error: engine: another process has this slot" >&2; exit 2' CONT
trap 'echo stop >> starts; exit 0' TERM
echo "start" >> starts
while :; do sleep 0.05; done`

func TestAFencedZombieEnds(t *testing.T) {
	for _, replace := range []bool{false, true} {
		f := newFleet(t, fencedScript, 1)
		f.FencedWithin = 10 * time.Second
		noted(t, f.Workers[0], "start", 1)
		apply(t, f, fault.Fault{Kind: fault.Freeze, Hold: 50 * time.Millisecond, Replace: replace})
		if replace {
			noted(t, f.twins[0], "start", 1)
		}
		if err := f.Heal(t.Context()); err != nil {
			t.Fatal(err)
		}
		noted(t, f.Workers[0], "start", 2) // by its supervisor
		if wrong := f.Wrong(); f.Fenced() != 1 || len(wrong) > 0 || len(f.twins) > 0 && f.twins[0].alive() {
			t.Errorf("replaced %t: %d fenced, wrong: %v", replace, f.Fenced(), wrong)
		}
	}
}

func TestAReplacedZombieThatGoesOnIsWrong(t *testing.T) {
	f := newFleet(t, script, 1)
	noted(t, f.Workers[0], "start", 1)
	apply(t, f, fault.Fault{Kind: fault.Freeze, Hold: 50 * time.Millisecond, Replace: true})
	noted(t, f.twins[0], "start", 1)
	if err := f.Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	noted(t, f.Workers[0], "start", 2)
	if wrong := f.Wrong(); f.Fenced() != 0 || len(wrong) != 1 {
		t.Errorf("%d fenced, wrong: %v", f.Fenced(), wrong)
	}
}

func TestWhatAStopLeavesBehindIsWrong(t *testing.T) {
	f := newFleet(t, script, 1)
	noted(t, f.Workers[0], "start", 1)
	f.Stopped = func(context.Context, *Worker) error { return errors.New("a transaction") }
	apply(t, f, fault.Fault{Kind: fault.Roll})
	if wrong := f.Wrong(); len(wrong) != 1 || !strings.Contains(wrong[0], "a transaction") {
		t.Error(wrong)
	}
}

func TestAKillThatIsFollowedByAStartAtOnceIsATakeover(t *testing.T) {
	f := newFleet(t, script, 2)
	for _, w := range f.Workers {
		noted(t, w, "start", 1)
	}
	apply(t, f, fault.Fault{Kind: fault.Kill, Worker: 1})
	apply(t, f, fault.Fault{Kind: fault.Kill, Worker: 0, Hold: time.Millisecond})
	noted(t, f.Workers[1], "start", 2)
	if all := f.Takeovers(); len(all) != 1 || all[0].Slot != 1 || all[0].Started.Before(all[0].Killed) || !all[0].Until.IsZero() {
		t.Errorf("%+v", all)
	}
	f.Workers[1].Stop()
	if all := f.Takeovers(); !all[0].Until.After(all[0].Started) {
		t.Errorf("%+v", all)
	}
}

func TestAFailpointIsAKill(t *testing.T) {
	f := newFleet(t, script, 1)
	noted(t, f.Workers[0], "start", 1)
	apply(t, f, fault.Fault{Kind: fault.Failpoint, Point: "after-emit", Count: 4})
	noted(t, f.Workers[0], "start", 3)
	if f.Applied(fault.Failpoint) != 1 || f.Struck("after-emit") != 1 || f.Struck("after-poll") != 0 || f.Applied(fault.Kill) != 1 || !strings.Contains(notes(f.Workers[0]), "start after-emit:4\nstart \n") {
		t.Errorf("%s; notes\n%s", f.Summary(), notes(f.Workers[0]))
	}
}

func TestAWorkerThatEndsByItselfIsStartedAgainAndNoted(t *testing.T) {
	f := newFleet(t, "echo start >> starts; if [ $(wc -l < starts) -lt 2 ]; then exit 3; fi; exec sleep 60", 1)
	noted(t, f.Workers[0], "start", 2)
	if u := f.Unasked(); len(u) != 1 || !strings.Contains(u[0], "exit status 3") {
		t.Error(u)
	}
}

func TestAWorkerThatDoesNotStopIsClumsy(t *testing.T) {
	f := newFleet(t, "trap '' TERM; echo start >> starts; while :; do sleep 0.05; done", 1)
	f.Workers[0].patience = 100 * time.Millisecond
	noted(t, f.Workers[0], "start", 1)
	f.Stop()
	if c := f.Wrong(); len(c) != 1 || f.Workers[0].alive() {
		t.Error(c)
	}
}
