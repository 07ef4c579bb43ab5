package streamtest

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/millrace/millrace/engine/enginetest"
)

// errKilled is why a processor does not come to rest.
var errKilled = errors.New("the processor was killed")

// kills are the points at which one life after the other ends, in turn; nil: none does.
type kills []enginetest.Point

// everyStep is a kill at each step that a transaction is sent in.
func everyStep() kills {
	var k kills
	for _, key := range []kmsg.Key{kmsg.EndTxn, kmsg.TxnOffsetCommit, kmsg.Produce} {
		k = append(k, enginetest.Point{Key: key}, enginetest.Point{Key: key, Applied: true})
	}
	return k
}

// act does what gives the processor something to handle, and returns when that is handled. Where there are kills, the
// processor's wire is cut meanwhile, and another begins with nothing but what Kafka has.
func (h *Harness) act(do func()) {
	h.t.Helper()
	if len(h.kills) == 0 {
		do()
		h.settle()
		return
	}
	point := h.kills[0]
	h.kills = append(h.kills[1:], point)
	h.wire.CutAt(point)
	do()
	ctx, done := h.context()
	defer done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	rested := make(chan error, 1)
	go func() { rested <- h.rest(ctx) }()
	select {
	case err := <-rested:
		if err != nil {
			h.t.Fatal(err)
		}
		h.wire.CallAt(point, func() {}) // the cut is called off
		return
	case <-h.wire.Done():
	}
	cancel(errKilled)
	if err := h.stop(); err != nil {
		h.t.Logf("the killed processor says: %v", err)
	}
	<-rested
	h.start(h.config.Build())
}
