package workload

import (
	"fmt"

	"github.com/lovoo/goka"
)

// Stage is one of the two graphs.
type Stage string

// The stages.
const (
	Ledger   Stage = "ledger"
	Progress Stage = "progress"
)

// Stages are all stages, in the order of the pipeline.
func Stages() []Stage { return []Stage{Ledger, Progress} }

// Names are the topics of one run of a stage.
type Names struct {
	Group  goka.Group
	Input  goka.Stream
	Output goka.Stream // postings; not used by progress
}

// Persist makes the edge of a group table: goka.Persist, or engine.Persist, which a graph may use whose rows nobody
// changes.
type Persist func(goka.Codec) goka.Edge

// Graph returns a plain goka graph. called is called at the end of each callback, from several goroutines.
func Graph(s Stage, n Names, c Codecs, persist Persist, called func()) (*goka.GroupGraph, error) {
	switch s {
	case Ledger:
		return goka.DefineGroup(n.Group,
			goka.Input(n.Input, codec[Event, *Event](c), func(ctx goka.Context, m any) {
				keepAccount(ctx, n.Output, m.(*Event))
				called()
			}),
			goka.Output(n.Output, codec[Posting, *Posting](c)),
			persist(codec[Account, *Account](c)),
		), nil
	case Progress:
		return goka.DefineGroup(n.Group,
			goka.Input(n.Input, codec[Posting, *Posting](c), func(ctx goka.Context, m any) {
				total, _ := ctx.Value().(*Total)
				ctx.SetValue(total.Apply(m.(*Posting)))
				called()
			}),
			persist(codec[Total, *Total](c)),
		), nil
	}
	return nil, fmt.Errorf("workload: stage %q: one of %v", s, Stages())
}

func keepAccount(ctx goka.Context, postings goka.Stream, e *Event) {
	account, _ := ctx.Value().(*Account)
	next, posting := account.Apply(e)
	if next == account {
		return
	}
	ctx.SetValue(next)
	if posting != nil {
		ctx.Emit(postings, posting.User, posting)
	}
}
