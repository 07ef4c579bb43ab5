package health

import (
	"strings"
	"sync"

	"github.com/millrace/millrace/domain/health"
)

// Feed hands closed windows and changes of status on to whoever listens to the health stream, as of then. The owner of
// the topics calls Window and Status for every record that was committed, in order. All methods are safe for concurrent
// use, and none waits for a listener.
type Feed struct {
	mu        sync.Mutex
	listeners map[*listener]bool
	closed    bool
}

// NewFeed returns a feed without listeners.
func NewFeed() *Feed { return &Feed{listeners: map[*listener]bool{}} }

// Window takes the record of a window that closed or was corrected: its key and its JSON.
func (f *Feed) Window(key string, value []byte) { f.publish("window", key, value) }

// Status takes the record of a change of status: its key and its JSON.
func (f *Feed) Status(key string, value []byte) { f.publish("status", key, value) }

// Bounds of the feed: listeners in all, and of one subject, or one address without a token. A listener that is behind
// by MaxBehind events is left behind: it can read the state and listen anew.
const (
	MaxListeners        = 1000
	MaxSubjectListeners = 20
	MaxBehind           = 256
)

// listener is one who listens. Its events end when it is dropped; dropped then says why.
type listener struct {
	prefix  string // of the keys that it asked for
	events  chan feedEvent
	dropped string
}

type feedEvent struct {
	kind  string
	value []byte
}

func (f *Feed) publish(kind, key string, value []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.listeners {
		if !strings.HasPrefix(key+"/", l.prefix) { // a mode as a whole has no name behind it
			continue
		}
		select {
		case l.events <- feedEvent{kind, value}:
		default:
			f.drop(l, "you are too slow: read the state, then listen anew")
		}
	}
}

// drop needs the lock.
func (f *Feed) drop(l *listener, why string) {
	l.dropped = why
	delete(f.listeners, l)
	close(l.events)
}

// listen returns a listener to one mode, or to all if mode is empty; false if the feed is closed.
func (f *Feed) listen(mode string) (*listener, bool) {
	l := &listener{events: make(chan feedEvent, MaxBehind)}
	if mode != "" {
		l.prefix = modePrefix(mode)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, false
	}
	f.listeners[l] = true
	return l, true
}

// leave ends a listener that may have been dropped.
func (f *Feed) leave(l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.listeners, l)
}

// Close drops every listener, and takes no more.
func (f *Feed) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for l := range f.listeners {
		f.drop(l, "the server is stopping: listen anew")
	}
}

// modePrefix returns what the keys of a mode begin with, those of its instruments and of its gateways.
func modePrefix(mode string) string {
	return strings.TrimSuffix(health.Path{Mode: mode}.Key(), "/") // mode/ without the empty instrument and gateway
}

// Listening returns how many listen.
func (f *Feed) Listening() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.listeners)
}
