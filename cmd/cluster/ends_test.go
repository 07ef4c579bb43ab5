package cluster

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestEndOffsetsLeaveOutEmptyPartitions(t *testing.T) {
	k := newKafka(t)
	k.create("a", 3, nil)
	k.create("b", 1, nil)
	k.put("a", 0, 2)
	k.put("a", 2, 5)
	trim := kadm.Offsets{}
	trim.AddOffset("a", 2, 5, -1) // all of it
	trim.AddOffset("a", 0, 1, -1) // half of it
	if _, err := k.adm.DeleteRecords(t.Context(), trim); err != nil {
		t.Fatal(err)
	}
	k.ends(Ends{"a": {0: 2}}, "a", "b")
	if _, err := EndOffsets(t.Context(), k.adm, []string{"a", "missing"}); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("a topic that is not there: %v", err)
	}
}

func (k *kafka) ends(want Ends, topics ...string) {
	k.t.Helper()
	got, err := EndOffsets(k.t.Context(), k.adm, topics)
	if err != nil {
		k.t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		k.t.Error(diff)
	}
}

// transact begins a transaction, writes n records to each of the partitions and returns how to end it.
func (k *kafka) transact(id, topic string, n int, partitions ...int32) func(kgo.TransactionEndTry) {
	k.t.Helper()
	c := k.client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionalID(id))
	if err := c.BeginTransaction(); err != nil {
		k.t.Fatal(err)
	}
	for range n {
		for _, p := range partitions {
			if err := c.ProduceSync(k.t.Context(), &kgo.Record{Topic: topic, Partition: p, Value: []byte("v")}).FirstErr(); err != nil {
				k.t.Fatal(err)
			}
		}
	}
	return func(how kgo.TransactionEndTry) {
		k.t.Helper()
		if err := c.EndTransaction(k.t.Context(), how); err != nil {
			k.t.Fatal(err)
		}
	}
}

// Behind the last record stand markers, and records that no read_committed reader gets.
func TestEndOffsetsAreThoseOfRecordsThatAreRead(t *testing.T) {
	k := newKafka(t)
	k.create("a", 4, nil)
	k.transact("x", "a", 3, 0, 1)(kgo.TryCommit) // 0, 1, 2 and a marker
	k.ends(Ends{"a": {0: 3, 1: 3}}, "a")
	k.put("a", 1, 1)
	for range 9 { // longer than the first stretches
		k.transact("x", "a", 2, 0, 2)(kgo.TryAbort)
	}
	k.ends(Ends{"a": {0: 3, 1: 5}}, "a")
	k.transact("x", "a", 1, 0)(kgo.TryCommit)
	k.put("a", 3, 1)
	k.ends(Ends{"a": {0: 32, 1: 5, 3: 1}}, "a")
}

func TestEndOffsetsWaitForTransactionsUnderWay(t *testing.T) {
	k := newKafka(t)
	k.create("a", 1, nil)
	end := k.transact("x", "a", 2, 0)
	tooLong := errors.New("waited long enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := EndOffsets(ctx, k.adm, []string{"a"})
		done <- err
	}()
	for range 5 { // start, end, and looks at what is stable
		select {
		case <-k.listed:
		case err := <-done:
			t.Fatal("it did not wait:", err)
		}
	}
	cancel(tooLong)
	if err := <-done; !errors.Is(err, tooLong) || !strings.Contains(err.Error(), "a/0") {
		t.Errorf("got %v", err)
	}
	k.put("a", 0, 1) // holds nobody up, but comes behind the transaction
	found := make(chan Ends, 1)
	go func() {
		ends, err := EndOffsets(t.Context(), k.adm, []string{"a"})
		done <- err
		found <- ends
	}()
	for range 4 {
		<-k.listed
	}
	end(kgo.TryCommit)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Ends{"a": {0: 3}}, <-found); diff != "" {
		t.Error(diff)
	}
}
