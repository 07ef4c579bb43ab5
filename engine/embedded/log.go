package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kfake"
)

// log hands kfake's lines to slog and remembers what failed to be written: kfake reports that in no other way.
type log struct {
	to *slog.Logger

	mu   sync.Mutex
	last error
}

func (l *log) Logf(level kfake.LogLevel, format string, args ...any) {
	at := slog.LevelError
	switch level {
	case kfake.LogLevelError:
	case kfake.LogLevelWarn: // mostly of transactions that took some milliseconds
		at = slog.LevelInfo
	default: // requests, far too many
		return
	}
	l.remember(format, args)
	l.to.Log(context.Background(), at, "embedded broker", "line", fmt.Sprintf(format, args...))
}

func (l *log) remember(format string, args []any) {
	if !strings.HasPrefix(format, "persist ") && !strings.HasPrefix(format, "save ") {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = fmt.Errorf("%s", fmt.Sprintf(format, args...))
}

func (l *log) lastError() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}
