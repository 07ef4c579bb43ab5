package engine

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/engine/embedded"
	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/stream"
)

// logged is a log that tests wait for.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
	bell bell
}

func (l *logged) Write(p []byte) (int, error) {
	defer l.bell.ring()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// has waits until each text was logged so many times.
func (l *logged) has(t *testing.T, text string, times int) {
	t.Helper()
	if err := l.bell.await(deadline(t), func() (bool, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return strings.Count(l.text.String(), text) >= times, nil
	}); err != nil {
		t.Fatalf("%q is not logged %d times: %v\n%s", text, times, err, l.text.String())
	}
}

// broker is one that tests stop and start again, on one port.
func broker(t *testing.T, dir string, port int) *embedded.Broker {
	t.Helper()
	b, err := embedded.Start(embedded.Config{Dir: dir, Port: port})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func portOf(t *testing.T, b *embedded.Broker) int {
	t.Helper()
	addr, err := net.ResolveTCPAddr("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return addr.Port
}

// brokerFixture is a fixture with the table alone, on a broker of its own.
func brokerFixture(t *testing.T, b *embedded.Broker, create bool) *fixture {
	t.Helper()
	f := &fixture{t: t, brokers: []string{b.Addr()}}
	var err error
	if f.client, err = kgo.NewClient(kgo.SeedBrokers(b.Addr())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.client.Close)
	if create {
		if _, err := kadm.NewClient(f.client).CreateTopic(t.Context(), testPartitions, 1, nil, viewTable); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func (f *fixture) commit(id string, rows ...string) {
	f.t.Helper()
	w := f.writer(id)
	w.begin()
	for _, row := range rows {
		key, value, _ := strings.Cut(row, "=")
		w.put(key, value)
	}
	w.end(kgo.TryCommit)
}

func TestViewReadsOnWhileBrokersAreAway(t *testing.T) {
	dir := t.TempDir()
	b := broker(t, dir, 0)
	port := portOf(t, b)
	f := brokerFixture(t, b, true)
	f.commit("one", "a=1", "b=1")
	var log logged
	c := f.viewConfig()
	c.Logger = log.logger()
	v := f.view(c)
	f.recovered(v)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	log.has(t, "cannot be followed", 1)
	if got, err := v.Get("a"); err != nil || string(got) != "1" || !v.Recovered() {
		t.Errorf("away: %q, %v, recovered %v", got, err, v.Recovered())
	}
	if v.Behind() <= 0 {
		t.Error("it is not behind")
	}
	b = broker(t, dir, port)
	f = brokerFixture(t, b, false)
	f.commit("two", "a=2")
	f.caughtUp(v)
	log.has(t, "followed again", 1)
	if d := cmp.Diff(map[string]string{"a": "2", "b": "1"}, f.rows(v)); d != "" {
		t.Error(d)
	}
	if strings.Contains(log.text.String(), "rebuilt") {
		t.Errorf("log %s", log.text.String())
	}
}

func TestViewOfAWipedBrokerIsRebuilt(t *testing.T) {
	b := broker(t, "", 0)
	port := portOf(t, b)
	f := brokerFixture(t, b, true)
	f.commit("one", "a=1", "b=1")
	var log logged
	c := f.viewConfig()
	c.Logger = log.logger()
	v := f.view(c)
	f.recovered(v)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	f = brokerFixture(t, broker(t, "", port), true) // nothing was kept
	f.commit("two", "b=2", "c=2")
	log.has(t, "rebuilt", 1)
	f.caughtUp(v)
	f.recovered(v)
	if d := cmp.Diff(map[string]string{"b": "2", "c": "2"}, f.rows(v)); d != "" {
		t.Error(d)
	}
}

func TestViewFollowsLeadersThatMove(t *testing.T) {
	f := &fixture{t: t}
	var err error
	if f.cluster, err = kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(testPartitions, viewTable)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.cluster.Close)
	f.brokers = f.cluster.ListenAddrs()
	if f.client, err = kgo.NewClient(kgo.SeedBrokers(f.brokers...)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.client.Close)
	w := f.writer("w")
	v := f.view(f.viewConfig())
	f.recovered(v)
	want := map[string]string{}
	for round := range 4 {
		for p := range int32(testPartitions) {
			if err := f.cluster.MoveTopicPartition(viewTable, p, (int32(round)+p)%3); err != nil {
				t.Fatal(err)
			}
		}
		w.begin()
		for i := range 10 {
			key := fmt.Sprintf("k%d", i)
			w.put(key, fmt.Sprint(round))
			want[key] = fmt.Sprint(round)
		}
		w.end(kgo.TryCommit)
		f.caughtUp(v)
		if d := cmp.Diff(want, f.rows(v)); d != "" {
			t.Fatalf("round %d: %s", round, d)
		}
	}
}

// A partition that lacks records for too long recovers anew; one that only waited for brokers with nothing to read does
// not.
func TestViewFarBehind(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	v, err := NewView(ViewConfig{Client: ClientConfig{Brokers: []string{"127.0.0.1:1"}}, Table: "t", Partitions: 1, Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	p := v.parts[0]
	if p.isRecovered() || v.Behind() != 0 {
		t.Error("recovered before it begins")
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(p.open())
	x := extent{id: [16]byte{1}, end: 10, tombstones: 24 * time.Hour}
	step := func(after time.Duration, end, next int64, want bool) {
		t.Helper()
		now = now.Add(after)
		x.end = end
		check(p.begin(x))
		if next >= 0 {
			check(p.apply(nil, next, x.id))
			check(p.seen(now, end, end))
		}
		if p.isRecovered() != want {
			t.Errorf("after %s at %d of %d: recovered %v", after, p.known.Load().Next, end, p.isRecovered())
		}
	}
	step(0, 10, 9, false)
	step(0, 10, 10, true)
	step(29*time.Minute, 20, -1, true) // behind, not far
	if v.Behind() != 29*time.Minute {
		t.Errorf("behind by %s", v.Behind())
	}
	step(0, 20, 20, true)
	step(24*time.Hour, 20, 20, true) // nothing was missed
	step(31*time.Minute, 25, 24, false)
	step(0, 30, 24, false)
	step(0, 30, 30, true)
	now = now.Add(31 * time.Minute) // connected, but too slow
	check(p.apply(nil, 35, x.id))
	if check(p.seen(now, 40, 45)); p.isRecovered() || v.left() != 10 {
		t.Errorf("too slow: recovered %v, %d left", p.isRecovered(), v.left())
	}
	check(p.apply(nil, 45, x.id))
	if check(p.seen(now, 45, 45)); !p.isRecovered() {
		t.Error("at its aim it is not recovered")
	}
}

// A store that misses nothing for long is not taken for old by the next start.
func TestViewFreshensItsStamp(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	v, err := NewView(ViewConfig{Client: ClientConfig{Brokers: []string{"127.0.0.1:1"}}, Table: "t", Partitions: 1, Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	p := v.parts[0]
	if err := p.open(); err != nil {
		t.Fatal(err)
	}
	if err := p.apply([]*kgo.Record{{Key: []byte("k"), Value: []byte("v")}}, 1, [16]byte{1}); err != nil {
		t.Fatal(err)
	}
	for _, after := range []time.Duration{time.Minute, 10 * 24 * time.Hour} {
		now = now.Add(after)
		if err := p.seen(now, 1, 1); err != nil {
			t.Fatal(err)
		}
	}
	if at := p.st.Stamp().At; !at.Equal(now) {
		t.Errorf("stamped %s, it is %s", at, now)
	}
}

// A rebuild that is cut short is one that the next start begins anew.
func TestViewClearsInSteps(t *testing.T) {
	v, err := NewView(ViewConfig{Client: ClientConfig{Brokers: []string{"127.0.0.1:1"}}, Table: "t", Partitions: 1})
	if err != nil {
		t.Fatal(err)
	}
	p := v.parts[0]
	st, err := store.Memory{}.Open("t", 0)
	if err != nil {
		t.Fatal(err)
	}
	cut := &cutStore{Store: st}
	p.st = cut
	var rows []*kgo.Record
	for i := range clearRows + 1 {
		rows = append(rows, &kgo.Record{Key: []byte(fmt.Sprint(i)), Value: []byte("v")})
	}
	id := kadm.TopicID{1}
	if err := p.apply(rows, clearRows+1, id); err != nil {
		t.Fatal(err)
	}
	cut.left = 1
	if err := p.clear(); err == nil {
		t.Fatal("it was not cut short")
	}
	if why := unfit(st.Stamp(), extent{id: id, end: clearRows + 1, tombstones: time.Hour}, time.Now()); why == "" {
		t.Errorf("half a store passes: %+v", st.Stamp())
	}
	cut.left = 10
	if err := p.clear(); err != nil || st.Stamp() != (store.Stamp{}) {
		t.Errorf("%v, %+v", err, st.Stamp())
	}
}

// What a partition says of itself is never ahead of its rows, nor of those who are told of them.
func TestViewKnowsNothingAheadOfItsRows(t *testing.T) {
	var v *View
	looks := 0
	look := func() {
		looks++
		if k := v.Known(0); k.Next != 0 || k.Inputs != nil {
			t.Errorf("known %+v before the rows are there", k)
		}
	}
	v, err := NewView(ViewConfig{
		Client: ClientConfig{Brokers: []string{"127.0.0.1:1"}}, Table: "t", Partitions: 1, OnChange: func(string, []byte) { look() },
	})
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Memory{}.Open("t", 0)
	if err != nil {
		t.Fatal(err)
	}
	p := v.parts[0]
	p.st = lookedAt{st, look}
	if err := p.apply([]*kgo.Record{
		{Key: []byte("k"), Value: []byte("v")}, {Key: []byte(position.Key), Value: position.Position{"in": 5}.Append(nil), Offset: 1},
	}, 3, kadm.TopicID{1}); err != nil {
		t.Fatal(err)
	}
	if k := v.Known(0); k.Next != 3 || k.Rows != 2 || k.Inputs["in"] != 5 || looks != 2 {
		t.Errorf("known %+v after %d looks", k, looks)
	}
}

type lookedAt struct {
	store.Store
	look func()
}

func (s lookedAt) Apply(rows []store.Row, stamp store.Stamp) error {
	s.look()
	return s.Store.Apply(rows, stamp)
}

type cutStore struct {
	store.Store
	left int
}

func (s *cutStore) Apply(rows []store.Row, stamp store.Stamp) error {
	if rows != nil && rows[0].Value == nil {
		if s.left == 0 {
			return fmt.Errorf("cut")
		}
		s.left--
	}
	return s.Store.Apply(rows, stamp)
}

// Whatever is committed, aborted and left open, and whenever a view starts: its rows are the fold of what is committed,
// and no position that it tells is ahead of its rows.
func TestViewIsTheFoldOfItsChangelog(t *testing.T) {
	f := newFixture(t)
	writers := []*writer{f.writer("0"), f.writer("1")}
	open := []bool{false, false}
	long := f.view(f.viewConfig())
	n := int64(0)
	rapid.Check(t, func(r *rapid.T) {
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			i := rapid.IntRange(0, 1).Draw(r, "writer")
			w := writers[i]
			if !open[i] {
				w.begin()
				open[i] = true
			}
			key := rapid.SampledFrom([]string{"a", "b", "c", minKey, ""}).Draw(r, "key")
			p := stream.Partition([]byte(key), testPartitions)
			switch rapid.IntRange(0, 4).Draw(r, "step") {
			case 0:
				w.at(p, key, nil)
			case 1:
				n++
				w.at(p, position.Key, position.Position{"in": n}.Append(nil))
				w.end(kgo.TryCommit)
				open[i] = false
			case 2:
				w.end(kgo.TryAbort)
				open[i] = false
			default:
				w.put(key, rapid.StringN(1, 3, -1).Draw(r, "value"))
			}
		}
		for i, w := range writers {
			if open[i] {
				w.end(kgo.TryCommit)
				open[i] = false
			}
		}
		views := []*followed{long}
		if rapid.IntRange(0, 4).Draw(r, "new view") == 0 {
			views = append(views, f.view(f.viewConfig()))
		}
		want, inputs := map[string]string{}, map[int32]int64{}
		for _, record := range f.committed(viewTable) {
			switch {
			case string(record.Key) == position.Key:
				at, err := position.Parse(record.Value)
				if err != nil {
					r.Fatal(err)
				}
				inputs[record.Partition] = at["in"]
			case record.Value == nil:
				delete(want, string(record.Key))
			default:
				want[string(record.Key)] = string(record.Value)
			}
		}
		for _, v := range views {
			f.caughtUp(v)
			if d := cmp.Diff(want, f.rows(v)); d != "" {
				r.Fatal(d)
			}
			for p := range int32(testPartitions) {
				if got := v.Known(p).Inputs["in"]; got != inputs[p] {
					r.Fatalf("partition %d is at %d, not %d", p, got, inputs[p])
				}
			}
		}
		if len(views) > 1 {
			views[1].stop(t)
		}
	})
}
