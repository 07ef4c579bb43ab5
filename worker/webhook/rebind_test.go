package webhook

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/millrace/millrace/domain/task"
)

// These tests resolve names with a DNS of their own, whose answers change as an attacker's do. No packet leaves the
// machine: a connection to a public address is made to a server of the test.

// public is an address that webhooks may be sent to.
var public = netip.MustParseAddr("93.184.215.14")

// private are addresses of every kind that a name must not lead to.
func private() []netip.Addr {
	var out []netip.Addr
	for _, text := range []string{
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254", // metadata of clouds
		"100.64.0.1", "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"::1", "::", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::7f00:1", "fe80::1", "fc00::1", "fd00:ec2::254",
		"fec0::1", "ff02::1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001::1", "2001:db8::1", "100::1",
	} {
		out = append(out, netip.MustParseAddr(text))
	}
	return out
}

// names is a DNS: each query for the addresses of a name takes the name's next answer, the last one for ever.
type names struct {
	mu      sync.Mutex
	answers map[string][][]netip.Addr
	asked   map[string]int
}

func (n *names) next(name string) []netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := n.answers[name]
	if len(all) == 0 {
		return nil
	}
	i := n.asked[name] / 2 // a resolver asks for A and for AAAA
	n.asked[name]++
	return all[min(i, len(all)-1)]
}

func (n *names) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go n.serve(there)
		return here, nil
	}}
}

// serve answers queries as over TCP, each with its length before it.
func (n *names) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		answer := n.answer(query)
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

// answer makes the answer to a query (RFC 1035, section 4): header, question, and a record for each address.
func (n *names) answer(query []byte) []byte {
	const header, typeA, typeAAAA = 12, 1, 28
	var name []byte
	at := header
	for query[at] != 0 {
		name = append(append(name, query[at+1:at+1+int(query[at])]...), '.')
		at += 1 + int(query[at])
	}
	asked := binary.BigEndian.Uint16(query[at+1:])
	var records []byte
	count := uint16(0)
	for _, a := range n.next(string(name)) {
		kind := uint16(typeA)
		if a.Is6() {
			kind = typeAAAA
		}
		if kind != asked {
			continue
		}
		count++
		records = append(records, 0xc0, header) // the name of the question
		records = binary.BigEndian.AppendUint16(records, kind)
		records = append(records, 0, 1, 0, 0, 0, 0) // IN, not to be kept
		records = binary.BigEndian.AppendUint16(records, uint16(a.BitLen()/8))
		records = append(records, a.AsSlice()...)
	}
	out := append(bytes.Clone(query[:2]), 0x81, 0x80, 0, 1)
	out = binary.BigEndian.AppendUint16(out, count)
	out = append(out, 0, 0, 0, 0)
	out = append(out, query[header:at+5]...)
	return append(out, records...)
}

// internet is a network on which every address that a connection may be made to is one server.
type internet struct {
	names  *names
	server *httptest.Server

	mu      sync.Mutex
	dialled []netip.Addr
}

var errPermitted = errors.New("the connection may be made")

func newInternet(t *testing.T, answers map[string][][]netip.Addr, h http.HandlerFunc) *internet {
	t.Helper()
	n := &internet{names: &names{answers: answers, asked: map[string]int{}}, server: httptest.NewServer(h)}
	t.Cleanup(n.server.Close)
	return n
}

// client returns a client whose dialer resolves names here. Connections that its guard permits are made to the server.
func (n *internet) client(t *testing.T, url string) *Client {
	t.Helper()
	c, err := NewClient(ClientConfig{URL: url, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	d := newDialer(c.config)
	d.Resolver = n.names.resolver()
	guard := d.Control
	d.Control = func(network, address string, raw syscall.RawConn) error {
		if err := guard(network, address, raw); err != nil {
			return err
		}
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		n.dialled = append(n.dialled, to.Addr())
		return errPermitted
	}
	c.http = newHTTP(c.config, func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, address)
		if errors.Is(err, errPermitted) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", n.server.Listener.Addr().String())
		}
		return conn, err
	})
	c.http.Transport.(*http.Transport).DisableKeepAlives = true // each call is a connection
	return c
}

func (n *internet) reached() []netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.dialled)
}

func call(t *testing.T, c *Client) (outcome task.Outcome, code string) {
	t.Helper()
	r := (&Handler{c}).Handle(t.Context(), &task.Run{Task: task.Task{ID: "a", Payload: []byte("{}")}, IdempotencyKey: "a"})
	return r.Outcome(), r.Code()
}

// A name that is public when it is looked up first, and private the next time, is refused when the connection is made.
func TestRebindingIsRefusedAtTheConnection(t *testing.T) {
	for _, to := range private() {
		n := newInternet(t, map[string][][]netip.Addr{"hooks.test.": {{public}, {to}}}, func(http.ResponseWriter, *http.Request) {})
		c := n.client(t, "http://hooks.test/")
		if outcome, code := call(t, c); outcome != task.OK {
			t.Fatalf("public: %s %s", outcome, code)
		}
		if outcome, code := call(t, c); outcome != task.Fail || code != CodeAddress {
			t.Errorf("%s: %s %s", to, outcome, code)
		}
		if got := n.reached(); !slices.Equal(got, []netip.Addr{public}) {
			t.Errorf("%s: %v were reached", to, got)
		}
	}
}

// Of an answer with both, the private address is not tried after the public one, in either order.
func TestAnswersWithBothReachThePublicAddressAlone(t *testing.T) {
	for _, to := range private() {
		for _, answer := range [][]netip.Addr{{public, to}, {to, public}} {
			n := newInternet(t, map[string][][]netip.Addr{"hooks.test.": {answer}}, func(http.ResponseWriter, *http.Request) {})
			call(t, n.client(t, "http://hooks.test/"))
			for _, a := range n.reached() {
				if a != public {
					t.Errorf("%v: %s was reached", answer, a)
				}
			}
		}
	}
}

// A public receiver cannot send a call on to the inside, neither by an address nor by a name.
func TestRedirectsToTheInsideAreRefused(t *testing.T) {
	for _, to := range private() {
		for _, status := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
			for _, host := range []string{netip.AddrPortFrom(to, 80).String(), "inside.test"} {
				calls := 0
				n := newInternet(t, map[string][][]netip.Addr{"hooks.test.": {{public}}, "inside.test.": {{to}}},
					func(w http.ResponseWriter, r *http.Request) {
						calls++
						http.Redirect(w, r, "http://"+host+"/latest/meta-data", status)
					})
				outcome, code := call(t, n.client(t, "http://hooks.test/"))
				if outcome != task.Fail || code != CodeAddress || calls != 1 || !slices.Equal(n.reached(), []netip.Addr{public}) {
					t.Errorf("%d to %s (%s): %s %s after %d calls, %v reached", status, host, to, outcome, code, calls, n.reached())
				}
			}
		}
	}
}

// The receiver's own name may change to the inside between the call and its redirect.
func TestARedirectToARebornNameIsRefused(t *testing.T) {
	inside := netip.MustParseAddr("169.254.169.254")
	n := newInternet(t, map[string][][]netip.Addr{"hooks.test.": {{public}, {inside}}}, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://hooks.test/again", http.StatusTemporaryRedirect)
	})
	if outcome, code := call(t, n.client(t, "http://hooks.test/")); outcome != task.Fail || code != CodeAddress || len(n.reached()) != 1 {
		t.Errorf("%s %s, %v reached", outcome, code, n.reached())
	}
}
