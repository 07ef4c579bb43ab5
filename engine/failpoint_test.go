package engine

import (
	"slices"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// diary notes what happens in a transaction, of this process and of the broker.
type diary struct {
	mu    sync.Mutex
	lines []string
	over  chan struct{} // closed when a transaction is committed
}

func (d *diary) note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.lines); n > 0 && d.lines[n-1] == what || slices.Contains(d.lines, AfterCommitBeforeLocalFlush) {
		return // again, or of the next transaction
	}
	d.lines = append(d.lines, what)
	if what == AfterCommitBeforeLocalFlush {
		close(d.over)
	}
}

// watch notes the requests that end a transaction with records in it.
func (d *diary) watch(f *fixture) {
	for _, key := range []kmsg.Key{kmsg.TxnOffsetCommit, kmsg.EndTxn} {
		f.cluster.ControlKey(key.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
			f.cluster.KeepControl()
			if end, ok := r.(*kmsg.EndTxnRequest); !ok || end.Commit {
				d.note(key.Name())
			}
			return nil, nil, false
		})
	}
}

func TestFailpointsLieWhereTheirNamesSay(t *testing.T) {
	f := newFixture(t)
	d := &diary{over: make(chan struct{})}
	c := f.config()
	c.Failpoint = d.note
	d.watch(f)
	f.write("in", "a", []byte("1"))
	f.flush()
	r := f.run(c, f.graph())
	<-d.over
	r.stop(t)
	want := []string{AfterPoll, AfterStateWrite, AfterEmit, BeforeCommit, "TxnOffsetCommit", BetweenOffsetsAndCommit, "EndTxn", AfterCommitBeforeLocalFlush}
	if !slices.Equal(d.lines, want) {
		t.Errorf("got  %v\nwant %v", d.lines, want)
	}
	ours := slices.DeleteFunc(want, func(s string) bool { return s == "TxnOffsetCommit" || s == "EndTxn" })
	if !slices.Equal(ours, Failpoints()) {
		t.Errorf("Failpoints: %v, want %v", Failpoints(), ours)
	}
}

// What failed on its way has taken no offsets in.
func TestUnansweredOffsetsAreNotPassed(t *testing.T) {
	passed := 0
	c := Config{Failpoint: func(string) { passed++ }}
	h := offsetsHook{&Engine{config: c}}
	h.OnBrokerE2E(kgo.BrokerMetadata{}, kmsg.TxnOffsetCommit.Int16(), kgo.BrokerE2E{ReadErr: kerr.NetworkException})
	h.OnBrokerE2E(kgo.BrokerMetadata{}, kmsg.EndTxn.Int16(), kgo.BrokerE2E{})
	if passed != 0 {
		t.Errorf("passed %d times", passed)
	}
	h.OnBrokerE2E(kgo.BrokerMetadata{}, kmsg.TxnOffsetCommit.Int16(), kgo.BrokerE2E{})
	if passed != 1 {
		t.Errorf("passed %d times", passed)
	}
}
