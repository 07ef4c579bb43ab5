package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// viewsLabel stands for all views where metrics and log name who reads.
const viewsLabel = "views"

// The bounds of how long a view waits after something failed.
const (
	viewPauseLeast = 50 * time.Millisecond
	viewPauseMost  = 2 * time.Second
	viewAskFor     = 5 * time.Second // metadata and offsets
)

// Run follows the table until the context ends, reconnecting by itself. Only a topic that is missing at the start, or
// has another number of partitions, and a store that fails, end it with an error. It may be called once.
func (v *View) Run(ctx context.Context) (err error) {
	if !v.started.CompareAndSwap(false, true) {
		return errors.New("engine: a view runs once")
	}
	opts, err := v.config.Client.Options()
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	defer client.Close()
	defer func() { err = errors.Join(err, v.close()) }()
	if err := v.openStores(); err != nil {
		return err
	}
	r := &viewRun{view: v, client: client, pause: viewPauseLeast}
	for ctx.Err() == nil {
		if err := r.session(ctx); ctx.Err() == nil && fatal(err) {
			return err
		}
	}
	return nil
}

func (v *View) openStores() error {
	for _, p := range v.parts {
		if err := p.open(); err != nil {
			return err
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open = true
	return nil
}

func (v *View) close() error {
	v.mu.Lock()
	v.open = false
	v.mu.Unlock()
	v.walks.Wait()
	v.config.Metrics.forgetView(v.config.Group, v.config.Table)
	var errs []error
	for _, p := range v.parts {
		if p.st != nil {
			errs = append(errs, p.st.Close())
		}
	}
	return errors.Join(errs...)
}

// viewRun is one call of Run.
type viewRun struct {
	view   *View
	client *kgo.Client
	pause  time.Duration
	known  bool // the topic was there once

	mu   sync.Mutex
	away bool // an outage has been logged
}

// errStore is of this machine, where waiting helps nothing.
var errStore = errors.New("engine: the view's store failed")

// fatal tells whether an error ends the view.
func fatal(err error) bool { return errors.Is(err, errStore) || errors.Is(err, ErrTopic) }

// session follows the table as the cluster is now, until something fails.
func (r *viewRun) session(ctx context.Context) error {
	leaders, missing, err := r.prepare(ctx)
	if err != nil {
		r.trouble(ctx, err)
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	failed, bad := make(chan error, len(leaders)+1), new(atomic.Bool)
	fail := func(err error) {
		bad.Store(true)
		failed <- err
	}
	if missing != nil {
		fail(missing)
	}
	var answered sync.WaitGroup // one for each broker, at its first answer
	answered.Add(len(leaders))
	for _, l := range leaders {
		l.answered = sync.OnceFunc(answered.Done)
		work.Go(func() {
			defer l.answered()
			fail(l.follow(ctx))
		})
	}
	work.Go(func() {
		if answered.Wait(); !bad.Load() {
			r.well()
		}
	})
	err = <-failed
	r.trouble(ctx, err) // what other brokers have goes on meanwhile
	return err
}

// well notes that all partitions are followed.
func (r *viewRun) well() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		r.view.config.Logger.Info("table is followed again", "group", viewsLabel, "table", r.view.config.Table)
	}
	r.away, r.pause = false, viewPauseLeast
}

// trouble logs the beginning of an outage, and waits a while.
func (r *viewRun) trouble(ctx context.Context, err error) {
	if fatal(err) || ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	pause, log := r.pause, r.view.config.Logger.Debug
	if !r.away && pause > viewPauseLeast { // a leader that moved is no outage yet
		r.away, log = true, r.view.config.Logger.Warn
	}
	r.pause = min(2*pause, viewPauseMost)
	r.mu.Unlock()
	log("table cannot be followed; reads go on from what is known", "group", viewsLabel, "table", r.view.config.Table,
		"error", err)
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// prepare fits the partitions to their changelog and returns them by leader, with what keeps some of them out.
func (r *viewRun) prepare(ctx context.Context) (all []*leading, missing, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, viewAskFor, errors.New("the brokers do not answer"))
	defer cancel()
	topic, err := r.describe(ctx)
	if err != nil {
		return nil, nil, err
	}
	extents, missing, err := readExtents(ctx, r.client, topic)
	if err != nil {
		return nil, nil, err
	}
	by := map[int32]*leading{}
	for _, p := range r.view.parts {
		x, ok := extents[p.number]
		if !ok {
			continue
		}
		if err := p.begin(x); err != nil {
			return nil, nil, fmt.Errorf("%w: %w", errStore, err)
		}
		broker := topic.Partitions[p.number].Leader
		l := by[broker]
		if l == nil {
			l = &leading{view: r.view, client: r.client, broker: broker, id: topic.ID,
				decode: kgo.DefaultDecompressor()}
			by[broker], all = l, append(all, l)
		}
		l.parts = append(l.parts, p)
	}
	r.view.recount(0)
	return all, missing, nil
}

// describe returns the topic. At the start it must be there; later it may have been deleted, to be made anew.
func (r *viewRun) describe(ctx context.Context) (kadm.TopicDetail, error) {
	table := r.view.config.Table
	m, err := kadm.NewClient(r.client).Metadata(ctx, table)
	if err != nil {
		return kadm.TopicDetail{}, fmt.Errorf("engine: table %s: %w", table, err)
	}
	t := m.Topics[table]
	switch {
	case errors.Is(t.Err, kerr.UnknownTopicOrPartition) && !r.known:
		return t, fmt.Errorf("%w: %s does not exist", ErrTopic, table)
	case t.Err != nil:
		return t, fmt.Errorf("engine: table %s: %w", table, t.Err)
	case len(t.Partitions) != len(r.view.parts):
		return t, fmt.Errorf("%w: %s has %d partitions, not %d", ErrTopic, table, len(t.Partitions), len(r.view.parts))
	}
	r.known = true
	return t, nil
}

// readExtents returns what the partitions of a topic hold, and why some are left out.
func readExtents(ctx context.Context, client *kgo.Client, topic kadm.TopicDetail) (map[int32]extent, error, error) {
	admin := kadm.NewClient(client)
	starts, err := admin.ListStartOffsets(ctx, topic.Topic)
	if err != nil {
		return nil, nil, fmt.Errorf("engine: table %s: %w", topic.Topic, err)
	}
	ends, err := admin.ListEndOffsets(ctx, topic.Topic)
	if err != nil {
		return nil, nil, fmt.Errorf("engine: table %s: %w", topic.Topic, err)
	}
	kept, err := tombstones(ctx, admin, topic.Topic)
	if err != nil {
		return nil, nil, err
	}
	all := map[int32]extent{}
	var missing []error
	for n, p := range topic.Partitions {
		start, ok := starts.Lookup(topic.Topic, n)
		end, also := ends.Lookup(topic.Topic, n)
		if err := errors.Join(p.Err, start.Err, end.Err); err != nil || !ok || !also || p.Leader < 0 {
			missing = append(missing, fmt.Errorf("engine: table %s/%d has no leader or no offsets: %w", topic.Topic,
				n, err))
			continue
		}
		all[n] = extent{id: topic.ID, start: start.Offset, end: end.Offset, tombstones: kept}
	}
	return all, errors.Join(missing...), nil
}
