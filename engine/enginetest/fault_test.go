package enginetest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/enginetest"
)

// steps are all requests of a life, from finding the brokers to the end of a transaction. With transaction.version=2
// there is none that adds partitions or offsets to a transaction: producing and committing offsets does it.
func steps() []kmsg.Key {
	return []kmsg.Key{
		kmsg.Metadata, kmsg.FindCoordinator, kmsg.InitProducerID, kmsg.JoinGroup, kmsg.SyncGroup, kmsg.OffsetFetch, kmsg.ListOffsets,
		kmsg.Fetch, kmsg.Produce, kmsg.TxnOffsetCommit, kmsg.EndTxn, kmsg.Heartbeat,
	}
}

// A connection that breaks loses a request, or the answer to one that was carried out: an acknowledgement, a commit.
// The second life, which has a table to restore, ends the script as if nothing had happened.
func TestBrokenConnections(t *testing.T) {
	for _, key := range steps() {
		for _, p := range []enginetest.Point{{Key: key}, {Key: key, Applied: true}, {Key: key, After: 2}, {Key: key, After: 2, Applied: true}} {
			t.Run(p.String(), func(t *testing.T) {
				t.Parallel()
				h := newHarness(t)
				h.Produce("in", input()...)
				h.CrashAt(enginetest.Point{Key: kmsg.EndTxn, After: 2, Applied: true})
				broken := h.StartBreaking(p)
				settle(t, h)
				h.Stop()
				check(t, h)
				select {
				case <-broken:
				default:
					if p.After == 0 {
						t.Error("no connection was broken")
					}
				}
			})
		}
	}
}

// answers are what brokers say at each step, by what has happened to them.
func answers() map[string][]kfake.Fault {
	of := func(topLevel bool, err *kerr.Error, keys ...kmsg.Key) []kfake.Fault {
		var faults []kfake.Fault
		for _, key := range keys {
			faults = append(faults, kfake.Fault{Keys: []kmsg.Key{key}, Err: err, TopLevel: topLevel})
		}
		return faults
	}
	all := map[string][]kfake.Fault{}
	add := func(kind string, faults []kfake.Fault) { all[kind] = append(all[kind], faults...) }

	for _, err := range []*kerr.Error{kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress} {
		add("coordinator moved", of(false, err, kmsg.TxnOffsetCommit, kmsg.OffsetFetch))
		add("coordinator moved", of(true, err, kmsg.InitProducerID, kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat, kmsg.EndTxn))
	}
	add("coordinator moved", of(false, kerr.CoordinatorNotAvailable, kmsg.FindCoordinator))

	for _, err := range []*kerr.Error{kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.UnknownTopicOrPartition} {
		add("partition unavailable", of(false, err, kmsg.Fetch, kmsg.Produce, kmsg.ListOffsets))
	}
	for _, err := range []*kerr.Error{kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend, kerr.KafkaStorageError} {
		add("partition unavailable", of(false, err, kmsg.Produce))
	}
	add("partition unavailable", of(false, kerr.LeaderNotAvailable, kmsg.Metadata))
	add("partition unavailable", of(false, kerr.OffsetNotAvailable, kmsg.ListOffsets, kmsg.Fetch))

	for _, err := range []*kerr.Error{kerr.RebalanceInProgress, kerr.IllegalGeneration, kerr.UnknownMemberID} {
		add("rebalance", of(false, err, kmsg.TxnOffsetCommit))
		add("rebalance", of(true, err, kmsg.SyncGroup, kmsg.Heartbeat))
	}
	add("rebalance", of(true, kerr.UnknownMemberID, kmsg.JoinGroup))
	add("rebalance", of(true, kerr.RebalanceInProgress, kmsg.JoinGroup))

	for _, err := range []*kerr.Error{kerr.UnknownServerError, kerr.RequestTimedOut} {
		add("outcome unknown", of(false, err, kmsg.Produce, kmsg.TxnOffsetCommit, kmsg.Fetch, kmsg.ListOffsets))
		add("outcome unknown", of(true, err, kmsg.EndTxn, kmsg.InitProducerID))
	}

	add("transaction", of(false, kerr.ConcurrentTransactions, kmsg.Produce, kmsg.TxnOffsetCommit))
	add("transaction", of(true, kerr.ConcurrentTransactions, kmsg.InitProducerID, kmsg.EndTxn))
	add("transaction", of(false, kerr.TransactionAbortable, kmsg.Produce, kmsg.TxnOffsetCommit))
	add("transaction", of(true, kerr.TransactionAbortable, kmsg.EndTxn))
	add("transaction", of(true, kerr.InvalidTxnState, kmsg.EndTxn))
	add("transaction", of(false, kerr.UnstableOffsetCommit, kmsg.OffsetFetch))
	return all
}

// later makes a fault begin after some requests, so that it finds work under way.
func later(n int, f kfake.Fault) kfake.Fault {
	f.When = func(kmsg.Request) bool { n--; return n < 0 }
	return f
}

// Whatever brokers answer, at the first such request or later, the script ends as if nothing had happened.
func TestFaults(t *testing.T) {
	for kind, faults := range answers() {
		for _, fault := range faults {
			for _, after := range []int{0, 2} {
				name := fmt.Sprintf("%s/%s-%d/%s", kind, fault.Keys[0].Name(), after+1, fault.Err.Message)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					h, cluster := enginetest.NewFake(t, small(), topics, counter)
					h.Produce("in", input()...)
					seen := cluster.Fault(later(after, fault))
					finish(t, h)
					if seen.Hits() == 0 && after == 0 && fault.Keys[0] != kmsg.Heartbeat {
						t.Error("the fault never came")
					}
				})
			}
		}
	}
}

// A slot that another process has taken over is given up, at whatever step it is told.
func TestFencedSlotEnds(t *testing.T) {
	for _, fault := range []kfake.Fault{
		{Keys: []kmsg.Key{kmsg.InitProducerID}, Err: kerr.ProducerFenced, TopLevel: true},
		{Keys: []kmsg.Key{kmsg.JoinGroup}, Err: kerr.FencedInstanceID, TopLevel: true},
		{Keys: []kmsg.Key{kmsg.SyncGroup}, Err: kerr.FencedInstanceID, TopLevel: true},
		{Keys: []kmsg.Key{kmsg.Heartbeat}, Err: kerr.FencedInstanceID, TopLevel: true},
		{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.InvalidProducerEpoch},
		{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.ProducerFenced},
		{Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.FencedInstanceID},
		{Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.InvalidProducerEpoch},
		{Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.ProducerFenced},
		{Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.ProducerFenced, TopLevel: true},
		{Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.InvalidProducerEpoch, TopLevel: true},
	} {
		for _, after := range []int{0, 2} {
			if key := fault.Keys[0]; after > 0 && (key == kmsg.InitProducerID || key == kmsg.JoinGroup || key == kmsg.SyncGroup) {
				continue // sent once
			}
			t.Run(fmt.Sprintf("%s-%d/%s", fault.Keys[0].Name(), after+1, fault.Err.Message), func(t *testing.T) {
				t.Parallel()
				h, cluster := enginetest.NewFake(t, small(), topics, counter)
				h.Produce("in", input()...)
				fault.Count = -1
				seen := cluster.Fault(later(after, fault))
				h.Start()
				if err := h.Wait(); !errors.Is(err, engine.ErrFenced) {
					t.Errorf("got %v", err)
				}
				seen.Remove()
				finish(t, h)
			})
		}
	}
}

// Partitions and coordinators move to other brokers in the middle of transactions.
func TestMoves(t *testing.T) {
	t.Parallel()
	h, cluster := enginetest.NewFake(t, small(), topics, counter, kfake.NumBrokers(3))
	h.Produce("in", input()...)
	for i := range 12 {
		h.OnCall(20*(i+1), func() {
			if i%3 == 2 {
				cluster.RehashCoordinators()
				return
			}
			for _, topic := range topics {
				for p := range int32(enginetest.Partitions) {
					if err := cluster.MoveTopicPartition(h.Prefix+topic, p, (int32(i)+p)%3); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	finish(t, h)
}

// Another process comes and goes in the middle.
func TestRebalance(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.Produce("in", input()...)
	twin := h.Twin("1")
	come, came := make(chan struct{}), make(chan struct{})
	h.OnCall(40, func() { close(come) })
	h.OnCall(80, func() { <-came })
	h.Start()
	<-come
	twin.Start()
	close(came)
	twin.Ready()
	twin.Drain()
	twin.Stop()
	settle(t, h)
	h.Stop()
	check(t, h)
}

// A transaction that takes too long is aborted by the broker. The processor ends, and the next life does the work.
func TestTransactionTimeout(t *testing.T) {
	t.Parallel()
	c := small()
	c.TransactionTimeout = 400 * time.Millisecond
	h := enginetest.New(t, c, topics, counter)
	h.Produce("in", input()...)
	h.OnCall(77, func() { untilAborted(t, h) })
	h.Start()
	if err := h.Wait(); !errors.Is(err, engine.ErrBatch) && !errors.Is(err, engine.ErrFenced) {
		t.Errorf("got %v", err)
	}
	finish(t, h)
}

// untilAborted returns when the broker has aborted a transaction, which begins there with the first batch of records.
func untilAborted(t *testing.T, h *enginetest.Harness) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	id := h.Prefix + "counter-0"
	for begun, done := false, false; !done; {
		described, err := kadm.NewClient(h.Client).DescribeTransactions(ctx, id)
		if err != nil {
			t.Error(err)
			return
		}
		state := described[id].State
		begun = begun || state == "Ongoing"
		done = begun && (state == "Empty" || state == "CompleteAbort")
	}
}

// Brokers of before transaction.version=2 are refused: their transactions lose writes.
func TestFaultyTransactionsAreRefused(t *testing.T) {
	t.Parallel()
	h, _ := enginetest.NewFake(t, small(), topics, counter, kfake.MaxVersions(kversion.V3_8_0()))
	h.Start()
	if err := h.Wait(); !errors.Is(err, engine.ErrBroker) {
		t.Errorf("got %v", err)
	}
}
