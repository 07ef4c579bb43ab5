package stock

import (
	"math"
	"testing"

	"github.com/IBM/sarama"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/stream"
)

// Keys whose FNV-1a hash is MinInt32.
func minimalKeys() []string { return []string{"user-dwthxge", "user-e5kd527", "user-gptqret"} }

func TestEveryoneKeepsTheSameKeysTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.OneOf(rapid.String(), rapid.SampledFrom(minimalKeys())).Draw(t, "key")
		c := Config{Partitions: rapid.Int32Range(1, 100).Draw(t, "partitions")}
		want := stream.Partition([]byte(key), c.Partitions)
		written, err := sarama.NewCustomHashPartitioner(c.hasher)("topic").
			Partition(&sarama.ProducerMessage{Key: sarama.StringEncoder(key)}, c.Partitions)
		if err != nil || written != want {
			t.Fatalf("the producer writes to %d (%v), not %d", written, err, want)
		}
		h := c.hasher()
		_, _ = h.Write([]byte(key))
		read := int32(h.Sum32()) // as goka's Processor.hash and View.hash do
		if read < 0 {
			read = -read
		}
		if read%c.Partitions != want {
			t.Fatalf("goka reads from %d, not %d", read%c.Partitions, want)
		}
	})
}

func TestMinimalKeysAreMinimal(t *testing.T) {
	for _, key := range minimalKeys() {
		h := Config{Partitions: 12}.hasher().(safeHash)
		_, _ = h.Write([]byte(key))
		if sum := int32(h.Hash32.Sum32()); sum != math.MinInt32 {
			t.Errorf("%s hashes to %d", key, sum)
		}
	}
}

func TestConfigNamesEveryProblem(t *testing.T) {
	err := Config{Tick: -5, SweepEvery: -1, FetchWait: -1}.Validate()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) != 5 {
		t.Errorf("got %v", err)
	}
	if err := (Config{Brokers: []string{"b"}, Partitions: 1, Tick: NoTick}).Validate(); err != nil {
		t.Error(err)
	}
	if err := (Config{Partitions: 1}).withDefaults().saramaConfig().Validate(); err != nil {
		t.Error(err)
	}
}
