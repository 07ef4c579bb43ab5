package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Ends are the end offsets of topics, per partition.
type Ends map[string]map[int32]int64

func (e Ends) set(topic string, partition int32, end int64) {
	if e[topic] == nil {
		e[topic] = map[int32]int64{}
	}
	e[topic][partition] = end
}

// EndOffsets returns the offset after the last record of each partition of topics, as a read_committed reader sees
// them: where transactions write, commit markers and aborted records stand behind it that no reader gets and no group
// commits. It waits until the transactions that have records there now have ended; what comes meanwhile does not count.
// Partitions that hold no record are left out.
func EndOffsets(ctx context.Context, adm *Admin, topics []string) (Ends, error) {
	last, err := lastRecords(ctx, adm, topics, func(*kgo.Record) bool { return true })
	if err != nil {
		return nil, err
	}
	ends := Ends{}
	for at, r := range last {
		ends.set(at.topic, at.partition, r.Offset+1)
	}
	return ends, nil
}

// lastRecords returns the last committed record of each partition of topics that wanted takes. It reads no further back
// than that.
func lastRecords(ctx context.Context, adm *Admin, topics []string,
	wanted func(*kgo.Record) bool) (map[place]*kgo.Record, error) {
	starts, err := listed(adm.ListStartOffsets(ctx, topics...))
	if err != nil {
		return nil, fmt.Errorf("start offsets of %v: %w", topics, err)
	}
	last, err := listed(adm.ListEndOffsets(ctx, topics...))
	if err != nil {
		return nil, fmt.Errorf("end offsets of %v: %w", topics, err)
	}
	if err := waitStable(ctx, adm, topics, last); err != nil {
		return nil, err
	}
	open := map[place]*tail{}
	last.Each(func(o kadm.ListedOffset) {
		if s, ok := starts.Lookup(o.Topic, o.Partition); ok && s.Offset < o.Offset {
			open[place{o.Topic, o.Partition}] = newTail(s.Offset, o.Offset, wanted)
		}
	})
	found := map[place]*kgo.Record{}
	for len(open) > 0 {
		if err := adm.readTails(ctx, open); err != nil {
			return nil, fmt.Errorf("end offsets of %v: %w", topics, err)
		}
		for at, t := range open {
			if t.done() && t.found != nil {
				found[at] = t.found
			}
		}
		maps.DeleteFunc(open, func(_ place, t *tail) bool { return t.done() })
	}
	return found, nil
}

func listed(offsets kadm.ListedOffsets, err error) (kadm.ListedOffsets, error) {
	if err != nil {
		return nil, err
	}
	return offsets, offsets.Error()
}

// stableEvery is the pause between two looks at transactions under way.
const stableEvery = 10 * time.Millisecond

// waitStable returns when no transaction is open below ends.
func waitStable(ctx context.Context, adm *Admin, topics []string, ends kadm.ListedOffsets) error {
	return poll(ctx, stableEvery, func() (string, error) {
		stable, err := listed(adm.ListCommittedOffsets(ctx, topics...))
		if err != nil {
			return "", fmt.Errorf("stable offsets of %v: %w", topics, err)
		}
		behind := ""
		ends.Each(func(o kadm.ListedOffset) {
			if s, ok := stable.Lookup(o.Topic, o.Partition); ok && s.Offset < o.Offset {
				behind = fmt.Sprintf("a transaction in %s/%d is still open", o.Topic, o.Partition)
			}
		})
		return behind, nil
	})
}

// poll looks again and again until nothing is missing. If time is up first, the error says what still was.
func poll(ctx context.Context, every time.Duration, look func() (missing string, err error)) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		missing, err := look()
		if err != nil || missing == "" {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", missing, context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

type place struct {
	topic     string
	partition int32
}

// tail looks for the last record of a partition below end that is wanted, in ever longer stretches before it: most
// often one commit marker stands behind it.
type tail struct {
	start, end int64
	from, next int64 // the stretch begins at from, and is read up to next
	wanted     func(*kgo.Record) bool
	found      *kgo.Record // the last one in it that is wanted; nil: none
}

// firstStretch and stretchGrowth say how long the stretches are, in offsets.
const (
	firstStretch  = 4
	stretchGrowth = 8
)

func newTail(start, end int64, wanted func(*kgo.Record) bool) *tail {
	from := max(start, end-firstStretch)
	return &tail{start: start, end: end, from: from, next: from, wanted: wanted}
}

// advance moves the tail past the records read from its next offset on, up to next.
func (t *tail) advance(records []*kgo.Record, next int64) {
	for _, r := range records {
		if r.Offset < t.end && t.wanted(r) {
			t.found = r
		}
	}
	t.next = max(t.next, next)
	if t.next >= t.end && t.found == nil && t.from > t.start {
		t.from = max(t.start, t.end-(t.end-t.from)*stretchGrowth)
		t.next = t.from
	}
}

func (t *tail) done() bool { return t.next >= t.end }

// tailBytes bounds what one answer holds of one partition.
const tailBytes = 1 << 20

// readTails reads each tail on, by one request to each broker that leads some.
func (a *Admin) readTails(ctx context.Context, open map[place]*tail) error {
	topics := map[string]bool{}
	for at := range open {
		topics[at.topic] = true
	}
	found, err := a.Metadata(ctx, slices.Collect(maps.Keys(topics))...)
	if err != nil {
		return err
	}
	requests := map[int32]*kmsg.FetchRequest{}
	for at, t := range open {
		detail := found.Topics[at.topic]
		partition, ok := detail.Partitions[at.partition]
		if err := errors.Join(detail.Err, partition.Err); err != nil || !ok {
			return fmt.Errorf("%s/%d: %w", at.topic, at.partition, errors.Join(err, errNoLeader))
		}
		if requests[partition.Leader] == nil {
			requests[partition.Leader] = newFetch()
		}
		add(requests[partition.Leader], detail, at.partition, t.next)
	}
	for leader, request := range requests {
		if err := a.readSome(ctx, leader, request, found.Topics, open); err != nil {
			return err
		}
	}
	return nil
}

var errNoLeader = errors.New("no broker leads it")

func newFetch() *kmsg.FetchRequest {
	q := kmsg.NewPtrFetchRequest()
	q.MaxWaitMillis, q.MinBytes, q.MaxBytes, q.SessionEpoch = 0, 1, 64*tailBytes, -1
	q.IsolationLevel = 1 // read_committed
	return q
}

func add(q *kmsg.FetchRequest, detail kadm.TopicDetail, partition int32, offset int64) {
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes, p.CurrentLeaderEpoch = partition, offset, tailBytes, -1
	for i := range q.Topics {
		if q.Topics[i].Topic == detail.Topic {
			q.Topics[i].Partitions = append(q.Topics[i].Partitions, p)
			return
		}
	}
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID, t.Partitions = detail.Topic, detail.ID, []kmsg.FetchRequestTopicPartition{p}
	q.Topics = append(q.Topics, t)
}

func (a *Admin) readSome(ctx context.Context, leader int32, q *kmsg.FetchRequest, topics kadm.TopicDetails,
	open map[place]*tail) error {
	answer, err := a.client.Broker(int(leader)).RetriableRequest(ctx, q)
	if err != nil {
		return err
	}
	got := answer.(*kmsg.FetchResponse)
	if err := kerr.ErrorForCode(got.ErrorCode); err != nil {
		return err
	}
	var still []*tail
	moved := false
	for i := range got.Topics {
		topic := got.Topics[i].Topic
		for name, detail := range topics { // newer brokers answer with ids alone
			if topic == "" && detail.ID == got.Topics[i].TopicID {
				topic = name
			}
		}
		for j := range got.Topics[i].Partitions {
			p := &got.Topics[i].Partitions[j]
			t := open[place{topic, p.Partition}]
			if t == nil {
				continue
			}
			switch next, err := t.read(topic, p); {
			case kerr.IsRetriable(err): // its leader moves
				time.Sleep(stableEvery)
				moved = true
			case err != nil:
				return fmt.Errorf("%s/%d: %w", topic, p.Partition, err)
			case next:
				moved = true
			default:
				still = append(still, t)
			}
		}
	}
	for _, t := range still { // where nobody got anything there is nothing; else the answer may have been full
		if !moved {
			t.advance(nil, t.end)
		}
	}
	return nil
}

// read takes an answer in, and tells whether it held anything.
func (t *tail) read(topic string, p *kmsg.FetchResponseTopicPartition) (bool, error) {
	from := t.next
	part, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		Offset: from, IsolationLevel: kgo.ReadCommitted(), Topic: topic, Partition: p.Partition,
	}, p, kgo.DefaultDecompressor(), nil)
	if errors.Is(part.Err, kerr.OffsetOutOfRange) { // deleted meanwhile
		next = t.end
	} else if part.Err != nil {
		return false, part.Err
	}
	t.advance(part.Records, next)
	return next > from, nil
}
