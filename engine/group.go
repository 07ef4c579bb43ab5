package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

var _ sarama.ConsumerGroup = (*group)(nil)

// group runs all sessions, and all clients that they need, within one Consume: goka sleeps 5 s between two.
type group struct {
	engine *Engine
	errs   chan error
	closed sync.Once
}

func newGroup(e *Engine) *group { return &group{engine: e, errs: make(chan error)} }

// renewDelay is the pause before a client that failed is replaced.
const renewDelay = 200 * time.Millisecond

// errRenew wraps what makes a client unfit for another transaction.
var errRenew = errors.New("engine: client must be replaced")

// Consume returns when the context ends, or with the error that ends the processor.
func (g *group) Consume(ctx context.Context, topics []string, h sarama.ConsumerGroupHandler) error {
	e, last := g.engine, ""
	for ctx.Err() == nil {
		err := func() error {
			m, err := e.join(ctx, topics, last)
			if err != nil {
				return err
			}
			defer func() { last = m.leave() }()
			return m.serve(ctx, h)
		}()
		if err == nil || !errors.Is(err, errRenew) {
			return err
		}
		e.config.Logger.Warn("client is replaced", "group", e.graph.group, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(renewDelay):
		}
	}
	return nil
}

func (g *group) Errors() <-chan error { return g.errs }

func (g *group) Close() error {
	g.closed.Do(func() { close(g.errs) })
	return nil
}

func (g *group) Pause(map[string][]int32)  {}
func (g *group) Resume(map[string][]int32) {}
func (g *group) PauseAll()                 {}
func (g *group) ResumeAll()                {}
