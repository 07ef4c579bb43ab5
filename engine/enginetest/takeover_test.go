package enginetest_test

import (
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/millrace/millrace/engine/enginetest"
)

// BenchmarkTakeover kills the process of a slot in the middle of its work and starts the next, once an iteration. What
// counts is the time from the kill to the first commit of the next; each iteration is a process, so give
// -benchtime=20x.
//
//	go test -run '^$' -bench Takeover -benchtime 20x ./engine/enginetest
func BenchmarkTakeover(b *testing.B) {
	h := enginetest.New(b, bulk(), topics, counter)
	h.Produce("in", bulkInput(20_000)...)
	dir := b.TempDir()
	w := startWorker(b, h, dir)
	random := rand.New(rand.NewPCG(20260301, 0))
	var took []time.Duration
	for b.Loop() {
		if behind(b, h) < 10_000 {
			h.Produce("in", bulkInput(20_000)...)
		}
		w.expect(b, "committed")
		<-time.After(time.Duration(random.IntN(50)) * time.Millisecond) // anywhere in a transaction
		began := time.Now()
		w.kill(b)
		next := startWorker(b, h, dir)
		ready := time.Since(began)
		next.expect(b, "committed")
		took = append(took, time.Since(began))
		b.Logf("ready after %s, committed after %s", ready.Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
		next.kill(b) // it said its word
		w = startWorker(b, h, dir)
	}
	w.kill(b)
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds(), "median-s")
	b.ReportMetric(took[len(took)-1].Seconds(), "slowest-s")
	b.ReportMetric(0, "ns/op")
}

// A stop in the middle of work ends within 2 s and leaves no transaction open.
func TestStopUnderLoad(t *testing.T) {
	h := enginetest.New(t, bulk(), topics, counter)
	h.Produce("in", bulkInput(80_000)...)
	w := startWorker(t, h, t.TempDir())
	w.expect(t, "committed")
	began := time.Now()
	if err := w.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := w.Wait(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the stop took %s", took)
	}
	if behind(t, h) == 0 {
		t.Error("all work was done before the stop")
	}
	described, err := kadm.NewClient(h.Client).DescribeTransactions(t.Context(), h.Prefix+"counter-0")
	if err != nil {
		t.Fatal(err)
	}
	if state := described[h.Prefix+"counter-0"].State; !slices.Contains([]string{"Empty", "CompleteCommit", "CompleteAbort"}, state) {
		t.Errorf("the transaction is %s", state)
	}
}
