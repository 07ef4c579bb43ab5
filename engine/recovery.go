package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/store"
)

// reportEvery is the time between two lines about the same recovery.
const reportEvery = 5 * time.Second

// extent is what a changelog partition holds at the start of a recovery.
type extent struct {
	id    kadm.TopicID
	start int64
	end   int64 // read uncommitted: a transaction that is still open below it is waited for
	// tombstones is how long the topic keeps them.
	tombstones time.Duration
}

func readExtent(ctx context.Context, client *kgo.Client, topic string, partition int32) (extent, error) {
	var x extent
	admin := kadm.NewClient(client)
	err := throughOutage(ctx, func() error {
		m, err := admin.Metadata(ctx, topic)
		if err == nil {
			err = m.Topics[topic].Err
		}
		x.id = m.Topics[topic].ID
		return err
	})
	if err != nil {
		return x, fmt.Errorf("engine: table %s: %w", topic, err)
	}
	starts, err := offsets(ctx, admin.ListStartOffsets, topic)
	if err != nil {
		return x, err
	}
	ends, err := offsets(ctx, admin.ListEndOffsets, topic)
	if err != nil {
		return x, err
	}
	start, ok := starts.Lookup(topic, partition)
	end, also := ends.Lookup(topic, partition)
	if !ok || !also {
		return x, fmt.Errorf("engine: table %s/%d has no offsets", topic, partition)
	}
	x.start, x.end = start.Offset, end.Offset
	x.tombstones, err = tombstones(ctx, admin, topic)
	return x, err
}

// kafkaTombstones is Kafka's default of delete.retention.ms.
const kafkaTombstones = 24 * time.Hour

// tombstones reads the topic's delete.retention.ms. Where a broker does not tell, it counts as Kafka's default: a store
// that is rebuilt too early costs time, one that is kept too long has rows that were deleted.
func tombstones(ctx context.Context, admin *kadm.Client, topic string) (time.Duration, error) {
	var settings kadm.ResourceConfigs
	err := throughOutage(ctx, func() (err error) {
		if settings, err = admin.DescribeTopicConfigs(ctx, topic); err == nil && len(settings) > 0 &&
			kerr.IsRetriable(settings[0].Err) {
			err = settings[0].Err
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("engine: settings of table %s: %w", topic, err)
	}
	for _, s := range settings {
		for _, c := range s.Configs {
			if ms, err := strconv.ParseInt(c.MaybeValue(), 10, 64); c.Key == "delete.retention.ms" && err == nil {
				return time.Duration(min(ms, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond, nil
			}
		}
	}
	return kafkaTombstones, nil
}

// unfit says why a store cannot be brought up to its changelog; empty: it can.
func unfit(s store.Stamp, x extent, now time.Time) string {
	switch {
	case s == (store.Stamp{}):
		return ""
	case s.Topic != [16]byte(x.id):
		return "the topic was made anew"
	case s.Next > x.end:
		return fmt.Sprintf("the store is at %d, the changelog ends at %d", s.Next, x.end)
	case s.Next < x.start && s.Next < x.end:
		return fmt.Sprintf("the store is at %d, the changelog begins at %d", s.Next, x.start)
	case s.Next < x.end && now.Sub(s.At) > x.tombstones-x.tombstones/8: // the rest is for reading on
		return fmt.Sprintf("the store is of %s, tombstones since then may be gone", s.At.Format(time.RFC3339))
	}
	return ""
}

// restore brings a store up to the end that the changelog has now. Told of every row is onRow, which may be nil.
func (e *Engine) restore(ctx context.Context, l *local, onRow func(store.Row)) error {
	client, err := e.link.acquire()
	if err != nil {
		return err
	}
	defer e.link.release()
	x, err := readExtent(ctx, client, l.topic, l.partition)
	if err != nil {
		return err
	}
	if why := unfit(l.st.Stamp(), x, e.config.Clock()); why != "" {
		e.config.Logger.Warn("table is rebuilt", "group", e.graph.group, "table", l.topic, "partition", l.partition,
			"reason", why)
		if err := l.st.Wipe(); err != nil {
			return err
		}
	}
	l.id = x.id
	if onRow != nil {
		if err := l.st.Ascend("", "", func(k string, v []byte) bool {
			onRow(store.Row{Key: k, Value: v})
			return true
		}); err != nil {
			return err
		}
	}
	err = e.follow(ctx, client, l, x, onRow)
	if errors.Is(err, errOutOfRange) { // retention overtook us
		e.config.Logger.Warn("table is rebuilt", "group", e.graph.group, "table", l.topic, "partition", l.partition,
			"reason", err)
		if err := l.st.Wipe(); err != nil {
			return err
		}
		return e.restore(ctx, l, onRow)
	}
	return err
}

// follow reads from the stamp to the end.
func (e *Engine) follow(ctx context.Context, client *kgo.Client, l *local, x extent, onRow func(store.Row)) error {
	r := newReader(client, l.topic, l.partition, max(l.st.Stamp().Next, x.start))
	labels := []string{e.graph.group, l.topic, strconv.Itoa(int(l.partition))}
	restored, left := e.config.Metrics.restored.WithLabelValues(labels...),
		e.config.Metrics.restoring.WithLabelValues(labels...)
	defer left.Set(0)
	began, n := time.Now(), 0
	reported := began
	for r.next < x.end {
		left.Set(float64(x.end - r.next))
		records, err := r.read(ctx, 50*time.Millisecond)
		if err != nil {
			return err
		}
		if err := l.apply(records, r.next, e.config.Clock(), onRow); err != nil {
			return err
		}
		n += len(records)
		restored.Add(float64(len(records)))
		if now := time.Now(); now.Sub(reported) >= reportEvery {
			reported = now
			e.config.Logger.Info("table is being restored", "group", e.graph.group, "table", l.topic, "partition",
				l.partition,
				"at", r.next, "end", x.end, "records", n, "rate", int(float64(n)/now.Sub(began).Seconds()))
		}
	}
	if n > 0 {
		took := time.Since(began)
		e.config.Logger.Info("table restored", "group", e.graph.group, "table", l.topic, "partition", l.partition,
			"records", n, "took", took.Round(time.Millisecond), "rate", int(float64(n)/took.Seconds()))
	}
	return l.st.Apply(nil, l.stamp(r.next, e.config.Clock()))
}
