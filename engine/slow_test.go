package engine

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lovoo/goka"

	"github.com/millrace/millrace/stream"
)

// lasting returns once d has passed, as a callback that calls somebody does.
func lasting(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
}

// impatient is a configuration whose transactions may take 1.5 s.
func (f *fixture) impatient() Config {
	c := f.config()
	c.SessionTimeout, c.TransactionTimeout = 3*time.Second, 1500*time.Millisecond
	return c
}

// A backlog that takes many times what a transaction may: the first life gets through it, and in order. Callbacks are
// slow, some of them very slow, and slow after many that were quick.
func TestSlowCallbacksGetThroughABacklog(t *testing.T) {
	for name, takes := range map[string]func(n int) time.Duration{
		"slow": func(int) time.Duration { return 8 * time.Millisecond },
		"mixed": func(n int) time.Duration {
			return map[bool]time.Duration{true: 300 * time.Millisecond}[n%61 == 7]
		},
		"suddenly slow": func(n int) time.Duration {
			return map[bool]time.Duration{true: 10 * time.Millisecond}[n > 100]
		},
		"very slow": func(n int) time.Duration {
			return map[bool]time.Duration{true: 600 * time.Millisecond}[n < 4]
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			const records = 300
			for n := range records {
				f.write("in", "k", fmt.Append(nil, n))
			}
			f.flush()
			r := f.run(f.impatient(), goka.DefineGroup(f.group.Goka(),
				stream.Input(f.group, f.in, func(c *stream.Context[int], n int) {
					lasting(takes(n))
					if row, _ := c.Row(); row != n {
						t.Errorf("%d after %d", n, row)
					}
					c.SetRow(n + 1)
				}), stream.Persist(f.group), stream.DeadLetters(f.group)))
			r.handled(f, "in")
			r.stop(t)
			if got := f.table()["k"]; got != records {
				t.Errorf("%d records were counted", got)
			}
		})
	}
}

// Timers that are due together, and rows that are visited, take many times what a transaction may, too.
func TestSlowTimersAndVisitsComeToTheirEnd(t *testing.T) {
	f := newFixture(t)
	f.in.Time, f.in.EventTime = stream.Watermarked, nil
	last := stream.KeysFor(testPartitions)[testPartitions-1]
	const rows = 200
	fired := make(chan string, 2*rows)
	for n := range rows {
		f.number(keyIn(last, n), n)
	}
	f.flush()
	r := f.run(f.impatient(), goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(c *stream.Context[int], n int) { c.SetRow(n); c.SetTimer(at(n), "") }),
		stream.Timers(f.group, func(c *stream.Context[int], _ stream.Timer) {
			lasting(8 * time.Millisecond)
			c.SetRow(-1)
			fired <- c.Key()
		}),
		stream.Visitor(f.group, "leave", func(c *stream.Context[int]) { lasting(8 * time.Millisecond); c.DeleteRow() }),
		stream.Persist(f.group), stream.Output(f.out), stream.DeadLetters(f.group)))
	r.handled(f, "in")
	f.says(0, 1, rows)
	f.flush()
	for range rows {
		receive(t, fired)
	}
	if n, err := r.Visit(t.Context(), "leave", nil); err != nil || n != rows {
		t.Errorf("visited %d rows: %v", n, err)
	}
	r.stop(t)
	if left := f.table(); len(left) > 0 || len(fired) > 0 {
		t.Errorf("%d rows are left, %d timers were called again", len(left), len(fired))
	}
}

// One callback that takes longer than any transaction may ends the processor, and the error names its record.
func TestACallbackThatTakesTooLongIsNamed(t *testing.T) {
	f := newFixture(t)
	release := make(chan struct{})
	r := f.run(f.impatient(), goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(_ *stream.Context[int], n int) {
			if n == 5 {
				<-release
			}
		}), stream.Persist(f.group), stream.DeadLetters(f.group)))
	for n := range 10 {
		f.write("in", "k", fmt.Append(nil, n))
	}
	f.flush()
	<-time.After(1400 * time.Millisecond)
	close(release)
	err := <-r.result
	where := fmt.Sprintf("in/%d offset 5, key \"k\"", stream.Partition([]byte("k"), testPartitions))
	if !errors.Is(err, ErrBatch) || !strings.Contains(err.Error(), where) {
		t.Errorf("got %v, want %s", err, where)
	}
}
