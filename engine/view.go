package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/engine/sum"
	"github.com/millrace/millrace/stream"
)

// ErrView says that a View was asked for rows while it does not run.
var ErrView = errors.New("engine: the view is not running")

// ViewConfig says which table a View follows. What is left out has a default.
type ViewConfig struct {
	Client ClientConfig
	// Table is the topic of the table. It must be given.
	Table string
	// Group is the group that writes the table, for metrics and log. Defaults to Table.
	Group string
	// Partitions of the table: where a key lies depends on it. It must be given; a topic with another number is
	// refused.
	Partitions int32
	// Stores keep the rows on this machine. Defaults to store.Memory, which every start fills from the changelog; with
	// a store.Disk a start goes on from the stored offset.
	Stores store.Opener
	// OnChange is told of every row that was written, nil meaning deleted, once it can be read: at the start of all
	// rows that the store still has, during recovery, and of what a rebuild removes. Calls are never concurrent. The
	// value must not be changed, and is part of a whole fetched batch. Defaults to none.
	OnChange func(key string, value []byte)
	// FarBehind is how long a partition may lack what its changelog holds before it counts as recovering again. Below
	// the table's min.compaction.lag.ms (1 h), a copy that lags is an earlier state of the table; beyond, compaction
	// has mixed states. Time without brokers counts only once they are back. Defaults to 30 min.
	FarBehind time.Duration
	// Clock is the wall clock. Defaults to time.Now.
	Clock func() time.Time
	// Logger defaults to one that drops everything.
	Logger *slog.Logger
	// Metrics may be shared with engines and views of the process. Defaults to none.
	Metrics *Metrics
}

func (c ViewConfig) withDefaults() ViewConfig {
	c.Client = c.Client.withDefaults()
	or(&c.Group, c.Table)
	or(&c.FarBehind, 30*time.Minute)
	if c.Stores == nil {
		c.Stores = store.Memory{}
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

// Validate returns every problem of c, joined.
func (c ViewConfig) Validate() error {
	errs := []error{c.Client.Validate()}
	if c.Table == "" {
		errs = append(errs, errors.New("view: a table is needed"))
	}
	if c.Partitions < 1 {
		errs = append(errs, fmt.Errorf("view: partitions %d: must be positive", c.Partitions))
	}
	if c.FarBehind < 0 {
		errs = append(errs, fmt.Errorf("view: far behind %s: must be positive", c.FarBehind))
	}
	return errors.Join(errs...)
}

// View follows all partitions of a group's table, read_committed, and answers from its own copy. Rows that belong to
// the engine are never shown. All methods are safe for concurrent use.
type View struct {
	config  ViewConfig
	parts   []*viewPartition
	changed bell
	started atomic.Bool
	calls   sync.Mutex // held around OnChange
	restore restoration

	mu    sync.RWMutex // guards open; held while a row is read
	open  bool
	walks sync.WaitGroup // calls of Ascend under way
}

// NewView returns a view; Run makes it follow.
func NewView(c ViewConfig) (*View, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	v := &View{config: c.withDefaults()}
	for n := range c.Partitions {
		v.parts = append(v.parts, newViewPartition(v, n))
	}
	return v, nil
}

// Topic returns the table's topic.
func (v *View) Topic() string { return v.config.Table }

// Partition returns the partition of a key. It is our own placement: goka's View.find panics for keys whose hash is
// MinInt32.
func (v *View) Partition(key string) int32 { return stream.Partition([]byte(key), v.config.Partitions) }

// Get returns the encoded row of a key, nil if there is none. It must not be changed; who keeps it for long keeps a
// copy, see store.Memory.
func (v *View) Get(key string) ([]byte, error) {
	if position.IsReserved(key) {
		return nil, nil
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	if !v.open {
		return nil, ErrView
	}
	return v.parts[v.Partition(key)].st.Get(key)
}

// Ascend calls fn for every row from the first key >= from on, in key order over all partitions, until fn returns
// false. The rows of each partition are those of one moment. Values must not be changed.
func (v *View) Ascend(from string, fn func(key string, value []byte) bool) error {
	v.mu.RLock()
	if !v.open {
		v.mu.RUnlock()
		return ErrView
	}
	v.walks.Add(1)
	v.mu.RUnlock()
	defer v.walks.Done()
	return v.merge(from, fn)
}

// head is the next row of a partition.
type head struct {
	key   string
	value []byte
	next  func() (string, []byte, bool)
}

func (v *View) merge(from string, fn func(key string, value []byte) bool) error {
	failed := make([]error, len(v.parts))
	var heads []head
	for i, p := range v.parts {
		next, stop := iter.Pull2(func(yield func(string, []byte) bool) { failed[i] = p.ascend(from, yield) })
		defer stop()
		if key, value, ok := next(); ok {
			heads = append(heads, head{key, value, next})
		}
	}
	for len(heads) > 0 {
		low := 0
		for i := range heads {
			if heads[i].key < heads[low].key {
				low = i
			}
		}
		h := &heads[low]
		if !fn(h.key, h.value) {
			return nil
		}
		var ok bool
		if h.key, h.value, ok = h.next(); !ok {
			heads = append(heads[:low], heads[low+1:]...)
		}
	}
	return errors.Join(failed...)
}

// Recovered tells whether every partition was read to the end that its changelog had when reading began, and is
// followed. It stays so while brokers are away, when reads go on from what is known. It is taken back while a partition
// is rebuilt, and where one is found to be further behind than ViewConfig.FarBehind.
func (v *View) Recovered() bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.open && v.recovered()
}

func (v *View) recovered() bool {
	for _, p := range v.parts {
		if !p.isRecovered() {
			return false
		}
	}
	return true
}

// WaitRecovered returns once Recovered, or with the context's error.
func (v *View) WaitRecovered(ctx context.Context) error {
	return v.changed.await(ctx, func() (bool, error) { return v.Recovered(), nil })
}

// Walk calls fn for every row of one partition, in key order, and returns the sums that go with them: all of one
// moment. While the view takes in a large transaction, that may be one that it has read in part.
func (v *View) Walk(partition int32, fn func(key string, value []byte) error) (sum.Sums, error) {
	v.mu.RLock()
	if !v.open || partition < 0 || int(partition) >= len(v.parts) {
		v.mu.RUnlock()
		return nil, ErrView
	}
	v.walks.Add(1)
	v.mu.RUnlock()
	defer v.walks.Done()
	return v.parts[partition].walk(fn)
}

// Known is what a partition of a view reflects.
type Known struct {
	// Topic is the id of the topic that the rows are of; another once it was deleted and made anew.
	Topic kadm.TopicID
	// Next is the changelog offset read next; control records count.
	Next int64
	// Rows is one past the changelog offset of the last row taken in by this process; 0: none yet.
	Rows int64
	// Inputs is how far the group's inputs were read when the rows were so; nil where the table does not say. It must
	// not be changed.
	Inputs position.Position
	// Watermark is the group's, all of whose timers are done; zero where the table does not say.
	Watermark time.Time
	// Sums are those that the group keeps beside the rows. They must not be changed.
	Sums sum.Sums
}

// Known tells what the rows of a partition reflect. Rows read after it are as new or newer.
func (v *View) Known(partition int32) Known {
	if partition < 0 || int(partition) >= len(v.parts) {
		return Known{}
	}
	return *v.parts[partition].known.Load()
}

// Behind tells how long ago some partition was last known to hold all that was committed; while the view keeps up that
// is less than four seconds. Zero before it first did.
func (v *View) Behind() time.Duration {
	now, most := v.config.Clock(), time.Duration(0)
	for _, p := range v.parts {
		if at := p.lastComplete(); !at.IsZero() {
			most = max(most, now.Sub(at))
		}
	}
	return most
}

// Wait returns once every partition named has come as far, or with the context's error. A Position may name the table's
// own topic: its changelog offset, control records included. A partition or topic that does not exist is never reached.
func (v *View) Wait(ctx context.Context, at map[int32]position.Position) error {
	at = maps.Clone(at)
	return v.changed.await(ctx, func() (bool, error) {
		for n, want := range at {
			if !v.reached(n, want) {
				return false, nil
			}
			delete(at, n)
		}
		return true, nil
	})
}

func (v *View) reached(partition int32, want position.Position) bool {
	known := v.Known(partition)
	for topic, next := range want {
		have := known.Inputs[topic]
		if topic == v.config.Table {
			have = known.Next
		}
		if have < next {
			return false
		}
	}
	return true
}
