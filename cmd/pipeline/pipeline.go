// Package pipeline joins processors and transport: it is the one place where a group's graph meets the engine.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/lovoo/goka"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/cmd/config"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/topology"
)

// Config says what to run.
type Config struct {
	Settings config.Config
	Topology *topology.Topology
	// Groups to run, without prefix. Defaults to all.
	Groups []string
	// Registerer takes the metrics of all groups. Defaults to a registry of its own, which nobody reads.
	Registerer prometheus.Registerer
	// Metrics are those of the engine, where views of this process share them. Defaults to some on Registerer.
	Metrics *engine.Metrics
	// Log defaults to one that drops everything.
	Log *slog.Logger
	// Data is the directory in which tables are kept, each group's below its name and slot. Defaults to none: in
	// memory.
	Data string
	// MayStand tells that inputs may stop for good, see engine.Config.
	MayStand bool
	// Failpoint is for crash tests, see engine.Config. Defaults to none.
	Failpoint func(place string)
}

// Pipeline is a set of processors that run in this process.
type Pipeline struct {
	members  []*member
	closeAll func() error
	slot     string
	drain    bool
	stopping <-chan struct{} // a stop has begun
	cancel   context.CancelCauseFunc
	done     chan struct{}

	mu  sync.Mutex
	err error
}

type member struct {
	name      string
	engine    *engine.Engine
	processor *goka.Processor
	settle    <-chan struct{}
}

// Start starts the processors. It returns as soon as they run; Ready tells when they handle records. All stop when ctx
// ends or one of them fails.
func Start(ctx context.Context, c Config) (*Pipeline, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Registerer == nil {
		c.Registerer = prometheus.NewRegistry()
	}
	if len(c.Groups) == 0 {
		c.Groups = topology.GroupIDs()
	}
	b, err := newBuilder(ctx, c)
	if err != nil {
		return nil, err
	}
	p := &Pipeline{done: make(chan struct{}), slot: slot(c.Settings), drain: c.Settings.Run.Drain}
	var errs []error
	for _, name := range c.Groups {
		m, err := b.member(name)
		errs = append(errs, err)
		p.members = append(p.members, m)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, errors.Join(err, b.close())
	}
	p.closeAll = b.close
	ctx, p.cancel = context.WithCancelCause(ctx)
	p.stopping = ctx.Done()
	var running sync.WaitGroup
	for _, m := range p.members {
		running.Add(1)
		go func() {
			defer running.Done()
			p.ended(m.name, m.engine.Run(ctx, m.processor))
		}()
		if m.settle != nil {
			running.Go(func() { b.follow(ctx, m) })
		}
	}
	go func() {
		running.Wait()
		p.cancel(nil)
		p.failed(p.closeAll())
		close(p.done)
	}()
	return p, nil
}

func (p *Pipeline) ended(name string, err error) {
	if err == nil {
		return
	}
	if errors.Is(err, engine.ErrFenced) {
		err = fmt.Errorf("group %s: another process has started with slot %s and goes on in its place: %w", name,
			p.slot, engine.ErrFenced)
	} else {
		err = fmt.Errorf("group %s stopped: %w", name, plain{err})
	}
	p.failed(err)
	p.cancel(err)
}

func (p *Pipeline) failed(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if errors.Is(err, engine.ErrFenced) && errors.Is(p.err, engine.ErrFenced) {
		return // one process has taken the slot in all groups, and one line says so
	}
	p.err = errors.Join(p.err, err)
}

// plain says in one line what goka says in several.
type plain struct{ error }

func (p plain) Error() string {
	text := strings.Join(strings.Fields(p.error.Error()), " ")
	return strings.ReplaceAll(text, "1 error occurred: * ", "")
}

func (p plain) Unwrap() error { return p.error }

// Ready returns once every group has its tables and handles records, or what stopped the pipeline before that.
func (p *Pipeline) Ready(ctx context.Context) error {
	for _, m := range p.members {
		select {
		case <-m.engine.Ready():
		case <-p.done:
			return errors.Join(errors.New("the pipeline stopped before it was ready"), p.Err())
		case <-ctx.Done():
			return fmt.Errorf("group %s is not ready: %w", m.name, context.Cause(ctx))
		}
	}
	return nil
}

// IsReady tells whether every group has its tables and handles records now, and none is being stopped.
func (p *Pipeline) IsReady() bool {
	select {
	case <-p.stopping:
		return false
	default:
		return !slices.ContainsFunc(p.members, func(m *member) bool { return !m.engine.Serving() })
	}
}

// Done is closed when every processor has stopped.
func (p *Pipeline) Done() <-chan struct{} { return p.done }

// Err returns why processors failed; nil while they run and after a graceful stop.
func (p *Pipeline) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Stop ends the processors gracefully, with what is under way committed, and returns Err. They leave their groups if
// the settings say so (run.drain).
func (p *Pipeline) Stop() error {
	for _, m := range p.members {
		if p.drain {
			m.engine.Drain()
		}
	}
	p.cancel(nil)
	<-p.done
	return p.Err()
}

// Handled tells how far a group, by its full name, has handled a topic that it reads or looks up; nil if it is not
// known here.
func (p *Pipeline) Handled(group, topic string) *engine.Offsets {
	for _, m := range p.members {
		if m.name == group {
			return m.engine.Handled(topic)
		}
	}
	return nil
}

// Sweep has a group, by its full name, look for rows that have expired now, and returns how many rows it looked at; 0
// if it is not here. Groups do so by themselves from time to time.
func (p *Pipeline) Sweep(group string) int64 {
	for _, m := range p.members {
		if m.name == group {
			return m.engine.Sweep()
		}
	}
	return 0
}

// CheckGroups returns an error that names those of names that are no groups.
func CheckGroups(names []string) error {
	var errs []error
	known := topology.GroupIDs()
	for _, n := range names {
		if !slices.Contains(known, n) {
			errs = append(errs, fmt.Errorf("%q is no group; the groups are %s", n, strings.Join(known, ", ")))
		}
	}
	return errors.Join(errs...)
}
