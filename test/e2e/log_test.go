package e2e

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/cmd/cluster"
	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/test/model"
)

// topicLog holds what topics contain, as a read_committed reader sees it, in the order of each partition.
type topicLog struct {
	t        *testing.T
	client   *kgo.Client
	admin    *cluster.Admin
	records  map[string][]*kgo.Record
	next     map[string]map[int32]int64
	annals   *model.Annals // of the rewards table, up to its record recalled
	recalled int
}

func newTopicLog(t *testing.T, seeds []string, admin *cluster.Admin, topics []string) *topicLog {
	l := &topicLog{t: t, admin: admin, records: map[string][]*kgo.Record{}, next: map[string]map[int32]int64{}, annals: model.NewAnnals()}
	l.client = newClient(t, kgo.SeedBrokers(seeds...), kgo.ConsumeTopics(topics...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond), kgo.FetchMaxPartitionBytes(8<<20))
	return l
}

// poll takes in what there is, or waits for something to come.
func (l *topicLog) poll(ctx context.Context) error {
	fetches := l.client.PollFetches(ctx)
	fetches.EachRecord(func(r *kgo.Record) {
		l.records[r.Topic] = append(l.records[r.Topic], r)
		if l.next[r.Topic] == nil {
			l.next[r.Topic] = map[int32]int64{}
		}
		l.next[r.Topic][r.Partition] = r.Offset + 1
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	fetches.EachError(func(topic string, p int32, err error) { l.t.Fatalf("reading %s/%d: %v", topic, p, err) })
	return nil
}

// pollUntil takes in what comes until then.
func (l *topicLog) pollUntil(ctx context.Context, then time.Time) error {
	bounded, cancel := context.WithDeadline(ctx, then)
	defer cancel()
	for l.poll(bounded) == nil {
	}
	return context.Cause(ctx)
}

// readTo reads until all that the topics hold now is taken in.
func (l *topicLog) readTo(ctx context.Context, topics ...string) {
	l.t.Helper()
	ends, err := cluster.EndOffsets(ctx, l.admin, topics)
	if err != nil {
		l.t.Fatal(err)
	}
	for !l.reached(ends) {
		if err := l.poll(ctx); err != nil {
			l.t.Fatal("reading:", err)
		}
	}
}

// rows returns the last record of each key of a table, but for the engine's own.
func (l *topicLog) rows(table string) []*kgo.Record {
	last := map[string]*kgo.Record{}
	for _, r := range l.records[table] {
		if !strings.HasPrefix(string(r.Key), store.Reserved) {
			last[string(r.Key)] = r
		}
	}
	return slices.Collect(maps.Values(last))
}

// recall takes the versions of rewards rows into the annals that have come since the last call.
func (l *topicLog) recall(rewards string) (errs []error) {
	versions := l.records[rewards]
	for ; l.recalled < len(versions); l.recalled++ {
		if r := versions[l.recalled]; !strings.HasPrefix(string(r.Key), store.Reserved) {
			if err := l.annals.RewardsRow(string(r.Key), r.Value); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errs
}

func (l *topicLog) reached(ends cluster.Ends) bool {
	for topic, partitions := range ends {
		for p, end := range partitions {
			if l.next[topic][p] < end {
				return false
			}
		}
	}
	return true
}
