package enginetest_test

import (
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/enginetest"
)

// later makes a fault begin after some requests, so that it finds work under way.
func later(n int, f kfake.Fault) kfake.Fault {
	f.When = func(kmsg.Request) bool { n--; return n < 0 }
	return f
}

// Whatever brokers answer, the script ends as if nothing had happened, within one life of the processor.
func TestScriptWithFaults(t *testing.T) {
	of := func(key kmsg.Key, errs ...*kerr.Error) []kfake.Fault {
		var faults []kfake.Fault
		for _, err := range errs {
			faults = append(faults, kfake.Fault{Keys: []kmsg.Key{key}, Err: err})
		}
		return faults
	}
	txn := func(faults []kfake.Fault) []kfake.Fault {
		for i := range faults {
			faults[i].TopLevel = true
		}
		return faults
	}
	var all []kfake.Fault
	all = append(all, of(kmsg.Produce, kerr.NotLeaderForPartition, kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend,
		kerr.RequestTimedOut, kerr.UnknownServerError, kerr.ConcurrentTransactions, kerr.TransactionAbortable)...)
	all = append(all, of(kmsg.TxnOffsetCommit, kerr.RebalanceInProgress, kerr.CoordinatorNotAvailable, kerr.NotCoordinator,
		kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.ConcurrentTransactions, kerr.UnknownServerError)...)
	all = append(all, txn(of(kmsg.EndTxn, kerr.CoordinatorNotAvailable, kerr.NotCoordinator, kerr.UnknownServerError,
		kerr.RequestTimedOut, kerr.TransactionAbortable, kerr.InvalidTxnState, kerr.ConcurrentTransactions))...)
	all = append(all, txn(of(kmsg.Heartbeat, kerr.RebalanceInProgress, kerr.UnknownMemberID, kerr.NotCoordinator))...)
	all = append(all, of(kmsg.Fetch, kerr.NotLeaderForPartition, kerr.UnknownServerError)...)
	for _, fault := range all {
		t.Run(fault.Keys[0].Name()+"/"+fault.Err.Message, func(t *testing.T) {
			h, cluster := enginetest.NewFake(t, small(), topics, counter)
			h.Produce("in", input()...)
			seen := cluster.Fault(later(2, fault))
			finish(t, h)
			if seen.Hits() == 0 && fault.Keys[0] != kmsg.Heartbeat {
				t.Error("the fault never came")
			}
		})
	}
}

// A slot that another process has taken over is given up.
func TestFencedSlotEnds(t *testing.T) {
	for _, fault := range []kfake.Fault{
		{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.InvalidProducerEpoch},
		{Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.ProducerFenced, TopLevel: true},
		{Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.FencedInstanceID},
	} {
		t.Run(fault.Keys[0].Name(), func(t *testing.T) {
			h, cluster := enginetest.NewFake(t, small(), topics, counter)
			h.Produce("in", input()...)
			fault.Count = -1
			seen := cluster.Fault(later(2, fault))
			h.Start()
			if err := h.Wait(); !errors.Is(err, engine.ErrFenced) {
				t.Errorf("got %v", err)
			}
			seen.Remove()
			finish(t, h)
		})
	}
}
