package audit_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/cmd/audit"
)

// watch runs an audit until end is called, or the test ends.
func watch(t *testing.T, c audit.Config, m *audit.Metrics) (end func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- audit.Watch(ctx, c, m) }()
	end = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	return end
}

// signalling is the clock of an audit, which says on looked that the audit reads it.
func signalling(looked chan<- struct{}, now func() time.Time) func() time.Time {
	return func() time.Time {
		select {
		case looked <- struct{}{}:
		default: // nobody waits
		}
		return now()
	}
}
