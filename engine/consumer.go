package engine

import (
	"context"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"
)

var (
	_ sarama.Consumer          = (*consumer)(nil)
	_ sarama.PartitionConsumer = (*partitionConsumer)(nil)
)

// consumer is how goka follows tables that others write.
type consumer struct{ engine *Engine }

func (c *consumer) Topics() ([]string, error) { return nil, nil }
func (c *consumer) Partitions(topic string) ([]int32, error) {
	return (&topicManager{c.engine}).Partitions(topic)
}
func (c *consumer) HighWaterMarks() map[string]map[int32]int64 { return nil }
func (c *consumer) Close() error                               { return nil }
func (c *consumer) Pause(map[string][]int32)                   {}
func (c *consumer) Resume(map[string][]int32)                  {}
func (c *consumer) PauseAll()                                  {}
func (c *consumer) ResumeAll()                                 {}

// ConsumePartition follows a partition, read_committed, until it is closed.
func (c *consumer) ConsumePartition(topic string, partition int32, offset int64) (sarama.PartitionConsumer, error) {
	p := &partitionConsumer{
		at: place{topic, partition}, messages: make(chan *sarama.ConsumerMessage, 256),
		errors: make(chan *sarama.ConsumerError, 1),
	}
	p.ctx, p.cancel = context.WithCancel(c.engine.life)
	if err := c.engine.follower.add(p, max(offset, 0)); err != nil {
		p.cancel()
		return nil, err
	}
	go func() {
		<-p.ctx.Done()
		c.engine.follower.remove(p)
		close(p.messages)
		close(p.errors)
	}()
	return p, nil
}

type partitionConsumer struct {
	at       place
	messages chan *sarama.ConsumerMessage
	errors   chan *sarama.ConsumerError
	ctx      context.Context
	cancel   context.CancelFunc
}

func (p *partitionConsumer) AsyncClose()                              { p.cancel() }
func (p *partitionConsumer) Close() error                             { p.cancel(); return nil }
func (p *partitionConsumer) Messages() <-chan *sarama.ConsumerMessage { return p.messages }
func (p *partitionConsumer) Errors() <-chan *sarama.ConsumerError     { return p.errors }
func (p *partitionConsumer) HighWaterMarkOffset() int64               { return 0 }
func (p *partitionConsumer) Pause()                                   {}
func (p *partitionConsumer) Resume()                                  {}
func (p *partitionConsumer) IsPaused() bool                           { return false }

// messages makes messages of records, many with one allocation: goka soon copies what it needs of each.
type messages struct{ left []sarama.ConsumerMessage }

// messageSlab is how many messages live as long as the longest-lived of them.
const messageSlab = 128

func (s *messages) of(r *kgo.Record) *sarama.ConsumerMessage {
	if len(s.left) == 0 {
		s.left = make([]sarama.ConsumerMessage, messageSlab)
	}
	m := &s.left[0]
	s.left = s.left[1:]
	return fill(m, r)
}

func fill(m *sarama.ConsumerMessage, r *kgo.Record) *sarama.ConsumerMessage {
	m.Timestamp, m.Key, m.Value, m.Topic, m.Partition, m.Offset = r.Timestamp, r.Key, r.Value, r.Topic, r.Partition,
		r.Offset
	for i := range r.Headers {
		m.Headers = append(m.Headers, &sarama.RecordHeader{Key: []byte(r.Headers[i].Key), Value: r.Headers[i].Value})
	}
	return m
}
