package engine

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/millrace/millrace/engine/store"
)

func TestUnfitStores(t *testing.T) {
	now, id := time.Unix(1_000_000, 0), [16]byte{1}
	x := extent{id: id, start: 10, end: 20, tombstones: 7 * 24 * time.Hour}
	old := now.Add(-6*24*time.Hour - 4*time.Hour) // less than an eighth of the time remains
	for name, test := range map[string]struct {
		stamp store.Stamp
		want  string
	}{
		"empty":                    {store.Stamp{}, ""},
		"at the end":               {store.Stamp{Topic: id, Next: 20, At: now}, ""},
		"behind":                   {store.Stamp{Topic: id, Next: 12, At: now}, ""},
		"another topic":            {store.Stamp{Topic: [16]byte{2}, Next: 20, At: now}, "made anew"},
		"ahead":                    {store.Stamp{Topic: id, Next: 21, At: now}, "ends at 20"},
		"before the log":           {store.Stamp{Topic: id, Next: 9, At: now}, "begins at 10"},
		"behind for too long":      {store.Stamp{Topic: id, Next: 12, At: old}, "tombstones"},
		"old, but missing nothing": {store.Stamp{Topic: id, Next: 20, At: old}, ""},
	} {
		got := unfit(test.stamp, x, now)
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := unfit(store.Stamp{Topic: id, Next: 5, At: now}, extent{id: id, start: 5, end: 5}, now); got != "" {
		t.Errorf("an emptied log that the store has all of: %q", got)
	}
}

func TestPaceBoundsABatchByTheRate(t *testing.T) {
	p := pace{most: 50_000, interval: 100 * time.Millisecond}
	if got := p.budget(); got != firstBatch {
		t.Errorf("begins with %d", got)
	}
	p.handled(10, time.Nanosecond) // tells nothing
	for range 20 {
		p.handled(40_000, 2*time.Second)
	}
	if got := p.budget(); got < 1999 || got > 2001 {
		t.Errorf("20,000 a second makes %d", got)
	}
	for range 20 {
		p.handled(40_000, 10*time.Millisecond)
	}
	if got := p.budget(); got != 50_000 {
		t.Errorf("at most 50,000, not %d", got)
	}
	for range 20 {
		p.handled(1500, 500*time.Millisecond)
	}
	if got := p.budget(); got != leastBatch {
		t.Errorf("at least 1000 if they take less than half a second, not %d", got)
	}
	for range 20 {
		p.handled(200, time.Second)
	}
	if got := p.budget(); got < 99 || got > 101 {
		t.Errorf("200 a second makes %d: slow callbacks get no more than they can do in time", got)
	}
}

func TestTombstonesAreKeptAsTheTopicSays(t *testing.T) {
	f := newFixture(t)
	admin := kadm.NewClient(f.client)
	hour := "3600000"
	if _, err := admin.CreateTopics(deadline(t), 1, 1, map[string]*string{"delete.retention.ms": &hour}, "short"); err != nil {
		t.Fatal(err)
	}
	for topic, want := range map[string]time.Duration{"short": time.Hour, "adder-table": kafkaTombstones} {
		if got, err := tombstones(deadline(t), admin, topic); err != nil || got != want {
			t.Errorf("%s: %s, %v", topic, got, err)
		}
	}
}
