package engine

import (
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The places of a transaction that Config.Failpoint is told of, in their order.
const (
	// AfterPoll is when records have come and none was handed out.
	AfterPoll = "after-poll"
	// AfterStateWrite is when a callback has written a row.
	AfterStateWrite = "after-state-write"
	// AfterEmit is when a callback has emitted a record.
	AfterEmit = "after-emit"
	// BeforeCommit is when the brokers have all records and rows.
	BeforeCommit = "before-commit"
	// BetweenOffsetsAndCommit is when the group coordinator has taken the offsets into the transaction, and the
	// transaction coordinator was not yet told to commit.
	BetweenOffsetsAndCommit = "between-offsets-and-commit"
	// AfterCommitBeforeLocalFlush is when the transaction is committed and the local store knows nothing of it.
	AfterCommitBeforeLocalFlush = "after-commit-before-local-flush"
)

// Failpoints returns the names of all places, in their order in a transaction.
func Failpoints() []string {
	return []string{AfterPoll, AfterStateWrite, AfterEmit, BeforeCommit, BetweenOffsetsAndCommit,
		AfterCommitBeforeLocalFlush}
}

// pass tells of a place in a transaction. Callbacks pass some of them at the same time.
func (e *Engine) pass(place string) {
	if f := e.config.Failpoint; f != nil {
		f(place)
	}
}

// offsetsHook passes BetweenOffsetsAndCommit, which lies within kgo's End: when the answer that takes the offsets in
// has been read, End still makes sure of the group's heartbeat before it ends the transaction.
type offsetsHook struct{ engine *Engine }

var _ kgo.HookBrokerE2E = offsetsHook{}

// OnBrokerE2E is kgo's hook for each request that was answered, or failed.
func (h offsetsHook) OnBrokerE2E(_ kgo.BrokerMetadata, key int16, e2e kgo.BrokerE2E) {
	if key == kmsg.TxnOffsetCommit.Int16() && e2e.Err() == nil {
		h.engine.pass(BetweenOffsetsAndCommit)
	}
}

// hooks are the client's. Requests go without ours while nobody wants to know.
func (m *member) hooks() []kgo.Hook {
	if m.engine.config.Failpoint == nil {
		return []kgo.Hook{m}
	}
	return []kgo.Hook{m, offsetsHook{m.engine}}
}
