package enginetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// ErrCut is what dials get once a wire is cut.
var ErrCut = errors.New("enginetest: the wire is cut")

// Point is a moment on the way between a process and its brokers.
type Point struct {
	// Key is the request; 0 with Call.
	Key kmsg.Key
	// Applied: the broker does what it was asked for, and the answer is lost. Else the request is.
	Applied bool
	// Call is the callback, from 1.
	Call int
	// After is how many such requests of the process go by before.
	After int
}

func (p Point) String() string {
	if p.Call > 0 {
		return fmt.Sprintf("callback-%d", p.Call)
	}
	how := "lost"
	if p.Applied {
		how = "unanswered"
	}
	return fmt.Sprintf("%s-%d-%s", p.Key.Name(), p.After+1, how)
}

// Wire is the way of one process to its brokers, of any make: it knows requests and answers by their frames.
type Wire struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
	cut   chan struct{}
	armed *trap
}

// trap is what waits for a point.
type trap struct {
	Point
	left   int
	spring func(net.Conn)
}

// NewWire returns a wire that holds.
func NewWire() *Wire { return &Wire{conns: map[net.Conn]bool{}, cut: make(chan struct{})} }

// CutAt cuts the wire, for good, at a request.
func (w *Wire) CutAt(p Point) { w.arm(p, func(net.Conn) { w.Cut() }) }

// BreakAt ends the one connection that carries a request; the process may open another. The channel is closed when that
// happens.
func (w *Wire) BreakAt(p Point) <-chan struct{} {
	done := make(chan struct{})
	w.arm(p, func(c net.Conn) {
		_ = c.Close() // whatever is on its way is lost, as it should be
		close(done)
	})
	return done
}

// CallAt calls a function before a request is sent on.
func (w *Wire) CallAt(p Point, do func()) { w.arm(p, func(net.Conn) { do() }) }

func (w *Wire) arm(p Point, spring func(net.Conn)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = &trap{Point: p, left: p.After, spring: spring}
}

// sent returns the trap that a request springs, if any.
func (w *Wire) sent(key int16) *trap {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.armed == nil || int16(w.armed.Key) != key {
		return nil
	}
	if w.armed.left--; w.armed.left >= 0 {
		return nil
	}
	t := w.armed
	w.armed = nil
	return t
}

// Dial opens a connection that ends with the wire.
func (w *Wire) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	raw, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conns == nil {
		_ = raw.Close() // nothing was sent
		return nil, ErrCut
	}
	w.conns[raw] = true
	return &conn{Conn: raw, wire: w}, nil
}

// Cut ends all connections, for good.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conns == nil {
		return
	}
	for c := range w.conns {
		_ = c.Close() // whatever is on its way is lost, as it should be
	}
	w.conns = nil
	close(w.cut)
}

// Done is closed when the wire is cut.
func (w *Wire) Done() <-chan struct{} { return w.cut }

// conn watches requests and answers go by. franz-go writes a request whole; answers are read frame by frame.
type conn struct {
	net.Conn
	wire *Wire
	rest []byte // of a frame, not read yet

	mu     sync.Mutex
	waits  *trap // springs at the answer to:
	answer uint32
}

// A request begins: size (4 bytes), key (2), version (2), correlation id (4). An answer: size (4), correlation id (4).
const requestHead, answerHead = 12, 8

func (c *conn) Write(b []byte) (int, error) {
	if len(b) < requestHead {
		return c.Conn.Write(b)
	}
	if t := c.wire.sent(int16(binary.BigEndian.Uint16(b[4:]))); t != nil {
		if !t.Applied {
			t.spring(c.Conn) // a closed connection refuses the rest
			return c.Conn.Write(b)
		}
		c.mu.Lock()
		c.waits, c.answer = t, binary.BigEndian.Uint32(b[8:])
		c.mu.Unlock()
	}
	return c.Conn.Write(b)
}

func (c *conn) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		if err := c.frame(); err != nil {
			return 0, err
		}
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *conn) frame() error {
	var head [answerHead]byte
	if _, err := io.ReadFull(c.Conn, head[:]); err != nil {
		return err
	}
	frame := make([]byte, 4+binary.BigEndian.Uint32(head[:]))
	copy(frame, head[:])
	if _, err := io.ReadFull(c.Conn, frame[answerHead:]); err != nil {
		return err
	}
	c.mu.Lock()
	t := c.waits
	hit := t != nil && c.answer == binary.BigEndian.Uint32(head[4:])
	if hit {
		c.waits = nil
	}
	c.mu.Unlock()
	if hit { // the answer is lost
		t.spring(c.Conn)
		_, err := c.Conn.Read(head[:]) // what reading from a closed connection says
		return err
	}
	c.rest = frame
	return nil
}
