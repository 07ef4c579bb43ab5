// Package embedded is a Kafka broker inside the process, for `millrace dev` and for tests: kfake, with a data
// directory.
//
// It keeps what was written over graceful stops only. After a kill its log is not to be trusted (aborted transactions
// come back, offsets and markers part ways), so a directory that was not closed cleanly is refused with ErrUnclean:
// move it aside and begin anew. One process at a time may hold a directory.
package embedded

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/millrace/millrace/engine/lockfile"
)

// ErrUnclean says that the data directory was not closed by Close. Its data may be wrong: move it aside (MoveAside) and
// start afresh.
var ErrUnclean = errors.New("embedded broker: the data was not closed cleanly")

// ErrInUse says that another process holds the data directory or the port.
var ErrInUse = errors.New("embedded broker: already in use")

// maxMessageBytes is far above what any topic of ours takes: topics have limits of their own.
const maxMessageBytes = 16 << 20

// marker stands in the data directory while a broker runs on it.
const marker = "RUNNING"

// Config says where the broker keeps its data and listens.
type Config struct {
	// Dir is the data directory, made if missing. Defaults to none: everything stays in memory.
	Dir string
	// Port on 127.0.0.1. Defaults to a free one.
	Port int
	// Logger defaults to one that drops everything.
	Logger *slog.Logger
}

// Broker is a running broker.
type Broker struct {
	config  Config
	cluster *kfake.Cluster
	log     *log
	lock    *os.File // nil in memory
	close   func() error
}

// Start starts the broker. It returns ErrInUse or ErrUnclean where they apply; nothing was changed then.
func Start(c Config) (*Broker, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	b := &Broker{config: c, log: &log{to: c.Logger}}
	b.close = sync.OnceValue(b.shut)
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port)))
	if err != nil {
		return nil, fmt.Errorf("%w: port %d: %w", ErrInUse, c.Port, err)
	}
	refused := func(from net.Addr) { c.Logger.Warn("embedded broker", "error", errRequestSize, "from", from.String()) }
	options := []kfake.Opt{
		kfake.NumBrokers(1),
		versions(),
		kfake.WithLogger(b.log),
		kfake.BrokerConfigs(map[string]string{"message.max.bytes": strconv.Itoa(maxMessageBytes)}),
		kfake.ListenFn(func(string, string) (net.Listener, error) { return bounded{listener, refused}, nil }),
	}
	if c.Dir != "" {
		if err := b.acquire(); err != nil {
			_ = listener.Close() // nobody came yet
			return nil, err
		}
		options = append(options, kfake.DataDir(filepath.Join(c.Dir, "broker")))
	}
	b.cluster, err = kfake.NewCluster(options...)
	if err != nil {
		_ = listener.Close() // nobody came yet
		b.release(true)
		return nil, fmt.Errorf("embedded broker: %w", err)
	}
	boundByPartition(b.cluster)
	listGroupsAnyCase(b.cluster)
	return b, nil
}

// Addr returns the address to connect to.
func (b *Broker) Addr() string { return b.cluster.ListenAddrs()[0] }

// Compact has compacted topics lose what their settings allow to go, which the broker otherwise does from time to time.
func (b *Broker) Compact() { b.cluster.Compact() }

// Close stops the broker and writes everything down. Clients should be closed before.
func (b *Broker) Close() error { return b.close() }

func (b *Broker) shut() error {
	b.cluster.Close()
	err := b.log.lastError()
	b.release(err == nil)
	if err != nil {
		return fmt.Errorf("embedded broker: %w", err)
	}
	return nil
}

// acquire locks the directory and leaves the marker in it.
func (b *Broker) acquire() error {
	dir := b.config.Dir
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("embedded broker: %w", err)
	}
	lock, err := lockfile.Acquire(filepath.Join(dir, "LOCK"))
	if err != nil {
		return fmt.Errorf("%w: directory %s: %w", ErrInUse, dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, marker), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, os.ErrExist) {
		err = fmt.Errorf("%w: directory %s", ErrUnclean, dir)
	}
	if err == nil {
		_, err = fmt.Fprintf(f, "pid %d\n", os.Getpid())
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		_ = lock.Close() // gives the lock up
		return err
	}
	b.lock = lock
	return nil
}

// release gives the directory up; only a clean one loses its marker.
func (b *Broker) release(clean bool) {
	if b.lock == nil {
		return
	}
	if clean {
		if err := os.Remove(filepath.Join(b.config.Dir, marker)); err != nil {
			b.config.Logger.Error("embedded broker", "error", err)
		}
	}
	_ = b.lock.Close() // gives the lock up
	b.lock = nil
}

// MoveAside renames a data directory that no process holds, and returns its new name.
func MoveAside(dir string) (string, error) {
	lock, err := lockfile.Acquire(filepath.Join(dir, "LOCK"))
	if err != nil {
		return "", fmt.Errorf("%w: directory %s: %w", ErrInUse, dir, err)
	}
	defer func() { _ = lock.Close() }() // gives the lock up
	base := filepath.Clean(dir) + ".unclean-" + time.Now().UTC().Format("20060102T150405")
	for n := 0; ; n++ {
		name := base
		if n > 0 {
			name += "-" + strconv.Itoa(n)
		}
		if _, err := os.Lstat(name); err == nil {
			continue
		}
		if err := os.Rename(dir, name); err != nil {
			return "", fmt.Errorf("embedded broker: %w", err)
		}
		return name, nil
	}
}
