// Package command sends catalog commands and waits for the verdicts that the catalog group gives.
package command

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	catalogcodec "github.com/millrace/millrace/codecs/catalog"
	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/topology"
)

// Sender sends commands of one actor.
type Sender struct {
	client   engine.ClientConfig
	topology *topology.Topology
	actor    string
}

// NewSender returns a sender. The actor stands in the audit.
func NewSender(c engine.ClientConfig, t *topology.Topology, actor string) *Sender {
	return &Sender{client: c, topology: t, actor: actor}
}

// Put asks for every entity to be as given, and returns the verdicts in the same order once all are there.
func (s *Sender) Put(ctx context.Context, entities ...catalog.Entity) ([]*catalog.Event, error) {
	at := instant.Of(time.Now())
	commands := make([]*catalog.Command, len(entities))
	for i, e := range entities {
		commands[i] = catalog.NewPut(rand.Text(), s.actor, at, e)
	}
	return s.Send(ctx, commands...)
}

// Send sends commands, and returns the verdicts in the same order once all are there.
func (s *Sender) Send(ctx context.Context, commands ...*catalog.Command) ([]*catalog.Event, error) {
	client, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	for _, c := range commands {
		value, err := s.topology.CatalogCommands.Codec.Encode(c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Key(), err)
		}
		r := &kgo.Record{Topic: s.topology.CatalogCommands.Name, Key: []byte(c.Key()), Value: value}
		if err := client.ProduceSync(ctx, r).FirstErr(); err != nil {
			return nil, fmt.Errorf("send command: %w", err)
		}
	}
	return s.verdicts(ctx, client, commands)
}

// connect returns a client that reads the verdicts from now on.
func (s *Sender) connect(ctx context.Context) (*kgo.Client, error) {
	events := s.topology.CatalogEvents.Name
	opts, err := s.client.Options()
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(append(opts, kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.FetchMaxWait(100*time.Millisecond),
		kgo.RecordPartitioner(engine.Partitioner()))...)
	if err != nil {
		return nil, err
	}
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, events)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		client.Close()
		return nil, fmt.Errorf("topic %s: %w", events, err)
	}
	client.AddConsumePartitions(ends.KOffsets())
	return client, nil
}

func (s *Sender) verdicts(ctx context.Context, client *kgo.Client,
	commands []*catalog.Command) ([]*catalog.Event, error) {
	index := map[string]int{}
	for i, c := range commands {
		index[c.ID] = i
	}
	events := make([]*catalog.Event, len(commands))
	for missing := len(commands); missing > 0; {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%d of %d commands have no verdict yet (is the catalog group running?): %w", missing,
				len(commands), context.Cause(ctx))
		}
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		for r := range fetches.RecordsAll() {
			e, err := catalogcodec.Event{}.Decode(r.Value)
			if err != nil {
				continue // somebody else's
			}
			if i, ok := index[e.Verdict.CommandID]; ok && events[i] == nil {
				events[i], missing = e, missing-1
			}
		}
	}
	return events, nil
}
