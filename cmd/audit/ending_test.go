package audit_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace/millrace/cmd/audit"
	"github.com/millrace/millrace/engine"
	"github.com/millrace/millrace/engine/sum"
)

// closing is a copy of a table that closes while it is walked over, as it does when the process ends.
type closing struct {
	audit.Table
	end context.CancelFunc
}

func (c closing) Walk(int32, func(string, []byte) error) (sum.Sums, error) {
	c.end()
	return sum.Sums{}, engine.ErrView
}

// The copies of the tables end with the audit: what it could not look at any more is no news.
func TestWatchEndsWithoutAWord(t *testing.T) {
	s := newStill(t)
	s.settle()
	ctx, end := context.WithCancel(t.Context())
	defer end()
	var log bytes.Buffer
	c, m := s.config(), audit.NewMetrics(prometheus.NewRegistry())
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	c.Ledgers = closing{s.view(t.Context(), string(s.topology.Ledger.Table())), end}
	c.Users = s.view(t.Context(), string(s.topology.Progress.Table()))
	if err := audit.Watch(ctx, c, m); err != nil {
		t.Error(err)
	}
	if log.Len() > 0 {
		t.Errorf("the log has %s", log.String())
	}
	if state := m.State(); state.Judged || !state.Checked.Equal(time.Time{}) {
		t.Errorf("it says that it looked: %+v", state)
	}
}
