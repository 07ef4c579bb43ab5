package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// viewFetchBytes bounds one answer of a broker, over all partitions.
const viewFetchBytes = 16 << 20

// leading are the partitions of a view that one broker leads, with one fetch for all of them: a broker answers the
// fetches of a connection one after the other. As in reader, positions are exact past control records, aborted records
// and gaps.
type leading struct {
	view     *View
	client   *kgo.Client
	broker   int32
	id       kadm.TopicID
	parts    []*viewPartition
	first    int // in the next request: where an answer is full, the later ones got nothing
	decode   kgo.Decompressor
	answered func() // told of each answer
}

// follow reads until something fails.
func (l *leading) follow(ctx context.Context) error {
	for ctx.Err() == nil {
		asked := l.view.config.Clock()
		answer, err := l.client.Broker(int(l.broker)).Request(ctx, l.request())
		if err != nil {
			return fmt.Errorf("engine: fetch from broker %d: %w", l.broker, err)
		}
		got, ok := answer.(*kmsg.FetchResponse)
		if !ok {
			return fmt.Errorf("engine: a fetch was answered by %T", answer)
		}
		if err := kerr.ErrorForCode(got.ErrorCode); err != nil {
			return fmt.Errorf("engine: fetch from broker %d: %w", l.broker, err)
		}
		if err := l.apply(asked, got); err != nil {
			return err
		}
		l.answered()
		l.first++
	}
	return ctx.Err()
}

func (l *leading) request() *kmsg.FetchRequest {
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = l.view.config.Table, l.id
	for i := range l.parts {
		part := l.parts[(l.first+i)%len(l.parts)]
		p := kmsg.NewFetchRequestTopicPartition()
		p.Partition, p.FetchOffset, p.PartitionMaxBytes, p.CurrentLeaderEpoch = part.number, part.known.Load().Next,
			fetchBytes, -1
		t.Partitions = append(t.Partitions, p)
	}
	q := kmsg.NewPtrFetchRequest()
	q.MaxWaitMillis, q.MinBytes, q.MaxBytes, q.SessionEpoch = int32(longFetchWait/time.Millisecond), 1,
		viewFetchBytes, -1
	q.IsolationLevel = 1 // read_committed
	q.Topics = append(q.Topics, t)
	return q
}

// apply applies a fetch response, partitions concurrently.
func (l *leading) apply(asked time.Time, got *kmsg.FetchResponse) error {
	if len(got.Topics) != 1 {
		return nil
	}
	parts := map[int32]*viewPartition{}
	for _, p := range l.parts {
		parts[p.number] = p
	}
	answers := got.Topics[0].Partitions
	errs := make([]error, len(answers))
	var work sync.WaitGroup
	for i := range answers {
		p := parts[answers[i].Partition]
		if p == nil {
			continue
		}
		step := func() { errs[i] = l.one(p, asked, &answers[i]) }
		if len(answers[i].RecordBatches) == 0 || len(answers) == 1 {
			step()
		} else {
			work.Go(step)
		}
	}
	work.Wait()
	return errors.Join(errs...)
}

func (l *leading) one(p *viewPartition, asked time.Time, got *kmsg.FetchResponseTopicPartition) error {
	table := l.view.config.Table
	at := p.known.Load().Next
	part, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		Offset: at, IsolationLevel: kgo.ReadCommitted(), Topic: table, Partition: p.number,
	}, got, l.decode, nil)
	if part.Err != nil {
		return fmt.Errorf("engine: table %s/%d at %d: %w", table, p.number, at, part.Err)
	}
	before := p.isRecovered()
	err := p.apply(part.Records, max(at, next), l.id)
	if err == nil {
		err = p.seen(asked, part.LastStableOffset, part.HighWatermark)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	if !before {
		p.restored(len(part.Records))
	}
	if !before || !p.isRecovered() {
		l.view.recount(len(part.Records))
	}
	return nil
}
