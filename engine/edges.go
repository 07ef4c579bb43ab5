package engine

import (
	"context"
	"fmt"
	"maps"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// edge is where a partition ends: for readers of committed records, and for all.
type edge struct{ stable, high int64 }

// edges asks brokers where partitions end, again and again: one request to each broker that leads some, a second where
// something has come, and one for leaders that are not known. It is not safe for concurrent use.
type edges struct {
	client  *kgo.Client
	leaders map[place]int32 // nil: ask
	stable  map[place]int64 // as last told
}

// newestOffset asks for the offset that the next record will have.
const newestOffset = -1

// The isolation levels of requests.
const readUncommitted, readCommitted = 0, 1

// ask returns the ends of places. Those that a broker does not tell are left out; the next call looks for their
// leaders.
func (e *edges) ask(ctx context.Context, places []place) (map[place]edge, error) {
	by, err := e.locate(ctx, places)
	if err != nil {
		return nil, err
	}
	all := make(map[place]edge, len(places))
	for leader, topics := range by {
		if err := e.askOne(ctx, leader, topics, all); err != nil {
			e.leaders = nil
			return nil, err
		}
	}
	if len(all) < len(places) {
		e.leaders = nil
	}
	return all, nil
}

// askOne asks one broker. Where the log ends at its last stable offset as it was, it still is that: it never goes back,
// nor beyond the end.
func (e *edges) askOne(ctx context.Context, leader int32, topics map[string][]int32, all map[place]edge) error {
	high, err := e.list(ctx, leader, topics, readUncommitted)
	if err != nil {
		return err
	}
	moved := false
	for at, end := range high {
		if stable, ok := e.stable[at]; !ok || stable != end {
			moved = true
		}
		all[at] = edge{end, end}
	}
	if !moved {
		return nil
	}
	stable, err := e.list(ctx, leader, topics, readCommitted)
	if err != nil {
		return err
	}
	if e.stable == nil {
		e.stable = map[place]int64{}
	}
	for at, end := range high {
		offset, ok := stable[at]
		if !ok {
			delete(all, at)
			continue
		}
		e.stable[at] = offset
		all[at] = edge{offset, max(offset, end)} // more may have come since
	}
	return nil
}

// locate returns the partitions by leader and topic.
func (e *edges) locate(ctx context.Context, places []place) (map[int32]map[string][]int32, error) {
	for _, at := range places {
		if _, ok := e.leaders[at]; ok {
			continue
		}
		if err := e.findLeaders(ctx, places); err != nil {
			return nil, err
		}
		break
	}
	by := map[int32]map[string][]int32{}
	for _, at := range places {
		leader, ok := e.leaders[at]
		if !ok {
			continue
		}
		if by[leader] == nil {
			by[leader] = map[string][]int32{}
		}
		by[leader][at.topic] = append(by[leader][at.topic], at.partition)
	}
	return by, nil
}

func (e *edges) findLeaders(ctx context.Context, places []place) error {
	topics := map[string]bool{}
	for _, at := range places {
		topics[at.topic] = true
	}
	names := make([]string, 0, len(topics))
	for name := range maps.Keys(topics) {
		names = append(names, name)
	}
	m, err := kadm.NewClient(e.client).Metadata(ctx, names...)
	if err != nil {
		return err
	}
	e.leaders = map[place]int32{}
	for name, topic := range m.Topics {
		for n, p := range topic.Partitions {
			if p.Err == nil && p.Leader >= 0 {
				e.leaders[place{name, n}] = p.Leader
			}
		}
	}
	return nil
}

// list returns the newest offsets of partitions that a broker leads, without those that it refuses.
func (e *edges) list(ctx context.Context, leader int32, topics map[string][]int32, isolation int8) (map[place]int64,
	error) {
	q := kmsg.NewPtrListOffsetsRequest()
	q.ReplicaID, q.IsolationLevel = -1, isolation
	for name, numbers := range topics {
		t := kmsg.NewListOffsetsRequestTopic()
		t.Topic = name
		for _, n := range numbers {
			p := kmsg.NewListOffsetsRequestTopicPartition()
			p.Partition, p.Timestamp, p.CurrentLeaderEpoch = n, newestOffset, -1
			t.Partitions = append(t.Partitions, p)
		}
		q.Topics = append(q.Topics, t)
	}
	answer, err := e.client.Broker(int(leader)).Request(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("offsets of broker %d: %w", leader, err)
	}
	got, ok := answer.(*kmsg.ListOffsetsResponse)
	if !ok {
		return nil, fmt.Errorf("a request for offsets was answered by %T", answer)
	}
	all := map[place]int64{}
	for _, t := range got.Topics {
		for _, p := range t.Partitions {
			if kerr.ErrorForCode(p.ErrorCode) == nil {
				all[place{t.Topic, p.Partition}] = p.Offset
			}
		}
	}
	return all, nil
}
