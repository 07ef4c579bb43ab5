package embedded

import (
	"bytes"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// An answer that is cut at its size still says which transactions were aborted.
func TestCutAnswersTellOfAbortedTransactions(t *testing.T) {
	ctx, b := t.Context(), start(t, Config{})
	c := client(t, b, kgo.TransactionalID("slot"), kgo.DefaultProduceTopic("topic"), kgo.ProducerBatchCompression(kgo.NoCompression()))
	defer c.Close()
	made, err := kadm.NewClient(c).CreateTopics(ctx, 1, 1, nil, "topic")
	if err != nil || made.Error() != nil {
		t.Fatal(err, made.Error())
	}
	if err := c.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if err := c.ProduceSync(ctx, kgo.SliceRecord(bytes.Repeat([]byte("x"), 1000))).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.EndTransaction(ctx, kgo.TryAbort); err != nil {
		t.Fatal(err)
	}

	all, err := kadm.NewClient(c).Metadata(ctx, "topic")
	if err != nil {
		t.Fatal(err)
	}
	p := kmsg.NewFetchRequestTopicPartition()
	p.PartitionMaxBytes, p.CurrentLeaderEpoch = 1500, -1
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.TopicID, topic.Partitions = "topic", all.Topics["topic"].ID, append(topic.Partitions, p)
	q := kmsg.NewPtrFetchRequest()
	q.MinBytes, q.MaxBytes, q.SessionEpoch, q.IsolationLevel, q.Topics = 1, 1500, -1, 1, append(q.Topics, topic)
	answer, err := q.RequestWith(ctx, c)
	if err != nil || answer.ErrorCode != 0 {
		t.Fatal(err, kerr.ErrorForCode(answer.ErrorCode))
	}
	if got := answer.Topics[0].Partitions[0]; len(got.AbortedTransactions) != 1 || len(got.RecordBatches) == 0 || len(got.RecordBatches) > 1500 {
		t.Errorf("%d aborted transactions, %d bytes; want 1 and some, but not more than asked for", len(got.AbortedTransactions), len(got.RecordBatches))
	}
}
