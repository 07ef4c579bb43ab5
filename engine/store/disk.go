package store

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"

	"github.com/millrace/millrace/engine/lockfile"
)

// defaultCache is the size of the block cache that all stores of a Disk share, in bytes.
const defaultCache = 256 << 20

// DiskConfig says where stores are kept.
type DiskConfig struct {
	// Dir is the directory for the stores, made if missing; one process at a time. It must be given.
	Dir string
	// Cache in bytes, shared by all stores. Defaults to defaultCache, which is also the least.
	Cache int64
	// Logger defaults to one that drops everything.
	Logger *slog.Logger
}

// Disk opens stores in a directory, by pebble. Use one for a process, and Below: all its stores share one cache. Close
// it last.
type Disk struct {
	config DiskConfig
	cache  *pebble.Cache
	lock   *os.File // nil: not held
}

// NewDisk returns an opener of stores below c.Dir.
func NewDisk(c DiskConfig) (*Disk, error) {
	if c.Dir == "" {
		return nil, errors.New("store: a directory is needed")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return &Disk{config: c, cache: pebble.NewCache(max(c.Cache, defaultCache))}, nil
}

// Below returns an opener of stores in a directory below, which it holds until it is closed: lockfile.ErrHeld says that
// another process does.
func (d *Disk) Below(dir string) (*Disk, error) {
	below := &Disk{config: d.config, cache: d.cache}
	below.config.Dir = filepath.Join(d.config.Dir, dir)
	if err := os.MkdirAll(below.config.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	var err error
	if below.lock, err = lockfile.Acquire(filepath.Join(below.config.Dir, "LOCK")); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	below.cache.Ref()
	return below, nil
}

// Close gives up cache and directory. The stores must be closed before.
func (d *Disk) Close() error {
	d.cache.Unref()
	if d.lock == nil {
		return nil
	}
	return d.lock.Close()
}

// Open opens the store of a partition, or makes it.
func (d *Disk) Open(topic string, partition int32) (Store, error) {
	s := &disk{disk: d, dir: filepath.Join(d.config.Dir, topic+"."+strconv.Itoa(int(partition)))}
	err := s.open()
	if err == nil || !errors.Is(err, ErrCorrupt) {
		return s, err
	}
	if wipeErr := s.Wipe(); wipeErr != nil {
		return nil, errors.Join(err, wipeErr)
	}
	return s, err
}

// Rows and the stamp have a byte of their own before the key, so that no key can be taken for the stamp.
const (
	rowPrefix = 'r'
	stampKey  = "s"
)

// memTable is small: a process has a store for each partition of each table.
const memTable = 8 << 20

const (
	youngTables = 8  // written out, and not yet merged with the others; filters make them cheap to pass over
	filterBits  = 10 // for each key: one in a hundred look-ups of a missing key reads a block in vain
	rowOverhead = 16 // of a row in a batch, in bytes
	learnAtOnce = 500
)

type disk struct {
	disk *Disk
	dir  string
	db   *pebble.DB

	filter  *filter
	scanned sync.WaitGroup
	closing atomic.Bool // the scan need not go on

	mu    sync.RWMutex
	stamp Stamp
}

// options are for tables whose rows are often asked for before there is one, and often written again.
func (d *Disk) options() *pebble.Options {
	o := &pebble.Options{
		Cache: d.cache, MemTableSize: memTable, Logger: pebbleLog{d.config.Logger},
		FormatMajorVersion:    pebble.FormatNewest,
		L0CompactionThreshold: youngTables, L0StopWritesThreshold: 3 * youngTables,
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(filterBits)
		if i < len(o.Levels)-1 { // what is young is soon written again
			o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
		}
	}
	return o
}

func (s *disk) open() error {
	db, err := pebble.Open(s.dir, s.disk.options())
	if err != nil {
		if pebble.IsCorruptionError(err) {
			return fmt.Errorf("%w: %s: %w", ErrCorrupt, s.dir, err)
		}
		return fmt.Errorf("store: %s: %w", s.dir, err)
	}
	s.db = db
	raw, err := get(db, []byte(stampKey))
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrCorrupt, s.dir, err)
	}
	s.stamp, s.filter = Stamp{}, newFilter()
	if raw == nil {
		s.filter.complete()
		return nil
	}
	if s.stamp, err = decodeStamp(raw); err != nil {
		return fmt.Errorf("%s: %w", s.dir, err)
	}
	return s.learn()
}

// learn fills the filter, in the background, with the rows that are there now.
func (s *disk) learn() error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{rowPrefix}, UpperBound: []byte{rowPrefix + 1}})
	if err != nil {
		return fmt.Errorf("store: %s: %w", s.dir, err)
	}
	s.closing.Store(false)
	s.scanned.Go(func() {
		for more := it.First(); more && !s.closing.Load(); {
			s.filter.add(func(yield func(string)) {
				for i := 0; more && i < learnAtOnce; i++ {
					yield(string(it.Key()[1:]))
					more = it.Next()
				}
			})
		}
		if err := errors.Join(it.Error(), it.Close()); err != nil {
			s.disk.config.Logger.Warn("store is slower than it might be", "dir", s.dir, "error", err)
		} else if !s.closing.Load() {
			s.filter.complete()
		}
	})
	return nil
}

func get(db *pebble.DB, key []byte) ([]byte, error) {
	v, closer, err := db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	own := append(make([]byte, 0, len(v)), v...)
	return own, closer.Close()
}

func rowKey(key string) []byte {
	return append(append(make([]byte, 0, len(key)+1), rowPrefix), key...)
}

func (s *disk) Get(key string) ([]byte, error) {
	if s.filter.lacks(key) {
		return nil, nil
	}
	v, err := get(s.db, rowKey(key))
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", s.dir, err)
	}
	return v, nil
}

func (s *disk) Ascend(from, to string, fn func(string, []byte) bool) error {
	upper := []byte{rowPrefix + 1}
	if to != "" {
		upper = rowKey(to)
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: rowKey(from), UpperBound: upper})
	if err != nil {
		return fmt.Errorf("store: %s: %w", s.dir, err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		v, valueErr := it.ValueAndErr()
		if valueErr != nil || !fn(string(it.Key()[1:]), append(make([]byte, 0, len(v)), v...)) {
			break
		}
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return fmt.Errorf("store: %s: %w", s.dir, err)
	}
	return nil
}

func (s *disk) Apply(rows []Row, stamp Stamp) error {
	size := 0
	for _, r := range rows {
		size += len(r.Key) + len(r.Value) + rowOverhead
	}
	b := s.db.NewBatchWithSize(size + stampSize + rowOverhead)
	defer func() { _ = b.Close() }()        // it was committed, or the error says why not
	s.filter.add(func(yield func(string)) { // before anybody can read them
		for _, r := range rows {
			if r.Value != nil {
				yield(r.Key)
			}
		}
	})
	key := []byte{rowPrefix}
	for _, r := range rows {
		key = append(key[:1], r.Key...)
		var err error
		if r.Value == nil {
			err = b.Delete(key, nil)
		} else {
			err = b.Set(key, r.Value, nil)
		}
		if err != nil {
			return fmt.Errorf("store: %s: %w", s.dir, err)
		}
	}
	if err := b.Set([]byte(stampKey), stamp.encode(), nil); err != nil {
		return fmt.Errorf("store: %s: %w", s.dir, err)
	}
	if err := b.Commit(pebble.NoSync); err != nil {
		return fmt.Errorf("store: %s: %w", s.dir, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stamp = stamp
	return nil
}

func (s *disk) Stamp() Stamp {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.stamp
}

func (s *disk) Wipe() error {
	if err := s.Close(); err != nil {
		return err
	}
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return s.open()
}

func (s *disk) Close() error {
	if s.db == nil {
		return nil
	}
	s.closing.Store(true)
	s.scanned.Wait()
	err := s.db.Close()
	s.db = nil
	if err != nil {
		return fmt.Errorf("store: %s: %w", s.dir, err)
	}
	return nil
}

// pebbleLog passes pebble's errors on; what it does otherwise interests nobody.
type pebbleLog struct{ log *slog.Logger }

func (l pebbleLog) Infof(string, ...any) {}

func (l pebbleLog) Errorf(format string, args ...any) {
	l.log.Error("pebble", "error", fmt.Sprintf(format, args...))
}

func (l pebbleLog) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf("pebble: "+format, args...)) // it cannot go on, and does not expect to be called again
}
