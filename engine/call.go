package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/millrace/millrace/engine/watermark"
	"github.com/millrace/millrace/stream"
)

// callsAhead is how many timer calls of a partition are under way at once. Each finds out when its turn comes whether
// it still is the next: a callback may have set a timer that comes before.
const callsAhead = 100

// calls is the one visit of goka's by which a transaction's timers are called: it stays open, for all partitions, and
// is told key after key. A visit for each timer would cost far more than the callback.
type calls struct {
	keys map[int32]chan string
	over chan struct{} // there are no more
	done chan error    // goka's visit has ended
}

// call begins the calls of the timers that are due next.
func (s *session) call(p *partition) error {
	keys, err := p.timers.ahead(p.time.Watermark(), int(min(callsAhead, p.window.room)))
	if err != nil {
		return err
	}
	if s.calls == nil {
		if s.processor == nil {
			return fmt.Errorf("%w: not a goka processor", ErrVisit)
		}
		s.openCalls()
	}
	s.called += len(keys)
	for _, key := range keys {
		p.dispatch()
		s.calls.keys[p.number] <- key // there is room: all calls before are done
	}
	return nil
}

func (s *session) openCalls() {
	c := &calls{keys: map[int32]chan string{}, over: make(chan struct{}), done: make(chan error, 1)}
	for n := range s.parts {
		c.keys[n] = make(chan string, callsAhead)
	}
	s.calls = c
	s.engine.visits.set(func(t *table) keys {
		return &calledKeys{calls: c.keys[t.local.partition], over: c.over, ctx: s.ctx}
	})
	go func() {
		_, err := s.processor.VisitAllWithStats(s.ctx, stream.TimerVisit, dueTimers{s})
		if !isClosed(c.over) && s.ctx.Err() == nil {
			s.fail() // nobody would wait for the calls in vain
		}
		c.done <- err
	}()
}

// closeCalls ends the visit, if there is one.
func (s *session) closeCalls() error {
	c := s.calls
	if c == nil {
		return nil
	}
	s.calls, s.called = nil, 0
	close(c.over)
	err := <-c.done
	s.engine.visits.set(nil)
	return s.visitError(err)
}

// calledKeys are the keys of timers that become due.
type calledKeys struct {
	calls <-chan string
	over  <-chan struct{}
	ctx   context.Context
}

func (k *calledKeys) next() (string, bool) {
	select {
	case key := <-k.calls:
		return key, true
	case <-k.over:
	case <-k.ctx.Done():
	}
	return "", false
}

// dueTimers is the meta value of timer visits.
type dueTimers struct{ session *session }

// Pop removes and returns the next timer, if it is one of that key.
func (d dueTimers) Pop(number int32, key string) []stream.Timer {
	p := d.session.parts[number]
	at := p.now.Load()
	if at == watermark.None {
		return nil
	}
	t, ok, err := p.timers.pop(at, key)
	if err != nil {
		d.session.member.fail(err)
	}
	if err != nil || !ok {
		return nil
	}
	d.session.served.Add(1)
	return []stream.Timer{{Due: time.UnixMilli(t.Due).UTC(), Name: t.Name}}
}

// Called counts a call that is done.
func (d dueTimers) Called(number int32) { d.session.mark(number) }
