package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/stream"
)

// The commands that stand in for the programs around the processor: a till, and somebody who reads what comes out.

var errUsage = errors.New("usage: turnover [FLAGS]; turnover [FLAGS] sell SHOP AMOUNT TIME; turnover [FLAGS] watch")

// shop does what the words behind the flags say.
func shop(ctx context.Context, brokers, words []string, out io.Writer) error {
	switch {
	case words[0] == "sell" && len(words) == 4:
		return sell(ctx, brokers, words[1], words[2], words[3], out)
	case words[0] == "watch" && len(words) == 1:
		return watch(ctx, brokers, out)
	default:
		return errUsage
	}
}

// createTopics creates those that others share with the processor and that are not there, with one partition. The
// engine makes its own.
func createTopics(ctx context.Context, brokers []string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		return err
	}
	defer client.Close()
	answers, err := kadm.NewClient(client).CreateTopics(ctx, 1, -1, nil, "sales", "turnover", "turnover-dead-letters")
	if err != nil {
		return fmt.Errorf("no broker answers at %v: %w", brokers, err)
	}
	for _, a := range answers {
		if a.Err != nil && !errors.Is(a.Err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("topic %s: %w", a.Topic, a.Err)
		}
	}
	return nil
}

// sell writes one sale, keyed by its shop.
func sell(ctx context.Context, brokers []string, name, amount, at string, out io.Writer) error {
	minor, err := strconv.ParseInt(amount, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is no amount: write whole minor units, such as 250", amount)
	}
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return fmt.Errorf("%q is no time: write RFC 3339, such as 2026-03-01T10:00:05Z", at)
	}
	value, err := json.Marshal(Sale{Amount: minor, At: t})
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		return err
	}
	defer client.Close()
	r := &kgo.Record{Topic: "sales", Key: []byte(name), Value: value}
	if err := client.ProduceSync(ctx, r).FirstErr(); err != nil {
		return fmt.Errorf("topic sales: %w", err)
	}
	fmt.Fprintf(out, "%s %s\n", name, value)
	return nil
}

// watch prints what comes out, from the beginning, until the context ends.
func watch(ctx context.Context, brokers []string, out io.Writer) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeTopics("turnover", "turnover-dead-letters"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err := fetches.Err(); err != nil {
			return err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			why := ""
			for _, h := range r.Headers {
				if h.Key == stream.HeaderReason {
					why = " " + string(h.Value)
				}
			}
			fmt.Fprintf(out, "%s: %s %s%s\n", r.Topic, r.Key, r.Value, why)
		})
	}
}
