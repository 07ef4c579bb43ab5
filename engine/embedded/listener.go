package embedded

import (
	"encoding/binary"
	"errors"
	"net"
)

// maxRequestBytes is the largest request that the broker reads, as Kafka's socket.request.max.bytes (100 MiB). kfake
// allocates the size that the first four bytes announce: those of an HTTP request announce 1.2 GB.
const maxRequestBytes = 100 << 20

// minRequestBytes is what the header of the shortest request takes: key, version, correlation id.
const minRequestBytes = 8

var errRequestSize = errors.New("embedded broker: the first bytes announce no Kafka request: another protocol on this port?")

// bounded is a listener whose connections end at a request that announces an impossible size.
type bounded struct {
	net.Listener
	refused func(from net.Addr)
}

// Accept implements net.Listener.
func (b bounded) Accept() (net.Conn, error) {
	c, err := b.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &boundedConn{Conn: c, refused: b.refused}, nil
}

// boundedConn follows the sizes of requests through the bytes that are read. One goroutine reads.
type boundedConn struct {
	net.Conn
	refused func(from net.Addr)
	header  [4]byte
	have    int // bytes of header
	rest    int // bytes of the current request that are still to come
}

// Read implements net.Conn.
func (c *boundedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if !c.follow(b[:n]) {
		c.refused(c.RemoteAddr())
		return 0, errRequestSize
	}
	return n, err
}

// follow reports whether all requests that begin in b have a size that is possible.
func (c *boundedConn) follow(b []byte) bool {
	for len(b) > 0 {
		if c.rest > 0 {
			n := min(c.rest, len(b))
			c.rest -= n
			b = b[n:]
			continue
		}
		n := copy(c.header[c.have:], b)
		c.have += n
		b = b[n:]
		if c.have < len(c.header) {
			return true
		}
		size := binary.BigEndian.Uint32(c.header[:])
		if size < minRequestBytes || size > maxRequestBytes {
			return false
		}
		c.have, c.rest = 0, int(size)
	}
	return true
}
