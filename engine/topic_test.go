package engine

import (
	"errors"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
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
