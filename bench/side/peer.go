package main

import (
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/lovoo/goka/storage"

	"github.com/millrace/millrace/bench/workload"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/store"
)

// The sides.
const (
	stock  = "stock"  // goka on sarama and LevelDB
	disk   = "engine" // goka on the engine, tables on disk
	memory = "memory" // goka on the engine, tables in memory
)

// sides are all sides; the first two have their tables on disk and are compared.
func sides() []string { return []string{stock, disk, memory} }

// peer is what makes goka run as one side.
type peer struct {
	options []goka.ProcessorOption
	persist workload.Persist
	closer  io.Closer // to be closed at the end
}

func newPeer(j job) (peer, error) {
	c := engine.Config{
		Client: engine.ClientConfig{Brokers: []string{j.Broker}, Compression: "snappy"}, CommitInterval: j.Interval,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	switch j.Side {
	case stock:
		return peer{stockOptions(j.Dir), goka.Persist, io.NopCloser(nil)}, nil
	case disk:
		d, err := store.NewDisk(store.DiskConfig{Dir: filepath.Join(j.Dir, "engine")})
		if err != nil {
			return peer{}, err
		}
		c.Stores = d
		return peer{engine.Options(c), engine.Persist, d}, nil
	case memory:
		return peer{engine.Options(c), engine.Persist, io.NopCloser(nil)}, nil
	}
	return peer{}, fmt.Errorf("side %q: one of %v", j.Side, sides())
}

// stockOptions is goka as its users run it: goka.DefaultConfig (snappy, batches of 64 KiB or 100 ms, offsets committed
// each second) and its own LevelDB builder. Larger channels (256 to 4,096 messages in sarama, 100 to 4,096 in goka) and
// batches of 1 MiB made no difference. What is not a default is
//   - acks=all, where goka's is 1: as payments need it, and with one broker both cost the same;
//   - the start of the topic for a new group, where goka's is its end;
//   - one replica of its topics, since there is one broker, where goka's are 2.
func stockOptions(dir string) []goka.ProcessorOption {
	c := goka.DefaultConfig()
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	topics := goka.NewTopicManagerConfig()
	topics.Table.Replication, topics.Stream.Replication = 1, 1
	return []goka.ProcessorOption{
		goka.WithLogger(log.New(io.Discard, "", 0)),
		goka.WithStorageBuilder(storage.DefaultBuilder(filepath.Join(dir, "stock"))),
		goka.WithConsumerGroupBuilder(goka.ConsumerGroupBuilderWithConfig(c)),
		goka.WithConsumerSaramaBuilder(goka.SaramaConsumerBuilderWithConfig(c)),
		goka.WithProducerBuilder(goka.ProducerBuilderWithConfig(c)),
		goka.WithTopicManagerBuilder(goka.TopicManagerBuilderWithConfig(c, topics)),
	}
}
