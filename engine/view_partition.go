package engine

import (
	"errors"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/engine/sum"
	"github.com/millrace/millrace/engine/watermark"
)

// viewPartition is one partition of a view's copy. One goroutine at a time changes it.
type viewPartition struct {
	view   *View
	number int32
	st     store.Store // set while the view is open
	known  atomic.Pointer[Known]

	mu       sync.Mutex
	target   int64     // recovered at this position
	complete time.Time // when nothing committed was missing; zero: never
}

// unknownTarget is never reached.
const unknownTarget = math.MaxInt64

func newViewPartition(v *View, number int32) *viewPartition {
	p := &viewPartition{view: v, number: number, target: unknownTarget}
	p.known.Store(&Known{})
	// 0 from the start, for a rate to rise from
	v.config.Metrics.restored.WithLabelValues(viewsLabel, v.config.Table, p.label())
	return p
}

func (p *viewPartition) label() string { return strconv.Itoa(int(p.number)) }

// load takes in what the store has kept from an earlier run.
func (p *viewPartition) load() error {
	next := Known{Topic: p.st.Stamp().Topic, Next: p.st.Stamp().Next}
	err := p.st.Ascend("", "", func(key string, value []byte) bool {
		p.note(&next, store.Row{Key: key, Value: value})
		p.announce(store.Row{Key: key, Value: value})
		return true
	})
	p.known.Store(&next)
	return err
}

// note takes in what the engine's own rows say.
func (p *viewPartition) note(k *Known, row store.Row) {
	var err error
	switch {
	case row.Key == position.Key && row.Value == nil:
		k.Inputs = nil
	case row.Key == position.Key:
		k.Inputs, err = position.Parse(row.Value)
	case row.Key == watermark.RowPrefix && row.Value == nil:
		k.Watermark = time.Time{}
	case row.Key == watermark.RowPrefix:
		k.Watermark = time.Time{}
		var at int64
		if at, err = watermark.SettledOf(row.Value); err == nil && at != watermark.None {
			k.Watermark = time.UnixMilli(at).UTC()
		}
	case row.Key == sum.Key:
		k.Sums, err = sum.Parse(row.Value)
	}
	if err != nil {
		p.view.config.Logger.Error("a table's word about itself cannot be read", "table", p.view.config.Table,
			"partition", p.number, "error", err)
	}
}

func (p *viewPartition) announce(row store.Row) {
	if p.view.config.OnChange == nil || position.IsReserved(row.Key) {
		return
	}
	p.view.calls.Lock()
	defer p.view.calls.Unlock()
	p.view.config.OnChange(row.Key, row.Value)
}

// apply applies changelog records and moves the position to next. What the partition knows of itself changes after its
// rows did: the engine writes its own rows last in a transaction, so all that they speak of can be read by then.
func (p *viewPartition) apply(records []*kgo.Record, next int64, id kadm.TopicID) error {
	known := *p.known.Load()
	if len(records) == 0 && next == known.Next && id == known.Topic {
		return nil
	}
	rows := make([]store.Row, len(records))
	for i, r := range records {
		rows[i] = store.Row{Key: string(r.Key), Value: r.Value}
		p.note(&known, rows[i])
		known.Rows = r.Offset + 1
	}
	if err := p.st.Apply(rows, store.Stamp{Topic: id, Next: next, At: p.view.config.Clock()}); err != nil {
		return err
	}
	for _, row := range rows {
		p.announce(row)
	}
	known.Topic, known.Next = id, next
	p.known.Store(&known)
	p.view.changed.ring()
	return nil
}

// clearRows bounds the rows that one step of a rebuild removes.
const clearRows = 10_000

// clear removes everything. The store stays open, for there may be readers; until the last step its stamp is of no
// topic.
func (p *viewPartition) clear() error {
	p.known.Store(&Known{})
	var none store.Stamp
	for i := range none.Topic {
		none.Topic[i] = 0xff
	}
	none.At = p.view.config.Clock()
	for {
		var gone []store.Row
		if err := p.st.Ascend("", "", func(key string, _ []byte) bool {
			gone = append(gone, store.Row{Key: key})
			return len(gone) < clearRows
		}); err != nil {
			return err
		}
		if len(gone) == 0 {
			return p.st.Apply(nil, store.Stamp{})
		}
		if err := p.st.Apply(gone, none); err != nil {
			return err
		}
		for _, row := range gone {
			p.announce(row)
		}
	}
}

// ascend goes over rows that are not the engine's.
func (p *viewPartition) ascend(from string, fn func(key string, value []byte) bool) error {
	if from == "" {
		empty, err := p.st.Get("")
		if err != nil || empty != nil && !fn("", empty) {
			return err
		}
	}
	return p.st.Ascend(max(from, string(rune(position.Reserved[0]+1))), "", fn)
}

// walk goes over rows that are not the engine's. Its own come before them.
func (p *viewPartition) walk(fn func(key string, value []byte) error) (sums sum.Sums, failed error) {
	err := p.st.Ascend("", "", func(key string, value []byte) bool {
		switch {
		case key == sum.Key:
			sums, failed = sum.Parse(value)
		case !position.IsReserved(key):
			failed = fn(key, value)
		}
		return failed == nil
	})
	return sums, errors.Join(failed, err)
}

func (p *viewPartition) isRecovered() bool { return p.known.Load().Next >= p.aim() }

func (p *viewPartition) aim() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.target
}

func (p *viewPartition) lastComplete() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.complete
}

// begin fits the partition to its changelog as it is now: what cannot be brought up to it goes, and what is far behind,
// or was never there, is recovering until it reaches the present end.
func (p *viewPartition) begin(x extent) error {
	c, now := p.view.config, p.view.config.Clock()
	rebuilt := false
	if why := unfit(p.st.Stamp(), x, now); why != "" {
		c.Logger.Warn("table is rebuilt", "group", viewsLabel, "table", c.Table, "partition", p.number, "reason", why)
		p.aimAt(unknownTarget)
		if err := p.clear(); err != nil {
			return err
		}
		rebuilt = true
	}
	if rebuilt || p.aim() == unknownTarget || p.farBehind(now, x.end) {
		p.aimAt(x.end)
	}
	return p.apply(nil, max(p.known.Load().Next, x.start), x.id)
}

// farBehind tells whether the partition lacks records and has not been complete for too long.
func (p *viewPartition) farBehind(now time.Time, end int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known.Load().Next < end && !p.complete.IsZero() && now.Sub(p.complete) > p.view.config.FarBehind
}

func (p *viewPartition) aimAt(target int64) {
	p.mu.Lock()
	p.target = target
	p.mu.Unlock()
	p.view.changed.ring()
}

// freshen is how often the stamp of a store that misses nothing says so.
const freshen = time.Hour

// seen takes in how much there was to read at a moment: stable is committed or aborted, end may be neither yet.
func (p *viewPartition) seen(now time.Time, stable, end int64) error {
	next := p.known.Load().Next
	p.view.config.Metrics.setLag(viewsLabel, p.view.config.Table, p.number, max(stable-next, 0))
	if next >= stable {
		p.mu.Lock()
		p.complete = now
		p.mu.Unlock()
		if stamp := p.st.Stamp(); stamp != (store.Stamp{}) && now.Sub(stamp.At) > freshen {
			stamp.At = now
			return p.st.Apply(nil, stamp)
		}
		return nil
	}
	if p.isRecovered() && p.farBehind(now, end) {
		p.view.config.Logger.Warn("table is far behind", "group", viewsLabel, "table", p.view.config.Table, "partition",
			p.number, "at", next, "end", end)
		p.aimAt(end)
	}
	return nil
}

func (p *viewPartition) open() error {
	st, err := p.view.config.Stores.Open(p.view.config.Table, p.number)
	if errors.Is(err, store.ErrCorrupt) && st != nil {
		p.view.config.Logger.Error("table is rebuilt", "group", viewsLabel, "table", p.view.config.Table, "partition",
			p.number, "error", err)
		err = nil
	}
	if err != nil {
		return err
	}
	p.st = st
	return p.load()
}
