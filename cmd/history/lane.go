package history

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
)

// lane is one partition of a topic, read on its own, so that the partition that is behind can be read first.
type lane struct {
	span
	topic    string
	client   *kgo.Client
	records  []*kgo.Record
	position int64
	progress *progress
}

func openLane(opts []kgo.Opt, topic string, s span, p *progress) (*lane, error) {
	client, err := kgo.NewClient(append(slices.Clone(opts),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {s.partition: kgo.NewOffset().At(s.from)}}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxPartitionBytes(4<<20),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
	)...)
	if err != nil {
		return nil, err
	}
	return &lane{span: s, topic: topic, client: client, position: s.from, progress: p}, nil
}

// next returns the next record, nil at the end.
func (l *lane) next(ctx context.Context) (*kgo.Record, error) {
	for len(l.records) == 0 {
		if l.position >= l.end {
			return nil, nil
		}
		fetches := l.client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			return nil, fmt.Errorf("reading %s/%d: %w", l.topic, l.partition, err)
		}
		for _, e := range fetches.Errors() {
			return nil, fmt.Errorf("reading %s/%d: %w", l.topic, l.partition, e.Err)
		}
		l.records = fetches.Records()
	}
	r := l.records[0]
	l.records = l.records[1:]
	l.progress.read += r.Offset + 1 - l.position
	l.position = r.Offset + 1
	l.progress.tell(l.progress.read, l.progress.all)
	if r.Offset >= l.end {
		l.records = nil
		return nil, nil
	}
	return r, nil
}

func closeAll(lanes []*lane) {
	for _, l := range lanes {
		l.client.Close()
	}
}
