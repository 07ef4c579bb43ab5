package stock

import (
	"context"
	"errors"

	"github.com/IBM/sarama"
)

// consumerGroup runs all sessions within one Consume, since goka sleeps 5 s between two, and lets the transport see
// assignments, marks and claims.
type consumerGroup struct {
	sarama.ConsumerGroup
	client    sarama.Client
	transport *Transport
}

func newConsumerGroup(t *Transport, name string) (sarama.ConsumerGroup, error) {
	client, err := sarama.NewClient(t.config.Brokers, t.config.saramaConfig())
	if err != nil {
		return nil, err
	}
	g, err := sarama.NewConsumerGroupFromClient(name, client)
	if err != nil {
		_ = client.Close() // the first error says more
		return nil, err
	}
	return &consumerGroup{ConsumerGroup: g, client: client, transport: t}, nil
}

func (g *consumerGroup) Consume(ctx context.Context, topics []string, h sarama.ConsumerGroupHandler) error {
	for {
		err := g.ConsumerGroup.Consume(ctx, topics, &handler{ConsumerGroupHandler: h, group: g, transport: g.transport})
		if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) { // stopped before the session began
			return nil
		}
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
}

func (g *consumerGroup) Close() error {
	err := g.ConsumerGroup.Close()
	if !g.client.Closed() {
		if closeErr := g.client.Close(); err == nil {
			err = closeErr
		}
	}
	return err
}

// handler stands between sarama and goka for one session.
type handler struct {
	sarama.ConsumerGroupHandler
	group     *consumerGroup
	transport *Transport
}

// Setup returns when the tables are loaded and the timers of their rows set again: no record is handled before that.
// Looked-up tables are waited for here because goka takes a view for running when its first partition is.
func (h *handler) Setup(s sarama.ConsumerGroupSession) error {
	for _, l := range h.transport.graph.lookups {
		if l.reader.wait(s.Context()) != nil {
			return nil //nolint:nilerr // the session ends, and with it what was claimed
		}
	}
	h.transport.assign(s.Claims())
	h.transport.clocks.begin()
	if err := h.ConsumerGroupHandler.Setup(&session{s, h.transport}); err != nil {
		return err
	}
	h.transport.restore(s.Context())
	return nil
}

// Cleanup ends all visits first: goka panics when a visit meets a partition that has stopped.
func (h *handler) Cleanup(s sarama.ConsumerGroupSession) error {
	h.transport.clocks.end()
	h.transport.visits.end()
	defer h.transport.lose()
	return h.ConsumerGroupHandler.Cleanup(s)
}

func (h *handler) ConsumeClaim(s sarama.ConsumerGroupSession, c sarama.ConsumerGroupClaim) error {
	next := c.InitialOffset()
	if next < 0 {
		oldest, err := h.group.client.GetOffset(c.Topic(), c.Partition(), sarama.OffsetOldest)
		if err != nil {
			return err
		}
		next = oldest
	}
	if own := h.transport.claim(c.Topic(), c.Partition()); own != nil {
		own.start(next, c.HighWaterMarkOffset)
	}
	return h.ConsumerGroupHandler.ConsumeClaim(s, c)
}

// session sees the marks that goka sets once a record's emits are acknowledged.
type session struct {
	sarama.ConsumerGroupSession
	transport *Transport
}

func (s *session) MarkOffset(topic string, partition int32, offset int64, metadata string) {
	s.ConsumerGroupSession.MarkOffset(topic, partition, offset, metadata)
	if c := s.transport.claim(topic, partition); c != nil {
		c.done(offset)
	}
}
