package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/engine/timer"
)

const (
	rigTopic     = "rig-timers"
	rigPartition = 1
)

// failer is a testing.TB or a rapid.T.
type failer interface {
	Fatalf(format string, args ...any)
}

// rig drives the timers of one partition as a session does, in one process at a time of several, each with a store.
type rig struct {
	f         *fixture
	openers   []store.Opener
	client    *kgo.Client // transactional
	engine    *Engine
	timetable *timetable
}

func newRig(t *testing.T) *rig {
	f := newFixture(t)
	if err := f.cluster.CreateTopic(rigTopic, testPartitions, nil); err != nil {
		t.Fatal(err)
	}
	r := &rig{f: f}
	r.dial(t)
	t.Cleanup(func() { r.client.Close() })
	return r
}

func (r *rig) dial(t failer) {
	var err error
	r.client, err = kgo.NewClient(kgo.SeedBrokers(r.f.brokers...), kgo.TransactionalID("rig"), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(0))
	if err != nil {
		t.Fatalf("%v", err)
	}
}

func newDisk(t testing.TB) store.Opener {
	t.Helper()
	disk, err := store.NewDisk(store.DiskConfig{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = disk.Close() })
	return disk
}

// empty recreates the topic, and the client, which knows the old one by its id.
func (r *rig) empty(t failer) {
	r.client.Close()
	defer r.dial(t)
	if err := r.f.cluster.DeleteTopic(rigTopic); err != nil {
		t.Fatalf("%v", err)
	}
	if err := r.f.cluster.CreateTopic(rigTopic, testPartitions, nil); err != nil {
		t.Fatalf("%v", err)
	}
}

func (r *rig) open(process int) error {
	c := r.f.config()
	c.Stores = r.openers[process]
	var err error
	if r.engine, err = New(c); err != nil {
		return err
	}
	r.engine.graph.group = strings.TrimSuffix(rigTopic, "-timers")
	r.timetable, err = r.engine.openTimetable(context.Background(), rigPartition)
	return err
}

// leave ends the process, however far it is, if there is one.
func (r *rig) leave(t failer) {
	if r.engine == nil {
		return
	}
	if r.timetable != nil {
		r.timetable.close()
	}
	r.timetable = nil
	r.engine.endLife()
	err := r.engine.locals.close(&r.engine.follower)
	r.engine = nil
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// send ends the transaction at the brokers; the process may die next.
func (r *rig) send(t failer, how kgo.TransactionEndTry) {
	if err := r.client.BeginTransaction(); err != nil {
		t.Fatalf("%v", err)
	}
	ctx := context.Background()
	changes := r.timetable.changes()
	records := make([]*kgo.Record, len(changes))
	for i := range changes {
		records[i] = &changes[i]
	}
	results := r.client.ProduceSync(ctx, records...)
	for _, sent := range results {
		r.timetable.acknowledged(sent.Record.Offset)
	}
	if err := errors.Join(results.FirstErr(), r.client.EndTransaction(ctx, how)); err != nil {
		t.Fatalf("%v", err)
	}
}

func (r *rig) commit(t failer) {
	r.send(t, kgo.TryCommit)
	if err := r.timetable.commit(); err != nil {
		t.Fatalf("%v", err)
	}
}

func (r *rig) take(t failer, by int64) (timer.Timer, bool) {
	keys, err := r.timetable.ahead(by, 1)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if len(keys) == 0 {
		return timer.Timer{}, false
	}
	if _, ok, err := r.timetable.pop(by, keys[0]+"x"); ok || err != nil {
		t.Fatalf("took the timer of another key, %v", err)
	}
	x, ok, err := r.timetable.pop(by, keys[0])
	if !ok || err != nil {
		t.Fatalf("%q is ahead, took %v, %v", keys, ok, err)
	}
	return x, true
}

// drain takes all.
func (r *rig) drain(t failer) []timer.Timer {
	var all []timer.Timer
	for {
		x, ok := r.take(t, timer.Never-1)
		if !ok {
			return all
		}
		all = append(all, x)
	}
}

// pending is the dumb timetable.
type pending map[timer.Timer]bool

func (p pending) sorted() []timer.Timer {
	var all []timer.Timer
	for x := range p {
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b timer.Timer) int {
		if a.Less(b) {
			return -1
		}
		return 1
	})
	return all
}

func (p pending) copy() pending {
	c := pending{}
	for x := range p {
		c[x] = true
	}
	return c
}

func drawTimer(t *rapid.T) timer.Timer {
	return timer.Timer{
		Due: rapid.Int64Range(-5, 40).Draw(t, "due"), Key: rapid.SampledFrom([]string{"a", "b", "a\x00", ""}).Draw(t, "key"),
		Name: rapid.SampledFrom([]string{"", "close"}).Draw(t, "name"),
	}
}

// Whatever happens between a commit and the local store, and wherever the partition goes, what is pending is what was
// committed.
func TestTimetableIsASetOfTimers(t *testing.T) {
	r := newRig(t)
	stores := map[bool][]store.Opener{
		false: {store.Memory{}, store.Memory{}},
		true:  {newDisk(t), newDisk(t)},
	}
	rapid.Check(t, func(rt *rapid.T) {
		r.openers = stores[rapid.Bool().Draw(rt, "disk")]
		r.empty(rt) // what the disks have is of the topic before
		(&timetableModel{rig: r, now: pending{}, kept: pending{}}).run(rt)
	})
}

type timetableModel struct {
	*rig
	now, kept pending
}

func (m *timetableModel) run(t *rapid.T) {
	defer m.leave(t)
	m.reopen(t, 0)
	for range rapid.IntRange(1, 25).Draw(t, "steps") {
		switch op := rapid.SampledFrom([]string{"set", "set", "set", "take", "commit", "abort", "die", "die-committed", "recreated"}).Draw(t, "op"); op {
		case "set":
			x := drawTimer(t)
			m.timetable.set(x)
			m.now[x] = true
		case "take":
			by := rapid.Int64Range(-6, 41).Draw(t, "by")
			all := m.now.sorted()
			x, ok := m.take(t, by)
			if want := len(all) > 0 && all[0].Due <= by; ok != want || ok && x != all[0] {
				t.Fatalf("took %+v, %v by %d of %+v", x, ok, by, all)
			}
			if ok {
				delete(m.now, x)
			}
		case "commit":
			m.commit(t)
			m.kept = m.now.copy()
		case "abort":
			m.send(t, kgo.TryAbort)
			m.timetable.abort()
			m.now = m.kept.copy()
		case "die":
			m.leave(t)
			m.now = m.kept.copy()
			m.reopen(t, rapid.IntRange(0, 1).Draw(t, "process"))
		case "die-committed":
			m.send(t, kgo.TryCommit)
			m.leave(t)
			m.kept = m.now.copy()
			m.reopen(t, rapid.IntRange(0, 1).Draw(t, "process"))
		case "recreated":
			m.leave(t)
			m.empty(t)
			m.now, m.kept = pending{}, pending{}
			m.reopen(t, rapid.IntRange(0, 1).Draw(t, "process"))
		}
	}
	want := m.now.sorted()
	if got := m.drain(t); !slices.Equal(got, want) {
		t.Fatalf("%+v are pending, want %+v", got, want)
	}
	m.commit(t)
	m.leave(t)
	m.reopen(t, 0)
	if got := m.drain(t); len(got) > 0 {
		t.Fatalf("%+v fire again", got)
	}
}

func (m *timetableModel) reopen(t *rapid.T, process int) {
	if err := m.open(process); err != nil {
		t.Fatalf("%v", err)
	}
}

// A broker that was wiped, or lost the end of the topic, has the last word.
func TestTimetableIsRebuilt(t *testing.T) {
	for name, lose := range map[string]func(*rig) error{
		"recreated": func(r *rig) error { r.empty(t); return nil },
		"shortened": func(r *rig) error { // the store is ahead
			r.empty(t)
			ids, err := kadm.NewClient(r.f.client).Metadata(context.Background(), rigTopic)
			if err != nil {
				return err
			}
			l, err := r.openers[0].Open(rigTopic, rigPartition)
			if err != nil {
				return err
			}
			stamp := l.Stamp()
			stamp.Topic = ids.Topics[rigTopic].ID
			return errors.Join(l.Apply(nil, stamp), l.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.openers = []store.Opener{newDisk(t)}
			if err := r.open(0); err != nil {
				t.Fatal(err)
			}
			r.timetable.set(timer.Timer{Due: 1, Key: "old"})
			r.commit(t)
			r.leave(t)
			if err := lose(r); err != nil {
				t.Fatal(err)
			}
			if err := r.open(0); err != nil {
				t.Fatal(err)
			}
			if got := r.drain(t); len(got) > 0 {
				t.Errorf("%+v came back", got)
			}
			r.leave(t)
		})
	}
}

// A record that is no timer ends the start, before the store has taken it: the next start says the same.
func TestTimetableRefusesForeignRecords(t *testing.T) {
	for name, record := range map[string]kgo.Record{
		"key":       {Key: []byte("short"), Value: timer.Value()},
		"no key":    {Value: timer.Value()},
		"tombstone": {Key: []byte("short")},
		"value":     {Key: timer.AppendKey(nil, timer.Timer{Key: "k"}), Value: []byte("row")},
		"no value":  {Key: timer.AppendKey(nil, timer.Timer{Key: "k"}), Value: []byte{}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.openers = []store.Opener{newDisk(t)}
			record.Topic, record.Partition = rigTopic, rigPartition
			if err := r.client.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
			if err := r.client.ProduceSync(t.Context(), &record).FirstErr(); err != nil {
				t.Fatal(err)
			}
			if err := r.client.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				err := r.open(0)
				if where := fmt.Sprintf("%s/%d, offset 0", rigTopic, rigPartition); !errors.Is(err, timer.ErrMalformed) || !strings.Contains(err.Error(), where) {
					t.Errorf("got %v", err)
				}
				r.leave(t)
			}
		})
	}
}
