package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/topology"
	paymentviews "github.com/millrace/millrace/views/payment"
)

// payments sends what is handed in over HTTP to the payments topic, as views.Payments. It has a client of its own: what
// waits for brokers that are away must not hold up commands.
type payments struct {
	client     *kgo.Client
	topic      string
	partitions int32
}

// The bounds of what waits for brokers, and for how long; after that it is dropped, and whoever sent it was told so.
const (
	relayBufferBytes = 64 << 20
	relayPatience    = 30 * time.Second
)

func newPayments(c engine.ClientConfig, t *topology.Topology) (*payments, error) {
	opts, err := c.Options()
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(append(opts, kgo.RequiredAcks(kgo.AllISRAcks()), kgo.ProducerBatchMaxBytes(2<<20),
		kgo.MaxBufferedBytes(relayBufferBytes), kgo.RecordDeliveryTimeout(relayPatience),
		kgo.ProducerLinger(0), kgo.RecordPartitioner(engine.Partitioner()))...)
	if err != nil {
		return nil, err
	}
	return &payments{client, t.Payments.Name, t.Config.Partitions}, nil
}

// Send implements views.Payments. It returns with ctx even though brokers may still take what is under way.
func (p *payments) Send(ctx context.Context, events []paymentviews.PaymentEvent) error {
	var records []*kgo.Record
	for _, e := range events {
		if !e.Clock {
			records = append(records, &kgo.Record{Topic: p.topic, Key: []byte(e.Key), Value: e.Value})
			continue
		}
		for n := range p.partitions {
			records = append(records, &kgo.Record{Topic: p.topic, Partition: n, Value: e.Value})
		}
	}
	var mu sync.Mutex
	var failed error
	left, done := len(records), make(chan struct{})
	for _, r := range records {
		p.client.Produce(ctx, r, func(_ *kgo.Record, err error) {
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
			if left--; left == 0 {
				close(done)
			}
		})
	}
	select {
	case <-done:
		mu.Lock()
		defer mu.Unlock()
		return failed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
