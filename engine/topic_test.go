package engine

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/millrace/millrace/engine/timer"
	"github.com/millrace/millrace/stream"
)

// started returns what Run says at once, or stops it when it is ready.
func (f *fixture) started(c Config) error {
	f.t.Helper()
	r := f.run(c, f.timed(nil, nil))
	select {
	case <-r.Ready():
		r.cancel()
		return <-r.result
	case err := <-r.result:
		return err
	case <-deadline(f.t).Done():
		f.t.Fatal("neither ready nor refused")
		return nil
	}
}

func TestTimersNeedTheirTopic(t *testing.T) {
	f := newFixture(t)
	if err := f.cluster.DeleteTopic("adder-timers"); err != nil {
		t.Fatal(err)
	}
	refused := func(c Config, want ...string) {
		t.Helper()
		err := f.started(c)
		if !errors.Is(err, ErrTopic) {
			t.Fatalf("got %v", err)
		}
		for _, part := range want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q is not in %q", part, err)
			}
		}
	}
	refused(f.config(), "adder-timers does not exist", "cleanup.policy=compact", "3 partitions")
	if err := f.cluster.CreateTopic("adder-timers", testPartitions+1, nil); err != nil {
		t.Fatal(err)
	}
	refused(f.config(), "adder-timers has 4 partitions, not 3", "cleanup.policy=compact")
	open := f.config()
	open.Partitions = 0
	refused(open, "adder-timers has 4 partitions, in has 3")
}

// A record in the topic that is no timer ends the processor, which says where.
func TestForeignTimerEndsTheProcessor(t *testing.T) {
	f := newFixture(t)
	f.write("adder-timers", "no timer", []byte("x"))
	f.flush()
	p := stream.Partition([]byte("no timer"), testPartitions)
	err := f.started(f.config())
	if where := fmt.Sprintf("adder-timers/%d, offset 0", p); !errors.Is(err, timer.ErrMalformed) || !strings.Contains(err.Error(), where) {
		t.Errorf("got %v", err)
	}
}

// A timer that no record has room for is the callback's fault: it becomes a dead letter, and the row stays as it was.
func TestTimerTooLarge(t *testing.T) {
	f := newFixture(t)
	g := goka.DefineGroup(f.group.Goka(),
		stream.Input(f.group, f.in, func(c *stream.Context[int], n int) {
			c.SetRow(n)
			c.SetTimer(at(n), strings.Repeat("x", n))
		}),
		stream.Timers(f.group, func(*stream.Context[int], stream.Timer) {}),
		stream.Persist(f.group), stream.DeadLetters(f.group))
	f.number("fits", 1<<20-1024)
	f.number("does-not", 2<<20)
	f.flush()
	r := f.run(f.config(), g)
	r.handled(f, "in")
	r.stop(t)
	if rows := f.table(); len(rows) != 1 || rows["fits"] == 0 {
		t.Errorf("rows %v", rows)
	}
	dead := f.committed("dead")
	if len(dead) != 1 || string(dead[0].Value) != strconv.Itoa(2<<20) {
		t.Fatalf("%d dead letters", len(dead))
	}
	for _, h := range dead[0].Headers {
		if h.Key == "mr-reason" && string(h.Value) != stream.ReasonRowTooLarge {
			t.Errorf("reason %s", h.Value)
		}
	}
	if n := len(f.committed("adder-timers")); n != 1 {
		t.Errorf("%d timers", n)
	}
}

// Where goka makes loop and table, the engine makes the topic of the timers.
func TestTimersTopicIsMade(t *testing.T) {
	f := newFixture(t)
	if err := f.cluster.DeleteTopic("adder-timers"); err != nil {
		t.Fatal(err)
	}
	c := f.config()
	c.Partitions = 0
	if err := f.started(c); err != nil {
		t.Fatal(err)
	}
	if n := len(f.ends("adder-timers")); n != testPartitions {
		t.Errorf("%d partitions", n)
	}
	all, err := kadm.NewClient(f.client).DescribeTopicConfigs(t.Context(), "adder-timers")
	if err != nil {
		t.Fatal(err)
	}
	for _, setting := range all[0].Configs {
		if setting.Key == "cleanup.policy" && *setting.Value == "compact" {
			return
		}
	}
	t.Error("it is not compacted")
}
