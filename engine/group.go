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
	e := g.engine
	var last *string // member id of the client before
	for ctx.Err() == nil {
		err := func() error {
			m, err := e.join(ctx, topics, last)
			if err != nil {
				return err
			}
			defer func() { id := m.leave(); last = &id }()
			return m.serve(ctx, h)
		}()
		if err == nil || errors.Is(err, ErrFenced) {
			return err
		}
		if !errors.Is(err, errRenew) {
			return e.orFenced(err, last)
		}
		e.config.Logger.Warn("client is replaced", "group", e.graph.group, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(renewDelay):
		}
	}
	return nil
}

// slotPatience is how long the end of a processor waits for word of its slot.
const slotPatience = 2 * time.Second

// orFenced says that the slot is lost, too, if it is: a process that stood still for long notices that its callbacks
// took too long before it hears of its successor, which it must not put out by a start.
func (e *Engine) orFenced(err error, last *string) error {
	if last == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(e.life, slotPatience)
	defer cancel()
	if lost := e.checkSlot(ctx, *last); errors.Is(lost, ErrFenced) {
		return errors.Join(lost, err)
	}
	return err
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
