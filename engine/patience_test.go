package engine

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
)

// What is asked for in the midst of work outlives a broker that is away; what is asked for at a start tells it at once.
func TestPatience(t *testing.T) {
	away := error(&net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)})
	for _, test := range []struct {
		name  string
		ask   func(context.Context, func() error) error
		err   error
		calls int
	}{
		{"at a start, no broker", patiently, away, 1},
		{"in the midst, no broker", throughOutage, away, 3},
		{"at a start, no leader", patiently, kerr.LeaderNotAvailable, 3},
		{"in the midst, no leader", throughOutage, kerr.LeaderNotAvailable, 3},
		{"at a start, not allowed", patiently, kerr.TopicAuthorizationFailed, 1},
		{"in the midst, not allowed", throughOutage, kerr.TopicAuthorizationFailed, 1},
	} {
		calls := 0
		err := test.ask(t.Context(), func() error {
			if calls++; calls < 3 {
				return test.err
			}
			return nil
		})
		if calls != test.calls || (calls == 1) != errors.Is(err, test.err) {
			t.Errorf("%s: %d calls, %v; want %d calls", test.name, calls, err, test.calls)
		}
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if err := throughOutage(stopped, func() error { return away }); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v, want context.Canceled", err)
	}
}
