package enginetest

import (
	"context"
	"errors"
	"net"
	"sync"
)

// ErrCut is what dials get once a wire is cut.
var ErrCut = errors.New("enginetest: the wire is cut")

// Wire is the way of one process to its brokers.
type Wire struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
	cut   chan struct{}
}

// NewWire returns a wire that holds.
func NewWire() *Wire { return &Wire{conns: map[net.Conn]bool{}, cut: make(chan struct{})} }

// Dial opens a connection that ends with the wire.
func (w *Wire) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conns == nil {
		_ = conn.Close() // nothing was sent
		return nil, ErrCut
	}
	w.conns[conn] = true
	return conn, nil
}

// Cut ends all connections, for good.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conns == nil {
		return
	}
	for conn := range w.conns {
		_ = conn.Close() // whatever is on its way is lost, as it should be
	}
	w.conns = nil
	close(w.cut)
}

// Done is closed when the wire is cut.
func (w *Wire) Done() <-chan struct{} { return w.cut }
