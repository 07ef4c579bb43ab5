package embedded

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"pgregory.net/rapid"
)

// TestOtherProtocolsAreRefused: what speaks HTTP, TLS or nothing at all to the broker is cut off before memory is taken
// for it, and others are served on.
func TestOtherProtocolsAreRefused(t *testing.T) {
	b := start(t, Config{})
	for name, first := range map[string]string{
		"HTTP": "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "TLS": "\x16\x03\x01\x02\x00\x01", "SSH": "SSH-2.0-x\r\n", "negative": "\xff\xff\xff\xff", "nothing": "\x00\x00\x00\x00",
		"a huge request": "\x06\x40\x00\x01\x00\x00",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c, err := net.Dial("tcp", b.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, first); err != nil {
			t.Fatal(err)
		}
		if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		var timeout net.Error
		if n, err := c.Read(make([]byte, 1)); err == nil || errors.As(err, &timeout) && timeout.Timeout() {
			t.Errorf("%s: read %d, %v: not cut off", name, n, err)
		}
		_ = c.Close() // it is gone
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 8<<20 {
			t.Errorf("%s: took %d MiB", name, took>>20)
		}
	}
	cl := client(t, b)
	defer cl.Close()
	if _, err := kadm.NewClient(cl).CreateTopic(t.Context(), 1, 1, nil, "topic"); err != nil {
		t.Error(err)
	}
}

// TestFollow: sizes are found however the bytes are cut.
func TestFollow(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		sizes := rapid.SliceOfN(rapid.Int32Range(0, 40), 0, 20).Draw(r, "sizes")
		var all []byte
		good := true
		for _, size := range sizes {
			all = binary.BigEndian.AppendUint32(all, uint32(size))
			all = append(all, make([]byte, size)...)
			good = good && size >= minRequestBytes
		}
		var c boundedConn
		got := true
		for len(all) > 0 && got {
			n := rapid.IntRange(1, len(all)).Draw(r, "n")
			got = c.follow(all[:n])
			all = all[n:]
		}
		if got != good {
			r.Fatalf("sizes %v: %v", sizes, got)
		}
	})
}
