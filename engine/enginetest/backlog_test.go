package enginetest_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/enginetest"
)

// load is what a processor told of its transactions: one after the other passes all failpoints.
type load struct {
	handled *engine.Offsets

	transactions int
	records      int64         // up to the last transaction but one
	most         int64         // records of one transaction
	longest      time.Duration // from its first records to its end
	began        time.Time
	heap         []uint64 // bytes in use at the end of each transaction
}

// pass is Config.Failpoint. Those that it looks at are passed by one goroutine.
func (l *load) pass(place string) {
	switch {
	case place == engine.AfterPoll && l.began.IsZero():
		l.began = time.Now()
	case place == engine.AfterCommitBeforeLocalFlush:
		l.transactions++
		if !l.began.IsZero() {
			l.longest = max(l.longest, time.Since(l.began))
		}
		l.began = time.Time{}
		var now int64
		for _, next := range l.handled.Next() {
			now += next
		}
		l.most, l.records = max(l.most, now-l.records), now
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		l.heap = append(l.heap, m.HeapAlloc)
	}
}

// peak is the largest heap of a part of the run, from and to in percent.
func (l *load) peak(from, to int) (most uint64) {
	for _, n := range l.heap[len(l.heap)*from/100 : len(l.heap)*to/100] {
		most = max(most, n)
	}
	return most >> 20
}

func (l *load) String() string {
	return fmt.Sprintf("%d %d %f %d %d", l.transactions, l.most, l.longest.Seconds(), l.peak(0, 50), l.peak(50, 100))
}

// BenchmarkBacklog lets a process with the default configuration, and its table on disk, handle a backlog. Transactions
// are as large and take as long as at any time, and the heap of the second half is that of the first.
//
//	go test -run '^$' -bench Backlog -benchtime 1x ./engine/enginetest -rows 2000000
func BenchmarkBacklog(b *testing.B) {
	for b.Loop() {
		h := enginetest.New(b, engine.Config{}, []string{"in", "keeper-table"}, bytesKeeper)
		for i := range *rows {
			h.Client.Produce(b.Context(), &kgo.Record{Topic: h.Prefix + "in", Key: fmt.Appendf(nil, "key-%d", i%100_000), Value: make([]byte, 100)}, nil)
		}
		if err := h.Client.Flush(b.Context()); err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		w := startWorker(b, h, b.TempDir(), workerScript+"=backlog")
		w.expect(b, "committed")
		for lag(b, h, "keeper") > 0 {
			<-time.After(100 * time.Millisecond) // the process is in nobody's way
		}
		took := time.Since(began)
		if err := w.stop(); err != nil {
			b.Fatal(err)
		}
		var transactions, most, early, late int
		var longest float64
		if _, err := fmt.Fscan(w.says, &transactions, &most, &longest, &early, &late); err != nil {
			b.Fatal(err)
		}
		if err := w.Wait(); err != nil {
			b.Error(err)
		}
		b.ReportMetric(float64(*rows)/took.Seconds(), "records/s")
		b.ReportMetric(float64(transactions), "transactions")
		b.ReportMetric(float64(most), "most-records")
		b.ReportMetric(longest, "longest-s")
		b.ReportMetric(float64(early), "heap-1st-half-MiB")
		b.ReportMetric(float64(late), "heap-2nd-half-MiB")
	}
}
