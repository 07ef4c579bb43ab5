package engine

import (
	"fmt"
	"sync"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/storage"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/millrace/millrace/engine/position"
	"github.com/millrace/millrace/engine/store"
	"github.com/millrace/millrace/engine/sum"
	"github.com/millrace/millrace/stream"
)

// table is a partition of the group's own table while it is ours: committed rows in the store, those of the transaction
// under way above it. goka's order (store first, changelog second) does no harm: neither happens before the commit.
type table struct {
	engine *Engine
	local  *local // nil: not open

	mu      sync.Mutex
	overlay store.Overlay
	rows    rowCache                // committed; of graphs that share rows
	headers map[string]goka.Headers // of writes that have some
	written int64                   // one past the highest changelog offset of this transaction
	added   sum.Sums                // by this transaction

	caller *callContext // who has goka write a row; of the partition's goroutine
}

func newTable(e *Engine, l *local, cache int) *table {
	t := &table{engine: e, local: l, rows: newRowCache(cache)}
	t.overlay.Encode = t.encode
	return t
}

// encode makes the bytes of a row that is to follow the committed one.
func (t *table) encode(key string, row any) ([]byte, error) {
	g := &t.engine.graph
	if g.amends != nil {
		if last, ok := t.rows.get(key); ok && last.raw != nil {
			return amend(g.amends, row, last)
		}
	}
	return encode(g.rows, row)
}

// Open restores the table. goka then finds it complete, see topicManager.GetOffset.
func (t *table) Open() error { return t.engine.restore(t.engine.opening(), t.local, nil) }

// Close gives the store back; it stays open for the next session.
func (t *table) Close() error {
	t.engine.forget(t)
	t.engine.locals.release(t.local)
	return nil
}

func (t *table) Get(key string) ([]byte, error) {
	if position.IsReserved(key) {
		return nil, nil // a user has no such row, and Set refuses it
	}
	return t.get(key)
}

func (t *table) get(key string) ([]byte, error) {
	t.mu.Lock()
	v, written, err := t.overlay.Get(key)
	t.mu.Unlock()
	if written {
		return v, err
	}
	return t.local.st.Get(key)
}

// row returns the row of a key, decoded; nil: there is none.
func (t *table) row(key string) (any, error) {
	if position.IsReserved(key) {
		return nil, nil
	}
	row, value, written := t.known(key)
	if row != nil || written && value == nil {
		return row, nil
	}
	var err error
	if !written {
		if value, err = t.local.st.Get(key); err != nil || value == nil {
			return nil, err
		}
	}
	if row, err = t.engine.graph.rows.Decode(value); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if written {
		t.overlay.Put(key, row, value)
	} else {
		t.rows.put(key, cachedRow{row: row, size: len(value)})
	}
	return row, nil
}

func (t *table) known(key string) (row any, value []byte, written bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if row, value, written = t.overlay.Row(key); !written {
		cached, _ := t.rows.get(key)
		row = cached.row
	}
	return row, value, written
}

// largePart of the largest record is what a row may have had before and still be encoded by the commit. A larger one is
// encoded and checked at each write, so that the write that makes it too large is found whatever else the transaction
// holds.
const largePart = 4

// put writes a row, which is encoded when the transaction is committed if nobody may change it meanwhile.
func (t *table) put(key string, row any) error {
	if err := checkKey(key); err != nil {
		return err
	}
	e := t.engine
	t.mu.Lock()
	defer t.mu.Unlock()
	var value []byte
	if !e.graph.shares || e.careful.Load() || t.size(key) > e.recordLimit()/largePart {
		var err error
		if value, err = t.encode(key, row); err != nil {
			return fmt.Errorf("row of key %.64q: %w", key, err)
		}
		if err := e.fits(t.local.topic, key, len(key)+len(value)); err != nil {
			return err
		}
	}
	if e.graph.shares {
		t.overlay.Put(key, row, value)
	} else {
		t.overlay.Set(key, value)
	}
	delete(t.headers, key)
	return nil
}

// size is how many bytes the row had when it was last encoded, as far as that is known.
func (t *table) size(key string) int {
	if _, value, written := t.overlay.Row(key); written && value != nil {
		return len(value)
	}
	cached, _ := t.rows.get(key)
	return cached.size
}

func (t *table) Has(key string) (bool, error) {
	v, err := t.Get(key)
	return v != nil, err
}

func (t *table) Set(key string, value []byte) error {
	err := checkKey(key)
	if err == nil {
		err = t.engine.fits(t.local.topic, key, len(key)+len(value))
	}
	if err != nil {
		if t.caller != nil {
			t.caller.Fail(t.caller.named(err)) // goka would not say which record it was
		}
		return err
	}
	t.set(key, value)
	t.engine.pass(AfterStateWrite)
	return nil
}

func (t *table) set(key string, value []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.overlay.Set(key, value)
	delete(t.headers, key)
}

// add notes what is added to a sum; keepSums writes it.
func (t *table) add(s stream.Sum) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.added == nil {
		t.added = sum.Sums{}
	}
	t.added.Add(s.Name, s.N)
}

// keepSums writes the sums if the transaction has added to them.
func (t *table) keepSums() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.added) == 0 {
		return nil
	}
	all, err := t.sums()
	if err != nil {
		return err
	}
	for name, n := range t.added {
		all.Add(name, n)
	}
	t.overlay.Set(sum.Key, all.Append(nil))
	return nil
}

// sums returns those that are committed.
func (t *table) sums() (sum.Sums, error) {
	value, err := t.local.st.Get(sum.Key)
	if err != nil {
		return nil, err
	}
	all, err := sum.Parse(value)
	if err != nil {
		return nil, fmt.Errorf("engine: %s/%d: %w", t.local.topic, t.local.partition, err)
	}
	return all, nil
}

func (t *table) Delete(key string) error {
	t.set(key, nil)
	return nil
}

// emitted is what goka sends to the changelog after Set: only its headers are news.
func (t *table) emitted(key string, headers goka.Headers) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.headers == nil {
		t.headers = map[string]goka.Headers{}
	}
	t.headers[key] = headers
}

// changes returns what the transaction wrote, as changelog records.
func (t *table) changes() ([]kgo.Record, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.overlay.Seal(); err != nil {
		return nil, fmt.Errorf("engine: row of %s: %w", t.local.topic, err)
	}
	rows := t.overlay.Rows()
	records := make([]kgo.Record, len(rows))
	for i, row := range rows {
		if err := t.engine.fits(t.local.topic, row.Key,
			len(row.Key)+len(row.Value)+sizeOf(t.headers[row.Key])); err != nil {
			return nil, err
		}
		records[i] = kgo.Record{
			Topic: t.local.topic, Partition: t.local.partition, Key: []byte(row.Key), Value: row.Value,
			Headers: headersOf(t.headers[row.Key]),
		}
	}
	return records, nil
}

// acknowledged runs on the client's goroutine.
func (t *table) acknowledged(offset int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.written = max(t.written, offset+1)
}

// commit makes the transaction's writes the store's, with the position of the last.
func (t *table) commit() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.overlay.Len() == 0 {
		t.clear()
		return nil
	}
	if err := t.local.st.Apply(t.overlay.Rows(), t.local.stamp(t.written, t.engine.config.Clock())); err != nil {
		return err
	}
	for i, row := range t.overlay.Rows() {
		if decoded := t.overlay.Decoded(i); decoded != nil {
			t.keep(row, decoded)
		} else {
			t.rows.drop(row.Key)
		}
	}
	t.clear()
	return nil
}

// keep remembers a row as it was committed.
func (t *table) keep(row store.Row, decoded any) {
	e := cachedRow{row: decoded, size: len(row.Value)}
	if t.engine.graph.amends != nil {
		e.raw = row.Value
	}
	t.rows.put(row.Key, e)
}

func (t *table) abort() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clear()
}

func (t *table) clear() {
	t.overlay.Clear()
	t.rows.end()
	clear(t.headers)
	clear(t.added)
}

// GetOffset returns the position less one, which is what goka means.
func (t *table) GetOffset(def int64) (int64, error) {
	if next := t.local.st.Stamp().Next; next > 0 {
		return next - 1, nil
	}
	return def, nil
}

// SetOffset is not for goka to say.
func (t *table) SetOffset(int64) error { return nil }

func (t *table) MarkRecovered() error { return nil }

// Iterator serves visits: of the keys that the engine asks for.
func (t *table) Iterator() (storage.Iterator, error) {
	keys, ok := t.engine.visits.keys(t)
	if !ok {
		t.engine.config.Logger.Error("Processor.VisitAll is refused, its effects would be outside of any transaction: use Engine.Visit",
			"group", t.engine.graph.group)
		return nil, ErrVisit
	}
	return &keyIterator{table: t, keys: keys}, nil
}

// IteratorWithRange is not used by goka's processors.
func (t *table) IteratorWithRange(_, _ []byte) (storage.Iterator, error) { return nil, ErrVisit }

// ascend returns up to n keys from the given one on, as the transaction sees them.
func (t *table) ascend(from string, n int) ([]string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var keys []string
	err := t.overlay.Keys(t.local.st, from, "", func(key string) bool {
		if !position.IsReserved(key) {
			keys = append(keys, key)
		}
		return len(keys) < n
	})
	return keys, err
}

// keyIterator goes over given keys, whether or not they have a row.
type keyIterator struct {
	table *table
	keys  keys
	key   string
}

func (it *keyIterator) Next() (ok bool)        { it.key, ok = it.keys.next(); return ok }
func (it *keyIterator) Key() []byte            { return []byte(it.key) }
func (it *keyIterator) Value() ([]byte, error) { return it.table.Get(it.key) }
func (it *keyIterator) Err() error             { return nil }
func (it *keyIterator) Release()               {}

// Seek is not needed by visits.
func (it *keyIterator) Seek([]byte) bool { return false }
